import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import curve_fit, minimize

from skspectra.exceptions import SpectrumWarning
from skspectra.preprocessing import PowerLawBackground

ENERGY = 200.0 + np.arange(700)
WINDOW = (348, 398)
INSIDE = (ENERGY >= 348) & (ENERGY < 398)
REFERENCE = np.exp(np.log(ENERGY[INSIDE]).mean())


def power_laws(amplitude, exponent):
    ratio = ENERGY / REFERENCE
    return np.atleast_1d(amplitude)[:, None] * ratio ** -np.atleast_1d(exponent)[:, None]


def make(loss="poisson", window=WINDOW, **params):
    return PowerLawBackground(window, spectral_axis=ENERGY, loss=loss, **params)


both_losses = pytest.mark.parametrize("loss", ["poisson", "least_squares"])


@both_losses
@given(
    amplitude=st.floats(1e-6, 1e9), exponent=st.floats(0.001, 7.999), edge=st.sampled_from([0, 7])
)
@settings(max_examples=40, deadline=None)
def test_noiseless_power_law_is_exact(loss, amplitude, exponent, edge):
    background = power_laws(amplitude, exponent)
    X = background + edge * amplitude * (ENERGY >= 400)
    model = make(loss).fit(X)
    np.testing.assert_allclose(model.background(X), background, rtol=1e-8)
    parameters = model.parameters(X)
    np.testing.assert_allclose(parameters.amplitude, amplitude, rtol=1e-9)
    np.testing.assert_allclose(parameters.exponent, exponent, atol=1e-9)
    assert parameters.flag.tolist() == [0]
    np.testing.assert_allclose(model.transform(X), X - background, atol=1e-7 * X.max())


def counts(n=200, level=20, seed=0):
    rng = np.random.default_rng(seed)
    return rng.poisson(power_laws(np.full(n, level), rng.uniform(2, 4, n))).astype(float)


def test_poisson_fit_is_the_maximum_of_the_likelihood():
    X = counts(20)
    fitted = make().fit(X).parameters(X)
    log_ratio = np.log(ENERGY[INSIDE] / REFERENCE)

    def negative_log_likelihood(p, y):
        expected = np.exp(p[0] - p[1] * log_ratio)
        return (expected - y * np.log(expected)).sum()

    for i, y in enumerate(X[:, INSIDE]):
        best = minimize(
            negative_log_likelihood, [np.log(20), 3], args=(y,), bounds=[(0, 9), (0, 8)]
        )
        np.testing.assert_allclose(fitted.amplitude[i], np.exp(best.x[0]), rtol=1e-4)
        np.testing.assert_allclose(fitted.exponent[i], best.x[1], atol=2e-3)


def test_least_squares_and_its_errors_are_those_of_curve_fit():
    X = counts(20)
    fitted = make("least_squares").fit(X).parameters(X)
    assert (fitted.flag == 0).all()
    for i, y in enumerate(X[:, INSIDE]):
        best, covariance = curve_fit(
            lambda e, a, r: a * (e / REFERENCE) ** -r, ENERGY[INSIDE], y, p0=(20, 3), xtol=1e-13
        )
        ours = [v[i] for v in fitted[:4]]
        np.testing.assert_allclose(ours, [*best, *np.sqrt(np.diag(covariance))], rtol=1e-4)


@both_losses
def test_standard_errors_predict_the_spread(loss):
    X = np.random.default_rng(1).poisson(power_laws(np.full(4000, 200.0), 3.0))
    fitted = make(loss).fit(X).parameters(X)
    np.testing.assert_allclose(fitted.amplitude.std(), fitted.amplitude_error.mean(), rtol=0.05)
    np.testing.assert_allclose(fitted.exponent.std(), fitted.exponent_error.mean(), rtol=0.05)
    # the Cramer-Rao bound of the model, from the Fisher information of the true parameters
    mean, log_ratio = power_laws(200.0, 3.0)[0, INSIDE], np.log(ENERGY[INSIDE] / REFERENCE)
    gradient = np.stack([np.full(50, 1 / 200.0), -log_ratio])
    bound = np.sqrt(np.diag(np.linalg.inv((gradient * mean) @ gradient.T)))
    np.testing.assert_allclose(fitted.exponent.std(), bound[1], rtol=0.05)


@both_losses
def test_spectra_without_counts_get_no_background_and_one_warning(loss):
    X = np.concatenate([np.zeros((2, 700)), counts(3), -counts(1)])
    model = make(loss).fit(X)
    with pytest.warns(SpectrumWarning, match="3 of 6 spectra have no counts") as record:
        out = model.transform(X)
    assert len(record) == 1
    np.testing.assert_array_equal(out[[0, 1, 5]], X[[0, 1, 5]])
    with pytest.warns(SpectrumWarning):
        parameters = model.parameters(X)
    assert parameters.flag.tolist() == [2, 2, 0, 0, 0, 2]
    assert all(np.isfinite(v).all() for v in (parameters.amplitude, parameters.exponent))
    assert np.isinf(parameters.exponent_error[[0, 1, 5]]).all()


def test_two_channels_leave_nothing_to_estimate_errors_of_least_squares_from():
    X = power_laws([10.0, 20.0], [2.0, 3.0])
    model = make("least_squares").set_params(window=(350, 352))
    parameters = model.fit(X).parameters(X)
    np.testing.assert_allclose(parameters.exponent, [2, 3])
    assert np.isinf([parameters.amplitude_error, parameters.exponent_error]).all()


@both_losses
def test_exponent_stops_at_its_bounds_and_says_so(loss):
    X = power_laws([10.0, 10.0, 10.0], [-2.0, 3.0, 12.0])
    model = make(loss, exponent_bounds=(1, 6)).fit(X)
    told = pytest.warns(SpectrumWarning, match="2 of 3 spectra have a .* held at a bound")
    with told as record:
        parameters = model.parameters(X)
    np.testing.assert_allclose(parameters.exponent, [1, 3, 6], atol=1e-9)
    assert parameters.flag.tolist() == [1, 0, 1]
    with told as record:
        background = model.background(X)
    assert len(record) == 1
    if loss == "poisson":  # the amplitude is fitted again at the bound: counts are conserved
        np.testing.assert_allclose(background[:, INSIDE].sum(axis=1), X[:, INSIDE].sum(axis=1))
    with told:
        model.transform(X)


@both_losses
@pytest.mark.parametrize("gain", [1, 5])
def test_edge_in_the_window_is_told_and_noise_is_not(loss, gain):
    X = gain * counts(3000, level=2000, seed=3)
    X[:20, ENERGY >= 370] += gain * 600
    X[20:40, ENERGY >= 380] += gain * 1000
    model = make(loss, window=(298, 398)).fit(X)
    with pytest.warns(SpectrumWarning, match="40 of 3000 spectra are no power law in") as record:
        model.transform(X)
    assert len(record) == 1
    with pytest.warns(SpectrumWarning):
        flags = model.parameters(X).flag
    np.testing.assert_array_equal(flags, np.where(np.arange(3000) < 40, 3, 0))


def test_interpolated_noise_is_no_edge():
    coarse = counts(2000, level=500)[:, ::5]
    X = np.stack([np.interp(ENERGY, ENERGY[::5], row) for row in coarse])
    flags = make(window=(248, 398)).fit(X).parameters(X).flag
    assert not flags.any()


def test_smooth_deviation_of_a_real_background_is_no_edge():
    X = 1e6 * power_laws(1, 3) * (1 + 3 * np.log(ENERGY / REFERENCE) ** 2)  # up to 1.4 % off
    assert make().fit(X).parameters(X).flag.tolist() == [0]


def edge_at(onset, n=50, level=400):
    rise = np.where(ENERGY >= onset, 1.0, 0)
    white_lines = sum(
        h * np.exp(-(((ENERGY - onset - d) / 1.5) ** 2)) for h, d in ((9, 2), (5, 13))
    )
    return np.random.default_rng(4).poisson(
        np.repeat(power_laws(level, 3) + level / 2 * (rise + white_lines), n, axis=0)
    )


@pytest.mark.parametrize("onset", [400, 532, 640])
def test_auto_window_ends_before_the_edge_and_leaves_its_counts(onset):
    X = edge_at(onset)
    model = PowerLawBackground("auto", spectral_axis=ENERGY).fit(X)
    start, stop = model.window_
    assert 0.975 * onset < stop < 0.99 * onset
    assert start == pytest.approx(stop / 0.98 * 0.9)
    left = X - model.background(X) * (ENERGY < onset)
    assert abs(left[:, (ENERGY > start) & (ENERGY < onset - 2)].mean()) < 0.5  # of 400
    one = PowerLawBackground(model.window_, spectral_axis=ENERGY).fit(X[:1])
    np.testing.assert_array_equal(one.transform(X[:1]), model.transform(X[:1]))


def test_auto_window_wants_an_edge():
    with pytest.raises(ValueError, match="No edge stands out between 200 and 899"):
        PowerLawBackground("auto", spectral_axis=ENERGY).fit(counts(50))
    with pytest.raises(ValueError, match="No edge stands out"):
        PowerLawBackground("auto", spectral_axis=ENERGY).fit(-counts(50))
    with pytest.raises(ValueError, match="No edge stands out"):
        PowerLawBackground("auto", spectral_axis=ENERGY[:5]).fit(counts(50)[:, :5])


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("name", "stop"),  # before Mn L3 (7 eV low), Ti L3 and Cu L3 (8 eV a channel)
    [("lsmo_linescan.hspy", 620), ("sto_core_loss.dm3", 444), ("cuzn_spectrum_image.hspy", 929)],
)
def test_auto_window_on_real_files(real_data, name, stop):
    from skspectra.io import read_signal, to_matrix

    X, energy, _ = to_matrix(read_signal(real_data / name))
    model = PowerLawBackground("auto", spectral_axis=energy).fit(X)
    assert abs(model.window_[1] - stop) < 5


def test_negative_values_are_not_clipped():
    rng = np.random.default_rng(2)
    X = counts(3000, level=2) + rng.normal(0, 3, (3000, 700))
    assert (X < 0).mean() > 0.1
    with pytest.warns(SpectrumWarning, match="held at a bound"):  # 3 standard deviations of noise
        amplitude = make().fit(X).parameters(X).amplitude
    np.testing.assert_allclose(amplitude.mean(), 2, rtol=0.02)


def test_several_windows_use_the_channels_of_all():
    X = power_laws(100.0, 3.0)
    X[:, (ENERGY >= 300) & (ENERGY < 340)] += 50
    one = PowerLawBackground((250, 398), spectral_axis=ENERGY).fit(X)
    two = PowerLawBackground([(250, 300), (340, 398)], spectral_axis=ENERGY).fit(X)
    with pytest.warns(SpectrumWarning, match="1 of 1 spectra are no power law"):
        assert abs(one.parameters(X).exponent[0] - 3) > 0.01
    np.testing.assert_allclose(two.parameters(X).exponent, 3)


def test_dtypes_and_copy():
    X = counts(5)
    model = make().fit(X)
    expected = model.transform(X)
    assert model.transform(X.astype(np.float32)).dtype == np.float32
    np.testing.assert_allclose(model.transform(X.astype(np.float32)), expected, atol=1e-3)
    np.testing.assert_array_equal(model.transform(X.astype(np.uint16)), expected)
    untouched = X.copy()
    model.transform(X)
    np.testing.assert_array_equal(X, untouched)
    out = model.set_params(copy=False).transform(X)
    assert np.shares_memory(out, X)
    np.testing.assert_array_equal(out, expected)


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_result_does_not_depend_on_chunks_and_threads(monkeypatch, n_jobs):
    X = counts(50)
    X[20] = 0
    with pytest.warns(SpectrumWarning):
        whole = make().fit_transform(X)
    monkeypatch.setattr("skspectra.preprocessing._power_law._CHUNK_BYTES", 8 * 700 * 7)
    model = make(n_jobs=n_jobs).fit(X)
    with pytest.warns(SpectrumWarning, match="1 of 50"):
        np.testing.assert_allclose(model.transform(X), whole, rtol=1e-12, atol=1e-12)
    with pytest.warns(SpectrumWarning, match="1 of 50"):
        np.testing.assert_array_equal(np.flatnonzero(model.parameters(X).flag), [20])
    with pytest.warns(SpectrumWarning, match="1 of 50"):
        np.testing.assert_allclose(X - model.background(X), whole, rtol=1e-12, atol=1e-12)


@both_losses
@pytest.mark.parametrize("window", [WINDOW, (200, 900)])
def test_memory_beyond_input_and_output_stays_below_64_mib(loss, window):
    X = np.repeat(power_laws(20, 3).astype(np.float32), 30_000, axis=0)
    model = make(loss).set_params(window=window).fit(X[:2])
    tracemalloc.start()
    out = model.transform(X)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak - out.nbytes < 64 * 2**20


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"spectral_axis": None}, "needs a positive spectral axis, got one from 0 to 699"),
        ({"spectral_axis": ENERGY[:-1]}, "699 values"),
        ({"window": (900, 950)}, "lies outside the spectral axis"),
        ({"window": (348, 348.5)}, "at least two channels"),
        ({"exponent_bounds": (8, 0)}, "exponent_bounds must be a pair"),
        ({"exponent_bounds": (0, np.inf)}, "exponent_bounds must be a pair .*, finite"),
        ({"exponent_bounds": (0, np.nan)}, "exponent_bounds must be a pair"),
        ({"exponent_bounds": ("0", 8)}, "exponent_bounds must be a pair"),
    ],
)
def test_bad_parameters(params, message):
    with pytest.raises(ValueError, match=message):
        make().set_params(**params).fit(counts(2))


def test_bad_spectra():
    model = make().fit(counts(2))
    with pytest.raises(ValueError, match="700 features"):
        model.transform(counts(2)[:, :600])
    X = counts(2)
    X[0, 0] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        model.transform(X)
    with pytest.raises(ValueError, match="strings"):
        model.transform([["many"] * 700])
