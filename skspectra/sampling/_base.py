"""What the samplers share."""

import pandas as pd
from imblearn.base import BaseSampler

from skspectra._input.spectra import SpectralMixin
from skspectra._input.targets import refuse_targets

__all__ = ["SpectralSampler"]


class SpectralSampler(SpectralMixin, BaseSampler):
    """Base class of samplers of spectra, by imbalanced-learn's protocol.

    A subclass writes `_fit_resample`; one that leaves rows out sets `sample_indices_`.
    """

    _sampling_type = "bypass"
    sampling_strategy = None

    def fit(self, X, y):
        """Check spectra and labels; `fit_resample` does the work.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
            Spectra.
        y : array-like of shape (n_spectra,)
            Class labels.

        Returns
        -------
        self : object
        """
        return super().fit(self._as_floats(X, y), y)

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
            Of floats; a pandas DataFrame if X is one.
        y_resampled : array-like of shape (n_resampled,)
            Of the type of `y`. Original rows of pandas objects keep their index.
        """
        X_resampled, y_resampled = super().fit_resample(self._as_floats(X, y), y)
        return self._with_index(X_resampled, X), self._with_index(y_resampled, y)

    def _as_floats(self, X, y):
        """Validate; whole numbers become floats, or imbalanced-learn would round to them again."""
        refuse_targets(X, y)
        values = self._validate_spectra(X, reset=True)
        if hasattr(X, "columns"):
            return pd.DataFrame(values, columns=list(X.columns))
        return values.tolist() if isinstance(X, list) else values

    def _with_index(self, rows, of):
        if hasattr(self, "sample_indices_") and hasattr(of, "iloc"):
            rows.index = of.index[self.sample_indices_]
        return rows

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = False
        return tags
