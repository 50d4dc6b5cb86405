"""What the samplers share."""

import numpy as np
from imblearn.base import BaseSampler
from imblearn.utils import check_target_type
from sklearn.utils.validation import check_consistent_length

from skspectra._input.spectra import SpectralMixin
from skspectra._sklearn import check_y

__all__ = ["SpectralSampler"]


class SpectralSampler(SpectralMixin, BaseSampler):
    """Base class of samplers of spectra, by imbalanced-learn's protocol."""

    _sampling_type = "bypass"
    sampling_strategy = None

    def fit_resample(self, X, y):
        """Return the rows to train on.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
            Spectra.
        y : array-like of shape (n_spectra,)
            Class labels.

        Returns
        -------
        X_resampled : ndarray or DataFrame of shape (n_resampled, n_channels)
            Of floats; a pandas DataFrame where a frame came in.
        y_resampled : array-like of shape (n_resampled,)
            In the container that came in.
        """
        if hasattr(X, "columns"):
            X = _float_frame(X)
        return super().fit_resample(X, y)

    def _check_X_y(self, X, y):
        X = self._validate_spectra(X, reset=True)
        y, binarize_y = check_target_type(y, indicate_one_vs_all=True)
        check_consistent_length(X, y)
        return X, check_y(y), binarize_y

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = False
        return tags


def _float_frame(X):
    """Hold whole numbers as floats, or imbalanced-learn would round the result back to them."""
    import pandas as pd

    values = np.asarray(X)
    if values.dtype != np.float32:
        values = values.astype(np.float64)
    return pd.DataFrame(values, columns=list(X.columns))
