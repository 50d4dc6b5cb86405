import numpy as np
import pytest

from skspectra.datasets import make_l23_spectra
from skspectra.preprocessing import PowerLawBackground

AXIS = np.arange(600.0, 670.0, 0.5)
SETTINGS = {
    "ions": ("Mn2+", "Mn4+"),
    "spectral_axis": AXIS,
    "shift": 0,
    "stretch": 0,
    "thickness": 0,
    "residual_background": 0,
    "readout_noise": 0,
    "gain_noise": 0,
    "n_points": 3,
    "random_state": 0,
}


def test_counts_are_whole_and_follow_the_edge_and_a_power_law():
    raw = make_l23_spectra(20, dose=1e6, background=5, background_counts=True, **SETTINGS)
    edge = make_l23_spectra(20, dose=None, background=5, **SETTINGS)
    np.testing.assert_array_equal(raw.data, raw.data.round())
    bare = PowerLawBackground((600, 630), spectral_axis=AXIS).fit_transform(raw.data) / 1e6
    np.testing.assert_allclose(bare[:, :60], 0, atol=0.05)
    lines = (AXIS > 636) & (AXIS < 646)
    np.testing.assert_allclose(bare[:, lines], edge.data[:, lines], atol=0.1)
    exponents = PowerLawBackground((600, 630), spectral_axis=AXIS).fit(raw.data)
    found = exponents.parameters(raw.data).exponent
    np.testing.assert_allclose(found, raw.parameters["background_exponent"], atol=0.3)


def test_background_has_its_height_at_the_edge():
    raw = make_l23_spectra(20, dose=1e6, background=5, background_counts=True, **SETTINGS)
    before = raw.data[:, (AXIS > 630) & (AXIS < 634)].mean(axis=1) / 1e6
    np.testing.assert_allclose(before, 5, rtol=0.12)


def test_gain_multiplies_counts():
    one, eight = (
        make_l23_spectra(
            20, dose=1000, background=1, background_counts=True, gain=gain, **SETTINGS
        ).data
        for gain in (1, 8)
    )
    np.testing.assert_array_equal(8 * one, eight)


def test_an_infinite_dose_has_no_counts():
    with pytest.raises(ValueError, match="background_counts=True needs a dose"):
        make_l23_spectra(1, dose=None, background_counts=True)
