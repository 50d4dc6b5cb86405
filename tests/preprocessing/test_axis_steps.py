"""Crop, resample and align: the steps that act along the axis."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skspectra.exceptions import SpectrumWarning
from skspectra.preprocessing import PeakAligner, SpectralCrop, SpectralResampler
from skspectra.preprocessing._align import _correlations

ENERGY = 630 + 0.1 * np.arange(400)


def peaks(position, width=2.0):
    position = np.atleast_1d(position)[:, None]
    return np.exp(-(((ENERGY - position) / width) ** 2)) + 0.3 * np.exp(
        -(((ENERGY - position - 11) / width) ** 2)
    )


def test_crop_keeps_the_window():
    X = np.tile(ENERGY, (2, 1))
    out = SpectralCrop((635, 665), spectral_axis=ENERGY).fit_transform(X)
    assert out.shape == (2, 300)
    np.testing.assert_allclose(out[0, [0, -1]], [635, 664.9])
    with pytest.raises(ValueError, match=r"lies outside the spectral axis.*669\.9\.$"):
        SpectralCrop((600, 665), spectral_axis=ENERGY).fit(X)
    with pytest.raises(ValueError, match="from 0 to 399.*pass the energies as spectral_axis="):
        SpectralCrop((800, 900)).fit(X)
    with pytest.raises(ValueError, match=r"must be a pair .* got array\(.{20,40}\)\.$"):
        SpectralCrop(ENERGY).fit(X)


@pytest.mark.parametrize("irregular", [False, True])
def test_resampling_to_a_finer_axis_is_linear_interpolation(irregular):
    rng = np.random.default_rng(0)
    axis = np.cumsum(rng.uniform(0.15, 0.3, 50)) if irregular else np.linspace(0, 10, 50)
    X = rng.normal(size=(3, 50))
    fine = np.linspace(axis[0], axis[-1], 133)
    out = SpectralResampler(fine, spectral_axis=axis).fit_transform(X)
    np.testing.assert_allclose(out, [np.interp(fine, axis, row) for row in X], atol=1e-12)
    wide = np.linspace(-5, 15, 201)
    out = SpectralResampler(wide, outside="edge", spectral_axis=axis).fit_transform(X)
    np.testing.assert_allclose(out, [np.interp(wide, axis, row) for row in X], atol=1e-12)


def test_resampling_to_a_coarser_axis_throws_no_counts_away():
    counts = np.random.default_rng(0).poisson(20, (4, 1000)).astype(float)
    fine = 0.02 * np.arange(1000)
    coarse = fine.reshape(-1, 5).mean(axis=1)
    out = SpectralResampler(coarse, spectral_axis=fine).fit_transform(counts)
    np.testing.assert_allclose(out, counts.reshape(4, -1, 5).mean(axis=2))


def test_resampling_outside_names_both_ranges():
    with pytest.raises(ValueError, match="625 to 660, but the spectra only cover 630 to 669.9"):
        SpectralResampler(np.arange(625, 661.0), spectral_axis=ENERGY).fit(peaks(642))
    SpectralResampler([629.96, 640], spectral_axis=ENERGY).fit(peaks(642))  # half a channel
    with pytest.raises(ValueError, match="new_axis must be strictly increasing"):
        SpectralResampler([640, 635], spectral_axis=ENERGY).fit(peaks(642))


@pytest.mark.parametrize("method", ["max", "centroid", "correlation"])
@given(offset=st.floats(-4, 4))
@settings(max_examples=20, deadline=None)
def test_aligner_undoes_a_shift(method, offset):
    train = peaks([641.0, 642.0, 643.0])
    aligner = PeakAligner((634, 652), method=method, spectral_axis=ENERGY).fit(train)
    moved = peaks(642.0 + offset)
    np.testing.assert_allclose(aligner.shifts(moved), -offset, atol=0.03)
    inside = slice(60, 300)
    np.testing.assert_allclose(
        aligner.transform(moved)[:, inside], peaks(642)[:, inside], atol=0.05
    )


def test_correlation_stands_noise_better():
    rng = np.random.default_rng(0)
    positions = rng.uniform(640, 644, 300)
    X = peaks(positions) + rng.normal(0, 0.2, (300, 400))
    error = {}
    for method in ("max", "correlation"):
        aligner = PeakAligner((634, 652), method=method, spectral_axis=ENERGY).fit(X)
        error[method] = (aligner.shifts(X) + positions).std()
    assert error["correlation"] < 0.5 * error["max"]


@pytest.mark.parametrize(("dtype", "atol"), [(np.float64, 1e-12), (np.float32, 1e-4)])
def test_correlations_are_those_of_numpy(dtype, atol):
    rng = np.random.default_rng(0)
    X = rng.normal(100, 1, (5, 60))
    X[1, 30] += 300  # an X-ray
    X, reference = X.astype(dtype), rng.normal(size=25).astype(dtype)
    found = _correlations(X, reference) / (5 * reference.std())  # the reference has any norm
    assert found.shape == (5, 36)
    for row, values in zip(X.astype(np.float64), found, strict=True):
        stretches = [row[lag : lag + 25] for lag in range(36)]
        wanted = [np.corrcoef(stretch, reference)[0, 1] for stretch in stretches]
        np.testing.assert_allclose(values, wanted, atol=atol)


def test_flat_spectrum_stays_where_it_is():
    aligner = PeakAligner((634, 652), spectral_axis=ENERGY).fit(peaks([641, 643]))
    X = np.concatenate([np.ones((1, 400)), peaks(641)])
    with pytest.warns(SpectrumWarning, match="1 of 2 spectra are flat"):
        out = aligner.transform(X)
    np.testing.assert_array_equal(out[0], 1)
    with pytest.warns(SpectrumWarning):
        assert aligner.shifts(X)[0] == 0
    assert aligner.reference_energy_ == pytest.approx(642)


def test_irregular_axis_is_for_the_maximum_only():
    axis = np.sort(np.random.default_rng(0).uniform(630, 670, 400))
    PeakAligner((634, 652), spectral_axis=axis).fit(peaks(642))
    with pytest.raises(ValueError, match="uniform"):
        PeakAligner((634, 652), method="correlation", spectral_axis=axis).fit(peaks(642))


def test_centroid_is_that_of_the_upper_part_of_a_peak():
    """The maximum jumps between two lines of a white line, their centroid does not."""
    lines = peaks([641.2, 642.8], width=0.8)
    share = np.linspace(0.4, 0.6, 21)[:, None]
    X = share * lines[0] + (1 - share) * lines[1]
    fitted = {
        method: PeakAligner((637, 647), method=method, spectral_axis=ENERGY).fit(X)
        for method in ("max", "centroid")
    }
    assert np.ptp(fitted["centroid"].shifts(X)) < 0.5 * np.ptp(fitted["max"].shifts(X))
    triangle = np.clip(1 - np.abs(ENERGY - 640) / 3, 0, None) + 0.5 * (ENERGY > 655)
    aligner = PeakAligner((636, 644), method="centroid", spectral_axis=ENERGY).fit([triangle])
    np.testing.assert_allclose(aligner.reference_energy_, 640, atol=1e-6)
