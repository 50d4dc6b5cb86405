import warnings

import numpy as np
import pandas as pd
import pytest
from scipy.special import erf
from sklearn.tree import DecisionTreeClassifier

from skspectra._numerics.peaks import crossing, integral, refined_peak
from skspectra.datasets import make_l23_spectra
from skspectra.exceptions import SpectrumWarning
from skspectra.features import WhiteLineFeatures
from skspectra.features._white_lines import Smoother, find_lines
from skspectra.pipeline import make_pipeline

ENERGY = 620 + 0.05 * np.arange(1200)
SIGMA = 1.2


def gaussian(centre, sigma=SIGMA):
    return np.exp(-(((ENERGY - np.atleast_1d(centre)[:, None]) / sigma) ** 2) / 2)


def steps(l3, l2, width=1.0):
    l3, l2 = (np.atleast_1d(line)[:, None] for line in (l3, l2))
    rise = [np.arctan(np.pi * (ENERGY - line) / width) / np.pi + 0.5 for line in (l3, l2)]
    return 2 / 3 * rise[0] + 1 / 3 * rise[1]


def edge(l3=642.0, l2=653.0, heights=(3.0, 1.5), level=0.6, sigma=SIGMA):
    return (
        heights[0] * gaussian(l3, sigma) + heights[1] * gaussian(l2, sigma) + level * steps(l3, l2)
    )


def measure(X, **params):
    features = WhiteLineFeatures(spectral_axis=ENERGY, smoothing=0.3).set_params(**params)
    with warnings.catch_warnings():
        warnings.simplefilter("error", SpectrumWarning)
        return features.set_output(transform="pandas").fit_transform(X)


def test_gaussian_lines_on_steps_are_given_back():
    out = measure(edge(level=0.6)).iloc[0]
    highest = ENERGY[edge()[0].argmax()]  # the steps move it up a little
    assert out.l3_energy == pytest.approx(highest, abs=0.03)
    assert out.l2_energy == pytest.approx(653, abs=0.2)
    assert out.separation == pytest.approx(out.l2_energy - out.l3_energy)
    assert out.l3_height == pytest.approx(3, rel=0.02)
    assert out.l2_height == pytest.approx(1.5, rel=0.02)
    fwhm = np.sqrt(8 * np.log(2)) * SIGMA
    assert out.l3_fwhm == pytest.approx(fwhm, rel=0.02)
    assert out.l2_fwhm == pytest.approx(fwhm, rel=0.02)
    windows = erf(5 / SIGMA / np.sqrt(2)) / erf(4 / SIGMA / np.sqrt(2))
    assert out.area_ratio == pytest.approx(2 * windows, rel=0.02)
    assert out.height_ratio == pytest.approx(2, rel=0.02)
    assert out.white_lines == 1


def test_the_steps_are_what_is_taken_off():
    with_steps, without = measure(edge(level=1.0)).iloc[0], measure(edge(level=0.0)).iloc[0]
    for name in ("area_ratio", "height_ratio", "l3_fwhm", "l2_fwhm"):
        assert with_steps[name] == pytest.approx(without[name], rel=0.03)
    sharp = measure(edge(level=0.6), step_width=0.0).iloc[0]
    assert sharp.area_ratio == pytest.approx(without.area_ratio, rel=0.03)


def test_onsets_of_a_gaussian():
    out = measure(edge(level=0.0)).iloc[0]
    assert out.onset_tenth == pytest.approx(642 - SIGMA * np.sqrt(2 * np.log(10)), abs=0.02)
    assert out.onset_half == pytest.approx(642 - SIGMA * np.sqrt(2 * np.log(2)), abs=0.02)
    assert out.onset_slope == pytest.approx(642 - SIGMA, abs=0.02)


def test_lorentzian_lines():
    lines = [h / (1 + ((ENERGY - e) / 0.8) ** 2) for h, e in ((2.0, 642.0), (1.0, 653.0))]
    out = measure([sum(lines)], pre_edge=(-22, -20), continuum=(25, 26)).iloc[0]
    assert out.l3_fwhm == pytest.approx(1.6, rel=0.03)
    areas = 2 * np.arctan(5 / 0.8) / np.arctan(4 / 0.8)
    assert out.area_ratio == pytest.approx(areas, rel=0.05)


def test_second_derivative_of_lines_of_different_widths():
    """A Gaussian's negative second derivative has the area 2 A exp(-1/2) / sigma."""
    X = 3 * gaussian(642, 1.0) + 1.5 * gaussian(653, 1.5) + 0.5 * steps(642, 653, 8.0)
    out = measure(X).iloc[0]
    assert out.curvature_ratio == pytest.approx(2 * 1.5, rel=0.03)


def test_shape_features_do_not_feel_shift_offset_and_gain():
    shifts = np.array([0.0, -4.0, -1.37, 2.11, 5.0])
    X = edge(642 + shifts, 653 + shifts)
    shape = measure(X, features="shape")
    np.testing.assert_allclose(shape, shape.iloc[[0] * 5], rtol=0.01)
    everything = measure(X)
    for name in ("onset_tenth", "onset_half", "onset_slope", "l3_energy", "l2_energy"):
        np.testing.assert_allclose(everything[name] - everything[name][0], shifts, atol=0.02)
    moved = measure(100 * X + 7, features="shape")
    moved[["l3_height", "l2_height"]] /= 100
    np.testing.assert_allclose(moved, shape, rtol=1e-9)


def test_l2_above_l3_is_still_l2():
    out = measure(edge(heights=(1.0, 2.0), level=0.1)).iloc[0]
    assert out.l3_energy == pytest.approx(642, abs=0.1)
    assert out.height_ratio == pytest.approx(0.5, rel=0.02)


def test_noise_moves_features_little():
    rng = np.random.default_rng(0)
    X = edge() + 0.1 * rng.normal(size=(200, ENERGY.size))
    out, clean = measure(X, smoothing=1.0), measure(edge(), smoothing=1.0).iloc[0]
    spread = {"l3_energy": 0.1, "onset_half": 0.05, "l3_fwhm": 0.1, "area_ratio": 0.06}
    for name, allowed in spread.items():
        assert out[name].std() < allowed
        assert out[name].mean() == pytest.approx(clean[name], abs=allowed)


def test_one_bright_channel_does_not_move_l3():
    X = np.repeat(edge(), 2, axis=0)
    X[1, 480] += 0.9  # at 644 eV, 2 eV above L3 where the spectrum has lost a third
    clean, spike = measure(X, smoothing=1.0).l3_energy
    assert spike == pytest.approx(clean, abs=0.2)


def test_spectra_without_white_lines_are_flagged_once_and_become_zeros():
    rng = np.random.default_rng(0)
    flat, step = np.full_like(ENERGY, 3.0), 5 * steps(642, 653)[0]
    X = np.array([flat, edge()[0], step, rng.normal(size=ENERGY.size), -edge()[0], 0 * flat])
    features = WhiteLineFeatures(spectral_axis=ENERGY)
    with pytest.warns(SpectrumWarning, match="5 of 6 spectra show no white lines") as record:
        out = features.fit_transform(X)
    assert len(record) == 1
    np.testing.assert_array_equal(out[:, -1], [0, 1, 0, 0, 0, 0])
    assert not out[[0, 2, 3, 4, 5]].any()
    assert np.isfinite(out).all()


def test_a_line_without_its_partner_is_flagged():
    X = gaussian(642) - 0.3 * gaussian(653, 4.0)
    with pytest.warns(SpectrumWarning, match="1 of 1"):
        features = WhiteLineFeatures(window=(638, 670), spectral_axis=ENERGY)
        assert not features.fit_transform(X).any()


def test_a_width_ends_at_the_valley_between_the_lines():
    X = gaussian(642, 3.2) + 0.9 * gaussian(651, 3.2)
    out = measure(X, pre_edge=(-22, -20), continuum=(25, 26)).iloc[0]
    valley = ENERGY[440:620][X[0, 440:620].argmin()]
    assert out.l3_fwhm == pytest.approx(valley - out.onset_half, abs=0.05)


def test_noisy_steps_are_not_taken_for_lines():
    rng = np.random.default_rng(1)
    X = 5 * steps(642, 653) + 0.5 * rng.normal(size=(200, ENERGY.size))
    with pytest.warns(SpectrumWarning):
        out = WhiteLineFeatures(spectral_axis=ENERGY).fit_transform(X)
    assert not out.any()


def test_oxygen_distance_and_windows():
    energy = 520 + 0.1 * np.arange(1500)
    oxygen, l3, l2 = (np.exp(-((energy - e) ** 2) / 2) for e in (532.0, 642.0, 653.0))
    X = [9 * oxygen + 7 * np.exp(-((energy - 545) ** 2) / 2) + 3 * l3 + l2]
    params = {"spectral_axis": energy, "continuum": (5, 10)}
    out = measure(X, oxygen_window=(525, 560), **params).iloc[0]
    assert out.oxygen_distance == pytest.approx(110, abs=0.02)
    assert out.l3_energy == pytest.approx(642, abs=0.02)
    assert "oxygen_distance" not in measure(X, window=(620, 669), **params)
    misled = measure(X, **params).iloc[0]
    assert misled.l3_energy == pytest.approx(532, abs=0.1)


def test_a_spectrum_does_not_depend_on_its_neighbours(monkeypatch):
    X = np.concatenate([edge(642 + k / 3, 653.0, (3, 1 + k / 5)) for k in range(5)])
    features = WhiteLineFeatures(spectral_axis=ENERGY).fit(X)
    together = features.transform(X)
    monkeypatch.setattr("skspectra._numerics.blocks._BLOCK_BYTES", 2 * 8 * ENERGY.size)
    np.testing.assert_allclose(features.transform(X), together, rtol=1e-12)
    assert features.transform(X.astype(np.float32)).dtype == np.float32


def test_one_tree_on_the_features_reads_any_calibration():
    rng = np.random.default_rng(0)
    y = np.repeat(["Mn2+", "Mn3+", "Mn4+"], 40)
    shift = rng.uniform(-5, 5, y.size)
    ratio = np.repeat([0.25, 0.4, 0.6], 40)[:, None]
    X = gaussian(642 + shift) + ratio * gaussian(653 + shift) + 0.1 * steps(642 + shift, 653)
    X += 0.02 * rng.normal(size=X.shape)
    wizard = make_pipeline(
        WhiteLineFeatures(features="shape", spectral_axis=ENERGY),
        DecisionTreeClassifier(max_depth=2, random_state=0),
    )
    assert wizard.fit(X[::2], y[::2]).score(X[1::2], y[1::2]) > 0.95


def test_a_frame_brings_its_axis_and_names_come_out():
    features = WhiteLineFeatures().fit(pd.DataFrame(edge(), columns=ENERGY.round(2)))
    np.testing.assert_allclose(features.spectral_axis_, ENERGY)
    names = features.get_feature_names_out()
    assert names[[0, 3, -1]].tolist() == ["onset_tenth", "l3_energy", "white_lines"]
    assert names.size == 14


@pytest.mark.parametrize(
    ("params", "message"),
    [
        (
            {"spectral_axis": np.geomspace(600, 700, 1200)},
            "uniform spectral axis.*SpectralResampler",
        ),
        ({"separation": (15, 8)}, "separation must be a pair"),
        ({"separation": (70, 80)}, "L2 is looked for 70 to 80 above L3.*separation="),
        ({"separation": (0, 8)}, "above 0"),
        ({"window": (640, 645)}, "L2 is looked for 8 to 15 above L3"),
        ({"window": (600, 645)}, "window .600, 645. lies outside"),
        ({"oxygen_window": (530, 540)}, "oxygen_window .530, 540. lies outside"),
        ({"l3_window": (1, "a")}, "l3_window must be a pair"),
        ({"smoothing": 0}, "'smoothing' parameter"),
    ],
)
def test_bad_parameters(params, message):
    with pytest.raises(ValueError, match=message):
        WhiteLineFeatures(spectral_axis=ENERGY).set_params(**params).fit(edge())


def test_lines_are_the_best_of_all_pairs():
    X = np.random.default_rng(0).normal(size=(50, 40))
    l3, l2 = find_lines(X, (5, 11))
    pairs = [(a, b) for a in range(35) for b in range(a + 5, min(a + 12, 40))]
    sums = np.stack([X[:, a] + X[:, b] for a, b in pairs])
    best = np.array(pairs)[sums.argmax(axis=0)]
    np.testing.assert_array_equal(np.transpose([l3, l2]), best)


@pytest.mark.parametrize("step", [0.05, 0.3, 0.5, 1.0])
@pytest.mark.parametrize("signal", [0, 1])
def test_noise_that_smoothing_leaves(step, signal):
    energy = np.arange(620, 680, step)
    lines = 20 * np.exp(-(((energy - 642) / 2) ** 2)) + 10 * np.exp(-(((energy - 653) / 2) ** 2))
    X = np.random.default_rng(0).normal(size=(300, energy.size))
    smoother = Smoother(energy, 1.0)
    noise = smoother.noise(X + signal * lines)
    np.testing.assert_allclose(noise.mean(), smoother(X).std(), rtol=0.05 + 0.2 * signal)


@pytest.mark.parametrize("step", [0.1, 0.3, 0.5, 1.0, 2.0])
def test_pure_noise_has_no_white_lines_at_any_dispersion(step):
    energy = np.arange(620, 680, step)
    noise = np.random.default_rng(0).poisson(200, (500, energy.size)) - 200.0
    with pytest.warns(SpectrumWarning, match="of 500 spectra show no white lines"):
        out = WhiteLineFeatures(spectral_axis=energy).fit_transform(noise)
    assert out[:, -1].mean() < 0.02


@pytest.mark.parametrize("step", [0.1, 1.0])
@pytest.mark.parametrize(("thickness", "error"), [(0.0, 0.0), (0.5, 0.15), (1.0, 0.3)])
def test_thick_spectra_have_white_lines(step, thickness, error):
    """The plasmon of L3 lies where the continuum after L2 is looked for."""
    energy = np.arange(620, 685, step)
    spectra, thin = (
        make_l23_spectra(
            20,
            spectral_axis=energy,
            shift=0,
            stretch=0,
            thickness=t,
            resolution=1.0,
            residual_background=0,
            dose=1e5,
            n_points=20,
            random_state=0,
        )
        for t in (thickness, 0.0)
    )
    out, expected = (measure(s.data, spectral_axis=energy, smoothing=1.0) for s in (spectra, thin))
    assert (out.white_lines == 1).all()
    for name in ("Mn2+", "Mn3+", "Mn4+"):
        rows = spectra.target == name
        ratio = out.area_ratio[rows].median() / expected.area_ratio[rows].median()
        assert abs(ratio - 1) <= error


def test_crossing_by_hand():
    values = np.array([[0.0, 1.0, 3.0, 2.0, 4.0, 1.0, 0.0]])

    def walk(level, start, stop):
        return crossing(values, np.array([level]), np.array([start]), np.array([stop]))[0]

    assert walk(2.5, 4, 6) == pytest.approx(4.5)
    assert walk(0.5, 4, 0) == pytest.approx(0.5)
    assert walk(2.5, 4, 0) == pytest.approx(3.25)
    assert walk(-1.0, 4, 6) == 6
    assert walk(-1.0, 4, 0) == 0


def test_peak_and_integral_of_a_parabola():
    axis = np.linspace(0, 1, 101)
    values = 1 - (axis - 0.4233) ** 2
    position, height = refined_peak(values[None], np.array([42]))
    assert position[0] == pytest.approx(42.33)
    assert height[0] == pytest.approx(1)
    area = integral(values[None], axis, np.array([0.25]), np.array([0.755]))
    exact = 0.505 - ((0.755 - 0.4233) ** 3 - (0.25 - 0.4233) ** 3) / 3
    assert area[0] == pytest.approx(exact, abs=1e-4)
    assert integral(values[None], axis, np.array([-5.0]), np.array([0.0]))[0] == 0


@pytest.mark.real_data
def test_published_spectra_fall_in_order_of_their_valence(real_data):
    """The white-line ratio and the distance of the lines fall from Mn2+ to Mn4+."""
    table = pd.read_csv(real_data / "mn_l23_literature.csv")
    table = table[
        table.source.str.contains("figures") & table.valence.isin(["Mn2+", "Mn3+", "Mn4+"])
    ]
    axis = np.arange(636, 664, 0.1)
    X = [np.interp(axis, s.energy_eV, s.intensity) for _, s in table.groupby("spectrum")]
    valence = table.groupby("spectrum").valence.first().to_numpy()
    features = measure(X, spectral_axis=axis, smoothing=1.0).groupby(valence)
    for name in ("area_ratio", "height_ratio", "separation"):
        lowest, highest = features[name].min(), features[name].max()
        assert lowest["Mn2+"] > highest["Mn3+"]
        assert lowest["Mn3+"] > highest["Mn4+"]
