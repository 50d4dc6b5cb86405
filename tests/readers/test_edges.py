import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d

from skspectra.readers._counting import count_again, saturated
from skspectra.readers._edges import (
    aligned_axis,
    extract_edges,
    possible_shifts,
    search_axis,
    smooth_by_noise,
)

PLACE = {"energy": 640.0, "window": (-7.0, 17.0), "max_shift": 12.0}
AXIS = np.arange(590.0, 680.0, 0.1)


def lines(energies, shift=0.0):
    e = energies - 640 - np.atleast_1d(shift)[:, None]
    l3 = np.exp(-((e / 1.2) ** 2))
    return l3 + 0.4 * np.exp(-(((e - 11) / 1.5) ** 2)) + 0.1 / (1 + np.exp(-(e - 2)))


TEMPLATES = lines(640 + aligned_axis(PLACE["window"]))


@pytest.mark.parametrize("background", [0, 1, 20])
def test_edges_are_found_where_they_are_and_their_background_is_removed(background):
    shifts = np.linspace(-11, 11, 23)
    X = lines(AXIS, shifts) + background * (AXIS / 640) ** -3.4
    edges = extract_edges(7 * X, AXIS, TEMPLATES, **PLACE)
    assert np.ptp(edges.position - shifts) < 0.1
    bare = extract_edges(lines(AXIS), AXIS, TEMPLATES, **PLACE)
    np.testing.assert_allclose(edges.spectra, np.tile(bare.spectra, (23, 1)), atol=0.05)
    assert edges.strength.min() > 15
    assert edges.noise.max() < 1e-3


def test_few_counts_move_edges_little():
    rng = np.random.default_rng(0)
    shifts = rng.uniform(-11, 11, 300)
    X = rng.poisson(20 * (lines(AXIS, shifts) + (AXIS / 640) ** -3))
    error = extract_edges(X.astype(float), AXIS, TEMPLATES, **PLACE).position - 640 - shifts
    assert np.quantile(np.abs(error - np.median(error)), 0.9) < 0.7


def test_noise_is_that_of_a_channel_of_a_fifth_of_an_electronvolt():
    rng = np.random.default_rng(0)
    for step in (0.05, 0.1, 0.2):
        axis = np.arange(590.0, 680.0, step)
        X = lines(axis) + rng.normal(0, 0.05, (50, axis.size))
        noise = extract_edges(X, axis, TEMPLATES, **PLACE).noise
        expected = 0.05 * np.sqrt(step / 0.2)
        np.testing.assert_allclose(noise.mean(), expected, rtol=0.2)  # of the smoothed height


def test_noise_of_counts_without_background_is_that_of_the_edge():
    rng = np.random.default_rng(0)
    inside = (AXIS > 640) & (AXIS < 657)
    for dose in (20, 1000):
        expected = np.sqrt(lines(AXIS)[0, inside].mean() / dose / 2)  # two channels in one of STEP
        counts = rng.poisson(dose * lines(AXIS), (200, AXIS.size)).astype(float)
        noise = extract_edges(counts, AXIS, TEMPLATES, **PLACE).noise
        np.testing.assert_allclose(np.median(noise), expected, rtol=0.3)
    for step in (0.1, 0.3, 0.5):  # lines are no noise
        axis = np.arange(590.0, 680.0, step)
        assert extract_edges(lines(axis), axis, TEMPLATES, **PLACE).noise < 0.01


def smoothed(X):
    return gaussian_filter1d(X, 3, axis=1)


def interpolated(X):
    means = X.reshape(len(X), -1, 5).mean(axis=2)
    return np.array([np.interp(AXIS, AXIS.reshape(-1, 5).mean(axis=1), row) for row in means])


@pytest.mark.parametrize("change", [smoothed, interpolated])
def test_noise_that_channels_share_is_not_taken_for_less(change):
    counts = np.random.default_rng(0).poisson(100 * (lines(AXIS) + 1), (300, AXIS.size)) + 0.0
    raw = np.median(extract_edges(counts, AXIS, TEMPLATES, **PLACE).noise)
    shared = extract_edges(change(counts), AXIS, TEMPLATES, **PLACE).noise
    assert 0.7 * raw < np.median(shared) < 1.1 * raw
    noise = change(counts - 100 * lines(AXIS))
    assert (extract_edges(noise, AXIS, TEMPLATES, **PLACE).strength > 5).mean() < 0.05
    short = AXIS > 636  # too little before the edge to tell
    assert np.isfinite(
        extract_edges(change(counts)[:, short], AXIS[short], TEMPLATES, **PLACE).noise
    ).all()


@pytest.mark.parametrize("step", [0.2, 1.0, 2.0])
def test_noise_alone_has_no_strength_in_channels_of_any_width(step):
    axis = np.arange(590.0, 680.0, step)
    noise = np.random.default_rng(0).normal(size=(500, axis.size))
    strength = extract_edges(noise, axis, TEMPLATES, **PLACE).strength
    assert (strength > 5).mean() < 0.03
    counted = noise + 100 * lines(axis)
    assert extract_edges(counted, axis, TEMPLATES, **PLACE).strength.min() > 15


def test_noise_alone_has_no_strength_and_rows_do_not_depend_on_each_other():
    noise = np.random.default_rng(0).normal(size=(1500, AXIS.size))
    edges = extract_edges(noise, AXIS, TEMPLATES, **PLACE)
    assert edges.strength.max() < 5
    alone = extract_edges(noise[1400:1402], AXIS, TEMPLATES, **PLACE)
    np.testing.assert_allclose(alone.spectra, edges.spectra[1400:1402], rtol=1e-5, atol=1e-5)
    assert extract_edges(np.zeros((2, AXIS.size)), AXIS, TEMPLATES, **PLACE).strength.max() < 1e-6


def test_short_spectra_on_a_background_are_read_by_its_usual_exponent():
    axis = np.arange(636.0, 662.0, 0.1)
    X = lines(axis) + 5 * (axis / 640) ** -3.4
    bare = extract_edges(lines(AXIS), AXIS, TEMPLATES, **PLACE).spectra
    np.testing.assert_allclose(extract_edges(X, axis, TEMPLATES, **PLACE).spectra, bare, atol=0.12)


def test_an_edge_is_looked_for_where_the_axis_covers_it():
    assert possible_shifts(AXIS, **PLACE) == (-12, 12)
    least, greatest = possible_shifts(np.arange(637.0, 655.0, 0.1), **PLACE)
    np.testing.assert_allclose([least, greatest], [-1, 4.7], atol=0.11)
    least, greatest = possible_shifts(np.arange(660.0, 700.0), **PLACE)
    assert least > greatest


def test_smoothing_brings_noise_down_and_leaves_what_is_clean():
    rng = np.random.default_rng(0)
    X = np.tile(lines(AXIS), (40, 1))
    clean = extract_edges(X, AXIS, TEMPLATES, **PLACE)
    noisy = extract_edges(X + rng.normal(0, 0.1, X.shape), AXIS, TEMPLATES, **PLACE)
    wanted = smooth_by_noise(clean)
    np.testing.assert_allclose(wanted.max(axis=1), 1)
    before = np.std(noisy.spectra[:, :15], axis=1).mean()
    assert np.std(smooth_by_noise(noisy)[:, :15], axis=1).mean() < 0.5 * before


def test_counted_edges_have_their_dose_and_place():
    rng = np.random.default_rng(0)
    shapes = np.tile(TEMPLATES, (400, 1))
    counts = count_again(shapes, "high", rng=rng, **PLACE)
    assert counts.dtype.kind == "i" and counts.min() >= 0
    heights = counts.max(axis=1)
    assert 150 < heights.min() and heights.max() < 2.3e5
    edges = extract_edges(counts, search_axis(**PLACE), TEMPLATES, **PLACE)
    assert np.ptp(edges.position) > 18


def test_saturated_edges_have_a_flat_top():
    clipped = saturated(np.tile(TEMPLATES, (50, 1)), np.random.default_rng(0))
    assert clipped.shape[0] == 5
    assert ((clipped == 1).sum(axis=1) > 3).all()
