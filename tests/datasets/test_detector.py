import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skspectra.datasets._detector import correlated_noise, record

IDEAL = np.tile(np.linspace(0, 1, 500, dtype=np.float32), (200, 1))


def recorded(dose, *, ideal=IDEAL, seed=0, **settings):
    values = {"dose": dose, "background": 0.5, "gain": 1, "gain_noise": 0, "readout_noise": 0}
    values |= {"gain_correlation": 5.0} | settings
    rows = {name: np.full(len(ideal), float(value)) for name, value in values.items()}
    return record(ideal, rows, np.random.default_rng(seed).spawn(3))


def test_infinite_dose_is_exact():
    assert_allclose(recorded(np.inf, gain=3, readout_noise=9), IDEAL, atol=1e-15)


@pytest.mark.parametrize("gain", [1, 0.3, 8])
def test_electrons_follow_poisson_whatever_the_gain(gain):
    error = recorded(300, gain=gain) - IDEAL
    assert_allclose(error.mean(axis=0), 0, atol=0.02)
    digitised = 1 / 12 / (gain * 300) ** 2 if gain == 0.3 else 0
    expected = (IDEAL[0] + 0.5) / 300 + digitised
    assert_allclose(error.var(axis=0).sum(), expected.sum(), rtol=0.02)


def test_counts_are_whole_numbers():
    counts = (recorded(50, gain=0.7, readout_noise=1.5, gain_noise=0.01) + 0.5) * 50 * 0.7
    assert_allclose(counts, counts.round(), atol=1e-9)
    assert np.unique(counts.round()).size < 100


def test_readout_noise_is_added_in_counts():
    dark = np.zeros_like(IDEAL)
    error = recorded(100, ideal=dark, background=0, gain=4, readout_noise=6)
    assert_allclose(error.std() * 4 * 100, np.hypot(6, np.sqrt(1 / 12)), rtol=0.01)
    assert_array_equal(recorded(100, ideal=dark, background=0), dark)


def test_gain_noise_multiplies_edge_and_background_alike():
    error = recorded(np.inf, gain_noise=0.02)
    assert_allclose((error - IDEAL).std(axis=0) / (IDEAL[0] + 0.5), 0.02, rtol=0.3)
    assert_allclose(((error - IDEAL) / (IDEAL + 0.5)).std(), 0.02, rtol=0.02)
    with_counts = recorded(1e9, gain_noise=0.02)
    assert_allclose(with_counts, error, atol=5e-4)


def test_each_noise_can_be_changed_alone():
    base = recorded(100, readout_noise=1)
    with_gain = recorded(100, readout_noise=1, gain_noise=1e-9)
    assert_allclose(with_gain, base, atol=1e-12)
    assert_allclose(recorded(100, readout_noise=1e-9), recorded(100), atol=1e-12)
    assert not np.allclose(recorded(100, readout_noise=1, seed=1), base)


@pytest.mark.parametrize("fwhm", [2.0, 4.0, 10.0])
def test_correlated_noise_has_unit_variance_and_the_correlation_asked_for(fwhm):
    noise = correlated_noise((4000, 300), np.full(4000, fwhm), np.random.default_rng(0))
    assert noise.dtype == np.float32
    assert_allclose(noise.std(), 1, atol=0.01)
    lags = np.arange(1, 12)
    found = [np.mean(noise[:, lag:] * noise[:, :-lag]) for lag in lags]
    sigma = fwhm / np.sqrt(8 * np.log(2))
    assert_allclose(found, np.exp(-(lags**2) / (4 * sigma**2)), atol=0.02)


def test_correlated_noise_of_an_odd_number_of_channels():
    assert correlated_noise((2, 7), np.ones(2), np.random.default_rng(0)).shape == (2, 7)
