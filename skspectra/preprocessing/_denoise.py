"""Denoising by projection on principal components."""

from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.decomposition import PCA
from sklearn.utils.validation import check_is_fitted

from skspectra._input.spectra import SpectralMixin
from skspectra._sklearn import Interval, fit_context

__all__ = ["PCADenoiser"]


class PCADenoiser(SpectralMixin, TransformerMixin, BaseEstimator):
    r"""Keep of each spectrum what the first principal components explain.

    .. math:: X' = \mu + g \odot \left[V^T V \, \frac{X - \mu}{g}\right]

    With ``poisson=False`` :math:`g = 1` and :math:`\mu` is the mean spectrum. With ``poisson=True``
    :math:`\mu = 0`, :math:`g` is the root of the mean spectrum, and the components are those of
    spectra that are also divided by the root of their own mean: Keenan and Kotula's two-way
    scaling [1]_, which makes counting noise even before it is judged. The spectrum's own weight
    cancels in the projection, so a spectrum without counts needs none.

    Parameters
    ----------
    n_components : int or float
        Number of components to keep, or the share of the variance that they are to explain,
        between 0 and 1.
    poisson : bool, default=False
        Whether the spectra are counts, none of them negative.

    Attributes
    ----------
    components_ : ndarray of shape (`n_components_`, n_channels)
        Orthonormal components V, with ``poisson=True`` those of the scaled spectra.
    explained_variance_ratio_ : ndarray of shape (`n_components_`,)
        Share of the (scaled) variance that each component explains.
    n_components_ : int
        Number of components.
    mean_ : ndarray of shape (n_channels,)
        Mean spectrum; zeros with ``poisson=True``.
    channel_scale_ : ndarray of shape (n_channels,)
        Scale g of each channel; ones with ``poisson=False``.
    spectral_axis_ : ndarray of shape (n_channels,)
        The axis: numeric column names, else the channel numbers.
    n_features_in_ : int
        Number of channels seen at fit.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen at fit, where they are strings.

    Raises
    ------
    ValueError
        If there are fewer spectra or channels than components, or with ``poisson=True`` negative
        values.

    References
    ----------
    .. [1] M. R. Keenan and P. G. Kotula, "Accounting for Poisson noise in the multivariate analysis
       of ToF-SIMS spectrum images", Surface and Interface Analysis 36, 203-212 (2004).

    Examples
    --------
    >>> import numpy as np
    >>> from skspectra.preprocessing import PCADenoiser
    >>> rng = np.random.default_rng(0)
    >>> signal = np.outer(rng.uniform(1, 2, size=500), 50 * np.hanning(100) + 1)
    >>> counts = rng.poisson(signal)
    >>> clean = PCADenoiser(n_components=1, poisson=True).fit_transform(counts)
    >>> print(f"{(counts - signal).std():.1f} -> {(clean - signal).std():.1f}")
    6.3 -> 0.8
    """

    _parameter_constraints: dict = {
        "n_components": [
            Interval(Integral, 1, None, closed="left"),
            Interval(Real, 0, 1, closed="neither"),
        ],
        "poisson": ["boolean"],
    }

    def __init__(self, n_components, *, poisson=False):
        self.n_components = n_components
        self.poisson = poisson

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Find the components.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
            Spectra.
        y : None
            Ignored.

        Returns
        -------
        self : object
        """
        X = self._validate_spectra(X, reset=True, ensure_min_samples=2)
        if self.n_components > min(X.shape):
            raise ValueError(
                f"n_components={self.n_components} needs as many spectra and channels, got "
                f"n_samples={X.shape[0]} spectra of {X.shape[1]} channels. Lower n_components."
            )
        if self.poisson:
            self._fit_poisson(X)
        else:
            pca = PCA(self.n_components, svd_solver="covariance_eigh").fit(X)
            self.mean_, self.channel_scale_ = pca.mean_, np.ones_like(pca.mean_)
            self.components_ = pca.components_
            self.explained_variance_ratio_ = pca.explained_variance_ratio_
        self.n_components_ = len(self.components_)
        return self

    def _fit_poisson(self, X):
        if X.min() < 0:
            raise ValueError(
                f"Negative values in data passed to PCADenoiser (least {X.min():g}), but "
                "poisson=True wants counts. Denoise before the background is subtracted, or use "
                "poisson=False."
            )
        channel_scale = np.sqrt(X.mean(axis=0, dtype=np.float64))
        channel_scale[channel_scale == 0] = 1
        spectrum_scale = np.sqrt(X.mean(axis=1, dtype=np.float64))
        spectrum_scale[spectrum_scale == 0] = 1
        scaled = X / channel_scale / spectrum_scale[:, None]
        if len(X) > X.shape[1]:
            scaled = np.linalg.qr(scaled, mode="r")  # the same singular values and components
        _, singular_values, components = np.linalg.svd(scaled, full_matrices=False)
        ratio = singular_values**2 / max((singular_values**2).sum(), np.finfo(float).tiny)
        n_components = _count(self.n_components, ratio)
        self.mean_ = np.zeros(X.shape[1], X.dtype)
        self.channel_scale_ = channel_scale.astype(X.dtype)
        self.components_ = components[:n_components].astype(X.dtype)
        self.explained_variance_ratio_ = ratio[:n_components]

    def transform(self, X):
        """Project the spectra on the components.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
            Spectra.

        Returns
        -------
        X_denoised : ndarray of shape (n_spectra, n_channels)
        """
        check_is_fitted(self, "components_")
        X = self._validate_spectra(X, reset=False)
        mean, scale, components = (
            values.astype(X.dtype, copy=False)
            for values in (self.mean_, self.channel_scale_, self.components_)
        )
        scores = (X - mean) @ (components / scale).T
        return mean + scores @ (components * scale)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.positive_only = self.poisson
        return tags


def _count(n_components, ratio):
    """Turn a share of the variance into a number of components."""
    if isinstance(n_components, Integral):
        return n_components
    return int(np.searchsorted(np.cumsum(ratio), n_components)) + 1
