import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from skspectra.imaging import PhaseSegmenter
from skspectra.io._hyperspy import import_hyperspy

ENERGY = np.arange(600, 700, 0.5)
BACKGROUND = 20 * (ENERGY / 640) ** -3


def line(at, height=8.0):
    return height * np.exp(-(((ENERGY - at) / 2.5) ** 2)) + height / 4 * (at - 2 < ENERGY)


def stripes(seed=0, level=1.0, shape=(24, 40)):
    """Counts of a hole, a support, and two phases 4 eV apart, in stripes; and which is where."""
    column = np.arange(shape[1]) * 8 // shape[1]
    truth = np.tile(np.array([-2, -1, 0, 0, 0, 1, 1, -1])[column], (shape[0], 1))
    spectra = {-2: 0.02 * BACKGROUND, -1: BACKGROUND}
    spectra |= {0: BACKGROUND + line(640), 1: 0.8 * (BACKGROUND + line(644))}
    expected = np.stack([spectra[name] for name in truth.ravel()]).reshape(*shape, -1)
    return np.random.default_rng(seed).poisson(level * expected), truth


def segmented(image, **params):
    return PhaseSegmenter(**{"spectral_axis": ENERGY, "random_state": 0} | params).fit(image)


@pytest.mark.parametrize("seed", range(3))
def test_phases_are_found_and_what_has_no_edge_is_left_out(seed):
    image, truth = stripes(seed)
    segmenter = segmented(image)
    valence = [np.round(truth[segmenter.labels_ == k].mean()) for k in range(segmenter.n_phases_)]
    assert np.mean(np.array([*valence, -1])[segmenter.labels_] == truth.clip(-1)) > 0.98
    assert 630 < segmenter.onset_ < 641
    assert segmenter.separation_[0, 1] > 1
    for number, spectrum in enumerate(segmenter.phase_spectra_):
        np.testing.assert_allclose(spectrum, image[segmenter.labels_ == number].sum(axis=0))


def test_a_thin_layer_between_phases_that_are_more_different_is_found():
    expected = np.empty((40, 60, ENERGY.size))
    expected[:, :20], expected[:, 24:] = BACKGROUND + line(640), BACKGROUND + line(644)
    expected[:, 20:24] = BACKGROUND + (line(640) + 3 * line(644)) / 4
    truth = np.digitize(np.arange(60), [20, 24])
    right = []
    for seed in range(3):
        segmenter = segmented(np.random.default_rng(seed).poisson(0.5 * expected))
        assert segmenter.n_phases_ == 3
        layer = segmenter.labels_ == segmenter.labels_[:, 22].max()
        right.append(np.mean(layer == (truth == 1)))
    assert np.mean(right) > 0.95


def test_an_image_of_one_spectrum_is_one_phase():
    expected = np.broadcast_to(BACKGROUND + line(640), (24, 24, ENERGY.size))
    found = [
        segmented(np.random.default_rng(seed).poisson(expected)).n_phases_ for seed in range(10)
    ]
    assert found == [1] * 10


def test_a_gradient_has_as_many_steps_as_the_counts_can_tell():
    share = np.linspace(0, 1, 48)[:, None]
    expected = BACKGROUND + (1 - share) * line(640) + share * line(644)
    n_phases = []
    for level in (1, 100):
        image = np.random.default_rng(0).poisson(np.tile(level * expected, (16, 1, 1)))
        segmenter = segmented(image)
        n_phases.append(segmenter.n_phases_)
        means = [np.mean(np.nonzero(segmenter.labels_ == k)[1]) for k in range(n_phases[-1])]
        order = np.argsort(means)
        assert (
            adjusted_rand_score(order[segmenter.labels_[0]], np.arange(48) * len(order) // 48) > 0
        )
    assert 2 <= n_phases[0] < n_phases[1]


@pytest.mark.parametrize("level", [1, 30])
def test_values_are_interpolated_along_a_gradient(level):
    truth = np.linspace(0, 1, 60)
    expected = BACKGROUND + (1 - truth[:, None]) * line(640) + truth[:, None] * line(644)
    image = np.random.default_rng(0).poisson(np.tile(level * expected, (30, 1, 1)))
    segmenter = segmented(image)
    truth = np.tile(truth, (30, 1))
    values = [truth[segmenter.labels_ == k].mean() for k in range(segmenter.n_phases_)]
    value, uncertainty = segmenter.interpolate(values)
    step_error = np.abs(np.array(values)[segmenter.labels_] - truth)
    assert segmenter.grades_.any()
    assert np.abs(value - truth).mean() < 0.75 * step_error.mean()
    assert np.mean(step_error < 2 * uncertainty) > 0.6


def test_values_of_phases_with_a_sharp_boundary_stay_as_they_are():
    image, _ = stripes(level=10)
    segmenter = segmented(image)
    value, uncertainty = segmenter.interpolate([3, 4])
    assert not segmenter.grades_.any()
    np.testing.assert_array_equal(value, np.array([3, 4, np.nan])[segmenter.labels_])
    np.testing.assert_array_equal(np.unique(uncertainty), [0, np.nan])
    with pytest.raises(ValueError, match=r"values must have shape \(2,\).*got \(3,\)"):
        segmenter.interpolate([3, 4, 5])


def test_data_of_another_gain_are_divided_by_it():
    image, truth = stripes()
    known = segmented(5 * image, gain=5)
    found = segmented(5 * image)
    assert found.gain_ == pytest.approx(5, rel=0.05)
    assert found.gain_ > 0.9 * found.channel_gain_
    assert known.phase_spectra_.sum() == pytest.approx(image[truth >= 0].sum(), rel=0.02)
    np.testing.assert_array_equal(known.labels_, segmented(image, gain=1).labels_)
    assert np.mean(found.labels_ == truth.clip(-1)) > 0.97


def test_noise_that_is_correlated_along_the_axis_splits_nothing():
    expected = np.broadcast_to(BACKGROUND + line(640), (24, 24, ENERGY.size // 2 * 2))
    counts = np.random.default_rng(0).poisson(expected[..., ::2] * 2)
    finer = np.repeat(counts, 2, axis=-1).astype(float)
    segmenter = segmented(finer)
    assert segmenter.channel_gain_ < 0.8 * segmenter.gain_
    assert segmenter.n_phases_ == 1


def test_images_rows_and_signals_are_the_same():
    image, _ = stripes()
    labels = segmented(image).labels_
    rows = image.reshape(-1, ENERGY.size)
    by_rows = PhaseSegmenter(spectral_axis=ENERGY, random_state=0).fit(rows, shape=(24, 40))
    np.testing.assert_array_equal(by_rows.labels_, labels)
    signal = import_hyperspy().signals.Signal1D(image)
    signal.axes_manager[-1].offset, signal.axes_manager[-1].scale = 600, 0.5
    for each in (signal, signal.as_lazy()):
        segmenter = PhaseSegmenter(random_state=0).fit(each)
        np.testing.assert_array_equal(segmenter.labels_, labels)
        np.testing.assert_allclose(segmenter.spectral_axis_, ENERGY)


def test_line_scans_and_stacks():
    image, truth = stripes(level=3)
    segmenter = segmented(image.reshape(-1, 40, ENERGY.size).sum(axis=0))
    assert segmenter.labels_.shape == (40,)
    np.testing.assert_array_equal(segmenter.labels_[10:], truth[0, 10:].clip(-1))
    stack = segmented(np.stack([image, stripes(seed=1, level=3)[0]]))
    assert np.mean(stack.labels_[0] == truth.clip(-1)) > 0.98


def test_channel_numbers_and_images_without_an_edge_mask_nothing():
    image, truth = stripes()
    segmenter = PhaseSegmenter(random_state=0).fit(image)
    assert segmenter.onset_ is None and (segmenter.labels_ >= 0).all()
    support = segmented(np.random.default_rng(0).poisson(np.tile(BACKGROUND, (20, 20, 1))))
    assert support.onset_ is None and support.n_phases_ == 1


def test_pixels_that_were_not_recorded_are_left_out():
    image, truth = stripes()
    image = image.astype(float)
    image[3, 20:22, 5] = np.nan
    image[4, 20] = 0
    segmenter = segmented(image)
    assert (segmenter.labels_[[3, 3, 4], [20, 21, 20]] == -1).all()
    assert np.isfinite(segmenter.phase_spectra_).all()
    assert np.mean(segmenter.labels_ == truth.clip(-1)) > 0.97


def test_bad_input():
    image, _ = stripes()
    with pytest.raises(ValueError, match="Negative values.*before the background is subtracted"):
        segmented(image - 5)
    with pytest.raises(ValueError, match=r"shape \(3, 3\) does not fit 960 rows"):
        PhaseSegmenter().fit(image.reshape(960, -1), shape=(3, 3))
