"""Denoising by projection on principal components."""

from numbers import Integral

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from skspectra._input.spectra import SpectralMixin, refuse_negative
from skspectra._numerics.n_components import count_before_elbow
from skspectra._numerics.poisson_pca import add_moments, plain_components, poisson_components
from skspectra._sklearn import Interval, RealNotInt, StrOptions, fit_context

__all__ = ["PCADenoiser"]


class PCADenoiser(SpectralMixin, TransformerMixin, BaseEstimator):
    r"""Remove noise by keeping the first principal components.

    .. math:: X' = \mu + g \odot \left[V^T V \, \frac{X - \mu}{g}\right]

    With ``poisson=False`` :math:`g = 1` and :math:`\mu` is the mean spectrum. With ``poisson=True``
    :math:`\mu = 0`, :math:`g` is the root of the mean spectrum, and the components are those of
    spectra that are also divided by the root of their own mean: Keenan and Kotula's two-way scaling
    [1]_, which makes the variance of counting noise the same everywhere. The weight of a spectrum
    cancels in its projection, so that spectra without counts are no problem.

    Parameters
    ----------
    n_components : int, float or "auto", default="auto"
        Number of components to keep, or the share of the variance that they explain, between 0 and
        1. ``"auto"`` keeps those before the elbow of the scree plot, the point of its first 20 on a
        logarithmic scale that lies farthest below their chord. This is close to the least error
        over all spectra. A phase of few pixels can be lost, so look at `plotting.ScoreMapsDisplay`
        too.
    poisson : bool, default=False
        Whether the spectra are counts, none of them negative.

    Attributes
    ----------
    components_ : ndarray of shape (`n_components_`, n_channels)
        Orthonormal components V, with ``poisson=True`` those of the scaled spectra.
    loadings_ : ndarray of shape (`n_components_`, n_channels)
        Components in the units of the spectra: :math:`V` with the scale of the channels. The
        denoised spectra are ``mean_ + scores(X) @ loadings_``. (HyperSpy calls these factors, and
        the scores loadings.)
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

    See Also
    --------
    skspectra.unmixing.PoissonPCA : The same components with scores as output, which is what
        HyperSpy's ``decomposition(algorithm=...)`` and ``get_decomposition_model`` need.
    skspectra.plotting.ScoreMapsDisplay : Maps of the scores, which show the components with
        structure.
    skspectra.plotting.ScreeDisplay : Share of the variance of each component.

    Notes
    -----
    The spectra are read once, block by block. Spectra that do not fit in memory can be passed to
    `partial_fit` in parts, which gives the same components as `fit`.

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
            StrOptions({"auto"}),
            Interval(Integral, 1, None, closed="left"),
            Interval(RealNotInt, 0, 1, closed="neither"),
        ],
        "poisson": ["boolean"],
    }

    def __init__(self, n_components="auto", *, poisson=False):
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
        self._moments = None
        X = self._validate_spectra(X, reset=True, ensure_min_samples=2)
        self._find_components(self._add(X, None), X.dtype)
        return self

    @fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y=None):
        """Find the components of these spectra and of those of earlier calls.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
            Some of the spectra. The first call after `fit` starts from nothing.
        y : None
            Ignored.

        Returns
        -------
        self : object
        """
        moments = getattr(self, "_moments", None)
        X = self._validate_spectra(X, reset=moments is None)
        self._moments = self._add(X, moments)
        self._find_components(self._moments, X.dtype)
        return self

    def _add(self, X, moments):
        if self.poisson:
            advice = "Denoise before the background is subtracted, or use poisson=False."
            refuse_negative(X, self, "poisson=True", advice)
        return add_moments(X, moments, poisson=self.poisson)

    def _find_components(self, moments, dtype):
        n_most = min(moments.n_spectra, moments.total.size)
        if not isinstance(self.n_components, str) and self.n_components > n_most:
            raise ValueError(
                f"n_components={self.n_components} needs as many spectra and channels, got "
                f"n_samples={moments.n_spectra} spectra of {moments.total.size} channels. Lower "
                "n_components."
            )
        found = (poisson_components if self.poisson else plain_components)(moments)
        self.n_components_ = self._count(found)
        first = slice(self.n_components_)
        self.components_ = found.vectors[first].astype(dtype)
        self.explained_variance_ratio_ = found.variance_ratio[first]
        self.mean_, self.channel_scale_ = found.mean.astype(dtype), found.scale.astype(dtype)
        self.loadings_ = self.components_ * self.channel_scale_

    def _count(self, found):
        if isinstance(self.n_components, str):
            return count_before_elbow(found.values)
        if isinstance(self.n_components, Integral):
            return int(self.n_components)
        n_needed = int(np.searchsorted(np.cumsum(found.variance_ratio), self.n_components)) + 1
        return min(n_needed, found.values.size)  # spectra that are all alike have no variance

    def scores(self, X):
        """Return the scores: the coordinates of the spectra along the components.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
            Spectra.

        Returns
        -------
        scores : ndarray of shape (n_spectra, `n_components_`)
        """
        check_is_fitted(self, "components_")
        X = self._validate_spectra(X, reset=False)
        analysis = (self.components_ / self.channel_scale_).T.astype(X.dtype, copy=False)
        return X @ analysis - self.mean_.astype(X.dtype, copy=False) @ analysis

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
        scores = self.scores(X)
        denoised = scores @ self.loadings_.astype(scores.dtype, copy=False)
        denoised += self.mean_.astype(scores.dtype, copy=False)
        return denoised

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.positive_only = self.poisson
        return tags
