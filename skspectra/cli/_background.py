"""The background that is drawn beside what was read."""

import warnings

import numpy as np

from skspectra.exceptions import SpectrumWarning
from skspectra.preprocessing import PowerLawBackground

__all__ = ["background_before"]

_PRE_EDGE = (-40.0, -8.0)  # eV from L3
_FEWEST_CHANNELS = 4


def background_before(spectra, axis, energy):
    """Fit power laws before an edge.

    Parameters
    ----------
    spectra : ndarray of shape (n_spectra, n_channels)
        With their background.
    axis : ndarray of shape (n_channels,)
        In eV.
    energy : float
        Where the white line lies.

    Returns
    -------
    window : tuple of (float, float)
        Where they were fitted.
    law : ndarray of shape (n_spectra, 2)
        Amplitude at 1 eV, as its logarithm, and exponent; -inf and 0 where there is nothing to fit.
    """
    window = max(axis[0], energy + _PRE_EDGE[0]), energy + _PRE_EDGE[1]
    law = np.tile([-np.inf, 0.0], (len(spectra), 1))
    if np.count_nonzero(axis < window[1]) < _FEWEST_CHANNELS:
        return window, law
    fit = PowerLawBackground(window, spectral_axis=axis, loss="least_squares")
    with warnings.catch_warnings():  # the background is drawn, so that it can be judged
        warnings.simplefilter("ignore", SpectrumWarning)
        parameters = fit.fit(spectra).parameters(spectra)
    has_counts = parameters.amplitude > 0
    amplitude = np.where(has_counts, parameters.amplitude, 1.0)
    at_one = np.log(amplitude) + parameters.exponent * np.log(fit.reference_energy_)
    law[has_counts] = np.stack([at_one, parameters.exponent], axis=1)[has_counts]
    return window, law
