"""Principal components of counts, scaled so that noise is even."""

from numbers import Integral

from skspectra._numerics.mixtures.affine_plane import count_above_noise
from skspectra._numerics.mixtures.linear import finite_products
from skspectra._numerics.poisson_pca import add_moments, poisson_components
from skspectra._sklearn import Interval, StrOptions, fit_context
from skspectra.unmixing._linear import LinearUnmixer

__all__ = ["PoissonPCA"]


class PoissonPCA(LinearUnmixer):
    r"""Find principal components of counts, with channels and spectra weighted by their noise.

    .. math:: X_{ij} \Big/ \sqrt{r_i c_j / m} \approx \sum_k U_{ik} V_{kj}

    with the means r of the spectra, c of the channels and m of all, so that counting noise has a
    variance of 1 everywhere [1]_. The first component is about the mean spectrum; nothing is
    subtracted. Apart from this trivial component these are the factors of correspondence analysis,
    which electron microscopists have used since 1990 [2]_.

    Spectra can be given in parts, or be larger than memory, with the same result: only sums over
    spectra are kept.

    Components are orthogonal and have an arbitrary sign, so they are not spectra of phases: use
    `MinimumVolumeUnmixer` for these, and `PCADenoiser` to remove noise.

    Parameters
    ----------
    n_components : int or "auto", default="auto"
        Number of components. "auto" takes those above the largest that noise alone makes: the edge
        of Marchenko and Pastur's law, at a level of 99 % [3]_, with the variance of noise from the
        median component, so that a gain has no effect. Noise that is correlated along the axis, as
        after interpolation, gives too many components.

    Attributes
    ----------
    components_ : ndarray of shape (`n_components_`, n_channels)
        Components in the units of the spectra: :math:`V \sqrt{c}`, with orthonormal V.
    n_components_ : int
        Number of components.
    channel_scale_ : ndarray of shape (n_channels,)
        Root of the mean spectrum.
    explained_variance_ : ndarray of shape (`n_components_`,)
        Mean squared score of each component in scaled units, in which noise alone has about 1.
    explained_variance_ratio_ : ndarray of shape (`n_components_`,)
        Share of the sum over all components.
    spectral_axis_ : ndarray of shape (n_channels,)
        The axis: numeric column names, else the channel numbers.
    n_features_in_ : int
        Number of channels seen at fit.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen at fit, where they are strings.

    Raises
    ------
    ValueError
        If values are negative, or there are fewer spectra or channels than components.

    References
    ----------
    .. [1] M. R. Keenan and P. G. Kotula, Surface and Interface Analysis 36, 203 (2004).
    .. [2] P. Trebbia and N. Bonnet, Ultramicroscopy 34, 165 (1990).
    .. [3] I. M. Johnstone, Annals of Statistics 29, 295 (2001).

    Examples
    --------
    >>> import numpy as np
    >>> from skspectra.unmixing import PoissonPCA
    >>> rng = np.random.default_rng(0)
    >>> energy = np.linspace(0, 1, 80)
    >>> lines = 50 * np.exp(-(((energy - [[0.3], [0.6]]) / 0.1) ** 2)) + 5
    >>> counts = rng.poisson(rng.uniform(size=(2000, 2)) @ lines)
    >>> pca = PoissonPCA().fit(counts)
    >>> pca.n_components_
    2
    >>> pca.transform(counts).shape
    (2000, 2)
    """

    _parameter_constraints: dict = {
        "n_components": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
    }
    _sum_to_one = False
    poisson = True

    def __init__(self, n_components="auto"):
        self.n_components = n_components

    def _fit(self, X):
        self._moments = None
        self._add(X, reset=True)

    @fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y=None):
        """Update the components with more spectra.

        The components are those that `fit` finds of all at once.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
            Counts. The first call needs at least as many spectra as components.
        y : None
            Ignored.

        Returns
        -------
        self : object
        """
        first = not hasattr(self, "components_")
        self._moments = None if first else self._moments
        return self._add(X, reset=first)

    def _add(self, X, *, reset):
        X = self._validate_spectra(X, reset=reset, ensure_min_samples=2 if reset else 1)
        moments = self._moments
        if moments is not None:
            moments = moments._replace(total=moments.total.copy(), scatter=moments.scatter.copy())
        for block in self._checked_blocks(X):
            moments = add_moments(block, moments, poisson=True)
        n_spectra, n_channels = moments.n_spectra, X.shape[1]
        found = poisson_components(moments)
        if self.n_components == "auto":
            n_components = max(1, count_above_noise(found.values, n_spectra))
        elif self.n_components > min(n_spectra, n_channels):
            raise ValueError(
                f"n_components={self.n_components} needs as many spectra and channels, got "
                f"n_samples={n_spectra} spectra of {n_channels} channels. Lower n_components."
            )
        else:
            n_components = self.n_components
        first = slice(n_components)
        self._moments, self.n_components_, self.channel_scale_ = moments, n_components, found.scale
        self.components_ = found.vectors[first] * found.scale
        self.explained_variance_ = found.values[first] / n_spectra
        self.explained_variance_ratio_ = found.variance_ratio[first]
        return self

    def _abundances(self, X):
        return finite_products(X, self.components_ / self.channel_scale_**2)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.positive_only = True
        return tags
