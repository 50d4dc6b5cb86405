"""What all linear unmixing shares: abundances of endmembers, and what they leave unexplained."""

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_array, check_is_fitted

from skspectra._input.spectra import SpectralMixin, noting_bad_rows, refuse_negative
from skspectra._input.stored import validate_spectra
from skspectra._numerics.axis import resolve_axis
from skspectra._numerics.mixtures.linear import abundances, chi_square, expected_counts
from skspectra._sklearn import fit_context
from skspectra.unmixing._rows import blocks_of, check_counts

__all__ = ["LinearUnmixer"]


class LinearUnmixer(SpectralMixin, TransformerMixin, BaseEstimator):
    """Base of estimators that explain spectra by endmembers, the rows of `components_`.

    A subclass sets `components_` in `_fit`, after `_validate_spectra`. Arrays in chunks (dask,
    zarr, h5py) that are larger than 64 MiB are read block by block.
    """

    _sum_to_one = True

    def _validate_spectra(self, X, *, reset, **check_params):
        if getattr(X, "chunks", None) is None:
            return super()._validate_spectra(X, reset=reset, **check_params)
        X = validate_spectra(self, X, reset=reset, read=False, **check_params)
        if reset:
            self.spectral_axis_ = resolve_axis(X, n_channels=self.n_features_in_)
        return X

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Learn the endmembers, or check that the known ones fit the channels.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
            Spectra; counts if counting noise is assumed.
        y : None
            Ignored.

        Returns
        -------
        self : object
        """
        self._fit(X)
        return self

    def transform(self, X):
        """Return the abundances of the endmembers.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
            Spectra.

        Returns
        -------
        abundances : ndarray of shape (n_spectra, n_components)
        """
        X = self._check_fitted_and_validate(X, ensure_all_finite=False)
        result = np.empty((len(X), len(self.components_)), dtype=_float_type(X))
        with noting_bad_rows(X):
            for rows, block in blocks_of(X):
                result[rows] = self._abundances(block)
        return result

    def inverse_transform(self, X):
        """Return the spectra of given abundances.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_components)
            Abundances.

        Returns
        -------
        spectra : ndarray of shape (n_spectra, n_channels)
        """
        check_is_fitted(self, "components_")
        X = check_array(X, dtype=[np.float64, np.float32])
        if X.shape[1] != len(self.components_):
            raise ValueError(
                f"X has {X.shape[1]} abundances, but {type(self).__name__} has "
                f"{len(self.components_)} endmembers."
            )
        return X @ self.components_.astype(X.dtype, copy=False)

    def residual(self, X):
        """Return the residual of the fit of each spectrum.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
            Spectra.

        Returns
        -------
        residual : ndarray of shape (n_spectra,)
            Root mean square of the spectrum less its fit, in the units of X.
        """
        X = self._check_fitted_and_validate(X)
        parts = [
            np.sqrt(((block - self._fitted(block)) ** 2).mean(axis=1)) for _, block in blocks_of(X)
        ]
        return np.concatenate(parts)

    def chi2(self, X, counts=None):
        """Return the reduced chi-square of each spectrum.

        The variance of a channel is the number of counts expected there: that of the fit and of the
        subtracted background, at least 1.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
            Spectra.
        counts : array-like of shape (n_spectra, n_channels), default=None
            The counts as recorded, if a background was subtracted from them to give X. None if X
            are the counts.

        Returns
        -------
        chi_square : ndarray of shape (n_spectra,)
            About 1 if X are counts and the endmembers explain them. Of spectra that are not counts,
            compare the values with each other only.
        """
        X = self._check_fitted_and_validate(X)
        counts = check_counts(counts, X)
        n_parameters = len(self.components_) - self._sum_to_one
        parts = []
        for rows, block in blocks_of(X):
            model = self._fitted(block)
            subtracted = 0.0 if counts is None else counts[rows] - block
            parts.append(chi_square(block, model, expected_counts(model, subtracted), n_parameters))
        return np.concatenate(parts)

    def _output_names(self):
        return [f"{type(self).__name__.lower()}{number}" for number in range(len(self.components_))]

    def _check_fitted_and_validate(self, X, **check_params):
        check_is_fitted(self, "components_")
        return self._validate_spectra(X, reset=False, **check_params)

    def _checked_blocks(self, X):
        """Blocks of the spectra of a fit; those of counts must not be negative."""
        for _, block in blocks_of(X):
            if getattr(self, "poisson", False):
                advice = "Unmix before the background is subtracted, or use poisson=False."
                refuse_negative(block, self, "poisson=True", advice)
            yield block

    def _fitted(self, X):
        return self._abundances(X) @ self.components_

    def _abundances(self, X):
        """Abundances of spectra in memory, float64; NaN and infinity are refused."""
        return abundances(X, self.components_, weights=self._channel_weights())

    def _channel_weights(self):
        """One over the variance of each channel, or None where all are alike."""
        return None


def _float_type(X):
    return np.float32 if X.dtype == np.float32 else np.float64
