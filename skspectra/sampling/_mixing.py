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
    """Rows of X, each shifted by its own amount, drawn uniformly in units of the axis."""
    return shift_rows(X[rows], spectral_axis, rng.uniform(*bounds, len(rows)))
