"""Perturbations of the intensity: measured noise, amplified, and counting noise."""

from numbers import Integral, Real

from array_api_compat import array_namespace

from skspectra._numerics.blocks import in_blocks
from skspectra._numerics.constants import as_like
from skspectra._numerics.poisson_pca import add_moments, plain_components
from skspectra._numerics.random import check_range, draw_range, poisson
from skspectra._sklearn import Interval
from skspectra.augmentation._base import Augmenter

__all__ = ["PCANoise", "PoissonNoise"]


class PCANoise(Augmenter):
    r"""Scale the noise of each spectrum, estimated as the residual of PCA.

    The projection :math:`\hat X` on the first principal components is taken for the signal, and the
    residual for the noise [1]_:

    .. math:: X'_i = \hat X_i + k_i (X_i - \hat X_i), \qquad k_i \sim U(\mathrm{low}, \mathrm{high})

    so that 0 removes the noise, 1 returns the spectrum as it is, and 5 is like an extremely low
    dose.

    Parameters
    ----------
    scale : float or tuple of (float, float), default=(0, 5)
        Factor on the noise, not negative: a range from which a factor is drawn for each spectrum,
        or one factor for all spectra.
    n_components : int, default=10
        Number of principal components that are signal.
    random_state : int, RandomState instance or None, default=None
        Seeds the factors that `fit_transform` draws.

    Attributes
    ----------
    mean_ : ndarray of shape (n_channels,)
        Mean spectrum.
    components_ : ndarray of shape (n_components, n_channels)
        Principal components.
    explained_variance_ratio_ : ndarray of shape (n_components,)
        Share of the variance in each component. It levels off where the components are noise.
    spectral_axis_ : ndarray of shape (n_channels,)
        The axis: numeric column names, else the channel numbers.
    n_features_in_ : int
        Number of channels seen at fit.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen at fit, where they are strings.

    Raises
    ------
    ValueError
        If there are fewer spectra or channels than components.

    References
    ----------
    .. [1] M. Chatzidakis and G. A. Botton, "Towards calibration-invariant spectroscopy using deep
       learning", Scientific Reports 9, 2126 (2019), Methods.

    Examples
    --------
    >>> import numpy as np
    >>> from skspectra.augmentation import PCANoise
    >>> rng = np.random.default_rng(0)
    >>> signal = np.outer(rng.uniform(size=200), np.hanning(30))
    >>> X = signal + 0.01 * rng.normal(size=signal.shape)
    >>> noisy = PCANoise(scale=5, n_components=1).fit_transform(X)
    >>> print(f"{(noisy - signal).std() / (X - signal).std():.1f}")
    4.9
    """

    _parameter_constraints: dict = {
        **Augmenter._parameter_constraints,
        "scale": [Interval(Real, 0, None, closed="left"), tuple, list],
        "n_components": [Interval(Integral, 1, None, closed="left")],
    }
    _parameter_constraints.pop("spectral_axis")

    def __init__(self, scale=(0, 5), *, n_components=10, random_state=None):
        self.scale = scale
        self.n_components = n_components
        self.random_state = random_state

    def _fit_spectra(self, X):
        low, _ = check_range(self.scale, "scale")
        if low < 0:
            raise ValueError(f"scale must not be negative, got {low:g}.")
        if self.n_components > min(X.shape) or len(X) < 2:
            raise ValueError(
                f"n_components={self.n_components} needs as many spectra (at least 2) and "
                f"channels, got n_samples={X.shape[0]} spectra of {X.shape[1]} channels. Lower it."
            )
        found = plain_components(add_moments(X, poisson=False))
        self.mean_ = found.mean.astype(X.dtype)
        self.components_ = found.vectors[: self.n_components].astype(X.dtype)
        self.explained_variance_ratio_ = found.variance_ratio[: self.n_components]

    def perturb(self, X, rng):
        """Return spectra with scaled noise; see `Augmenter.perturb`."""
        scale = draw_range(check_range(self.scale, "scale"), X.shape[0], rng, X)
        components, mean = as_like(self.components_, X), as_like(self.mean_, X)

        def scaled(rows):
            centred = X[rows] - mean
            noise = centred - (centred @ components.T) @ components
            return X[rows] + (scale[rows] - 1) * noise

        return in_blocks(scaled, X)


class PoissonNoise(Augmenter):
    r"""Add counting noise: replace each spectrum by one that is counted at a finite dose.

    The spectrum, lifted so that it is nowhere negative, is scaled to `dose` counts in its
    brightest channel, counted, and scaled back:

    .. math:: X'_{ij} = m_i + \frac{1}{g_i} \mathrm{Poisson}\big(g_i (X_{ij} - m_i)\big), \quad
              m_i = \min(0, \min_j X_{ij}), \quad g_i = \frac{d_i}{\max_j X_{ij} - m_i},
              \quad d_i \sim U(\mathrm{low}, \mathrm{high})

    Its mean is the spectrum and its variance :math:`(X_{ij} - m_i) / g_i`. A spectrum without
    counts is left alone.

    Parameters
    ----------
    dose : float or tuple of (float, float), default=(100, 10000)
        Counts in the brightest channel, above 0: a range from which a dose is drawn for each
        spectrum, or one dose for all spectra.
    random_state : int, RandomState instance or None, default=None
        Seeds the doses and counts that `fit_transform` draws.

    Attributes
    ----------
    spectral_axis_ : ndarray of shape (n_channels,)
        The axis: numeric column names, else the channel numbers.
    n_features_in_ : int
        Number of channels seen at fit.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen at fit, where they are strings.

    Examples
    --------
    >>> import numpy as np
    >>> from skspectra.augmentation import PoissonNoise
    >>> X = np.tile(np.hanning(7), (1000, 1))
    >>> noisy = PoissonNoise(dose=100, random_state=0).fit_transform(X)
    >>> print(f"{noisy[:, 3].mean():.2f} {noisy[:, 3].std():.2f}")
    1.00 0.10
    """

    _parameter_constraints: dict = {
        **Augmenter._parameter_constraints,
        "dose": [Interval(Real, 0, None, closed="neither"), tuple, list],
    }
    _parameter_constraints.pop("spectral_axis")

    def __init__(self, dose=(100, 10_000), *, random_state=None):
        self.dose = dose
        self.random_state = random_state

    def _fit_spectra(self, X):
        low, _ = check_range(self.dose, "dose")
        if low <= 0:
            raise ValueError(f"dose must be above 0, got {low:g}.")

    def perturb(self, X, rng):
        """Return spectra with counting noise; see `Augmenter.perturb`."""
        dose = draw_range(check_range(self.dose, "dose"), X.shape[0], rng, X)
        return in_blocks(lambda rows: _counted(X[rows], dose[rows], rng), X)


def _counted(X, dose, rng):
    xp = array_namespace(X)
    floor = xp.minimum(xp.min(X, axis=1, keepdims=True), xp.zeros_like(X[:, :1]))
    height = xp.max(X, axis=1, keepdims=True) - floor
    empty = height <= 0
    gain = dose / xp.where(empty, xp.ones_like(height), height)
    counts = poisson((X - floor) * gain, rng)
    return xp.where(empty, X, floor + counts / gain)
