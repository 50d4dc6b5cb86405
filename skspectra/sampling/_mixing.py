"""What the samplers that mix spectra share."""

import numpy as np

from skspectra._numerics.interpolation import shift_rows
from skspectra.exceptions import warn_spectra

__all__ = ["scale_by_maximum", "take_shifted"]


def scale_by_maximum(X):
    """Divide each spectrum by its maximum; warn of those where it is not above 0."""
    highest = X.max(axis=1, keepdims=True)
    warn_spectra(highest <= 0, "{count} have no maximum above 0; they are mixed unscaled.")
    return X / np.where(highest > 0, highest, 1)


def take_shifted(X, rows, spectral_axis, bounds, rng):
    """Take rows of X, each shifted by its own amount.

    Parameters
    ----------
    X : ndarray of shape (n_spectra, n_channels)
        Spectra.
    rows : ndarray of shape (n_taken,), int
        Which to take.
    spectral_axis : ndarray of shape (n_channels,)
        Their axis.
    bounds : tuple of (float, float)
        Shifts are drawn uniformly from this range, in units of the axis.
    rng : numpy.random.Generator
        Source of the shifts.

    Returns
    -------
    taken : ndarray of shape (n_taken, n_channels)
    """
    return shift_rows(X[rows], spectral_axis, rng.uniform(*bounds, len(rows)))
