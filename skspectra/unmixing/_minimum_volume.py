"""Endmembers that no spectrum of the image need be: the corners of the smallest simplex."""

import warnings
from numbers import Integral, Real

from skspectra._numerics.images.spikes import spikes
from skspectra._numerics.mixtures.affine_plane import (
    brightness_varies,
    count_endmembers,
    noise_variance,
    principal_axes,
)
from skspectra._numerics.mixtures.minimum_volume import minimum_volume_endmembers
from skspectra._numerics.random import as_generator
from skspectra._sklearn import Interval, StrOptions
from skspectra.exceptions import SpectrumWarning, warn_spectra
from skspectra.unmixing._bootstrap import bootstrap_uncertainty
from skspectra.unmixing._linear import LinearUnmixer
from skspectra.unmixing._rows import check_n_components, check_room, rows_of_sample

__all__ = ["MinimumVolumeUnmixer"]

_MOST_SPECTRA = 2**14  # that the simplex is fitted to


class MinimumVolumeUnmixer(LinearUnmixer):
    r"""Find endmembers as the corners of the smallest simplex around the spectra.

    .. math:: X \approx A W, \qquad a_{ik} \ge 0, \quad \sum_k a_{ik} = 1, \quad w_{kj} \ge 0,
        \quad \mathrm{vol}(W) \ \text{small}

    The endmembers W need not occur in the image: they are extrapolated from mixtures that reach the
    faces of the simplex. Spectra are projected on their principal plane, after Keenan and Kotula's
    scaling for counts; there the corners minimise the squares of what lies outside, and the
    logarithm of the volume [1]_. The weight of the volume is not tuned: it balances the noise that
    pushes spectra out of a face, given how many lie there.

    Parameters
    ----------
    n_components : int or "auto", default="auto"
        Number of endmembers; "auto" takes one more than the number of principal axes above the
        noise (the edge of Marchenko and Pastur's law at a level of 99 %).
    poisson : bool, default=True
        Whether the spectra are counts, or proportional to counts.
    volume_weight : "auto" or float, default="auto"
        Weight of the volume: 1/4 where spectra lie evenly up to the faces, less where there are
        fewer. "auto" estimates it from how many lie within two standard deviations of a face.
    max_iter : int, default=100
        Maximum number of iterations of L-BFGS for each estimate of the weight.
    random_state : int, RandomState instance or None, default=None
        Seeds the choice of 16 384 spectra to which the simplex is fitted, if there are more.

    Attributes
    ----------
    components_ : ndarray of shape (`n_components_`, n_channels)
        Endmembers, in the units of the spectra.
    n_components_ : int
        Number of endmembers.
    volume_weight_ : float
        Weight of the volume.
    noise_variance_ : float
        Variance of the noise; for counts divided by their mean, so that it is about 1, or the gain.
    n_iter_ : int
        Iterations of L-BFGS.
    spectral_axis_ : ndarray of shape (n_channels,)
        The axis: numeric column names, else the channel numbers.
    n_features_in_ : int
        Number of channels seen at fit.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen at fit, where they are strings.

    Raises
    ------
    ValueError
        If there are fewer spectra than endmembers, if the spectra lie in fewer dimensions, or with
        ``poisson=True`` if some are negative.

    Warns
    -----
    SpectrumWarning
        If the brightness of the spectra varies, or if there are spikes or spectra without counts;
        the message says what to do. In the first two cases, shares that add up to one are far off.

    See Also
    --------
    BayesianUnmixer : Standard deviations for spectra that are independent of each other.

    Notes
    -----
    Shares are shares of counts: if an endmember is twice as bright as another for the same amount
    of material, its share is twice as large.

    References
    ----------
    .. [1] L. Miao and H. Qi, "Endmember extraction from highly mixed data using minimum volume
       constrained nonnegative matrix factorization", IEEE Transactions on Geoscience and Remote
       Sensing 45, 765 (2007), for the idea; corners instead of a factorisation are optimised here.

    Examples
    --------
    >>> import numpy as np
    >>> from skspectra.unmixing import MinimumVolumeUnmixer
    >>> rng = np.random.default_rng(0)
    >>> energy = np.linspace(0, 1, 80)
    >>> pure = 200 * np.exp(-(((energy - [[0.3], [0.5], [0.7]]) / 0.1) ** 2)) + 20
    >>> shares = rng.dirichlet([1, 1, 1], size=3000)
    >>> shares = shares[shares.max(axis=1) < 0.8]  # nowhere pure
    >>> counts = rng.poisson(shares @ pure)
    >>> unmix = MinimumVolumeUnmixer().fit(counts)
    >>> unmix.n_components_
    3
    >>> order = unmix.components_.argmax(axis=1).argsort()
    >>> print(f"{abs(unmix.transform(counts)[:, order] - shares).mean():.2f}")
    0.01
    """

    _parameter_constraints: dict = {
        "n_components": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
        "poisson": ["boolean"],
        "volume_weight": [Interval(Real, 0, None, closed="neither"), StrOptions({"auto"})],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        n_components="auto",
        *,
        poisson=True,
        volume_weight="auto",
        max_iter=100,
        random_state=None,
    ):
        self.n_components = n_components
        self.poisson = poisson
        self.volume_weight = volume_weight
        self.max_iter = max_iter
        self.random_state = random_state

    def _fit(self, X):
        X = self._validate_spectra(X, reset=True, ensure_min_samples=2)
        axes = principal_axes(self._checked_blocks(X), poisson=self.poisson)
        auto = self.n_components == "auto"
        self.n_components_ = count_endmembers(axes) if auto else self.n_components
        check_n_components(self.n_components_, X)
        check_room(axes, self.n_components_)
        self.noise_variance_ = noise_variance(axes, self.n_components_ - 1)
        self._weights = 1 / axes.scale**2
        spectra = rows_of_sample(X, _MOST_SPECTRA, as_generator(self.random_state))
        self._warn(spectra, axes)
        self.components_, self.volume_weight_, self.n_iter_ = minimum_volume_endmembers(
            spectra, axes, self.n_components_, gamma=self._gamma(), max_iter=self.max_iter
        )

    def bootstrap(self, X, image_shape=None, *, block=16, n_draws=40, random_state=None, verbose=0):
        """Estimate standard deviations of endmembers and abundances.

        Images are composed of blocks that are drawn from the image, because neighbouring pixels are
        alike, and the endmembers of each are found. The weight of the volume varies by a factor of
        3 each way, since the number of spectra at the faces is not known better. Abundances are
        drawn given these endmembers, with a Dirichlet prior that is learnt. Value plus or minus
        1.645 standard deviations is an interval of 90 %: of simulated images of 64 x 64 pixels such
        intervals held .86 to .94 of the truth where features are 3 pixels wide, .79 to .88 where
        they are 6.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
            The spectra of `fit`.
        image_shape : tuple of int, default=None
            Shape of the image or line whose pixels they are, row by row; None takes spectra that
            are independent of each other.
        block : int, default=16
            Side of the blocks in pixels: about four times the distance over which pixels are alike,
            and at most half of the image.
        n_draws : int, default=40
            Number of images. At most 16 384 spectra of each are used.
        random_state : int, RandomState instance or None, default=None
            Seeds all draws.
        verbose : int or bool, default=0
            Whether to show progress over the images.

        Returns
        -------
        uncertainty : UnmixingUncertainty

        Raises
        ------
        ValueError
            If there are not as many spectra as pixels, or blocks are larger than half of the image.

        References
        ----------
        H. R. Kuensch, "The jackknife and the bootstrap for general stationary observations", Annals
        of Statistics 17, 1217 (1989), for blocks.
        """
        X = self._check_fitted_and_validate(X)
        return bootstrap_uncertainty(
            self, X, image_shape, block, n_draws, as_generator(random_state), _MOST_SPECTRA, verbose
        )

    def _gamma(self):
        return None if self.volume_weight == "auto" else self.volume_weight

    def _channel_weights(self):
        return self._weights

    def _warn(self, spectra, axes):
        """Name the steps that the spectra need first."""
        if brightness_varies(axes):
            warnings.warn(
                "The brightness of the spectra varies, or some are of vacuum: one of the principal "
                "axes is the mean spectrum. Shares that add up to one explain this by endmembers "
                "that there are not; put SpectrumNormalizer('area', center=False) first.",
                SpectrumWarning,
                stacklevel=5,
            )
        if self.poisson:
            is_spiked = spikes(spectra, axes.mean, self.noise_variance_).any(axis=1)
            warn_spectra(
                is_spiked,
                "{count} have spikes, which become corners of the simplex. Remove them first, as "
                "by the spikes_removal_tool of HyperSpy.",
            )
            empty = ~spectra.any(axis=1)
            warn_spectra(empty, "{count} have no counts; they say nothing about the endmembers.")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.positive_only = self.poisson
        return tags
