"""Endmembers and abundances with what is not known of them: Bayesian linear unmixing."""

import warnings
from numbers import Integral, Real

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import check_is_fitted

from skspectra._numerics.mixtures.affine_plane import principal_axes
from skspectra._numerics.mixtures.bayesian import effective_sample_size, sample_mixture
from skspectra._numerics.mixtures.linear import abundances
from skspectra._numerics.mixtures.minimum_volume import minimum_volume_endmembers
from skspectra._numerics.random import as_generator
from skspectra._progress import Progress
from skspectra._sklearn import Interval, StrOptions
from skspectra.exceptions import warn_spectra
from skspectra.unmixing._linear import LinearUnmixer
from skspectra.unmixing._rows import check_n_components, check_room, rows_of_sample

__all__ = ["BayesianUnmixer"]

_LEAST_EFFECTIVE = 100


class BayesianUnmixer(LinearUnmixer):
    r"""Draw endmembers and abundances from their posterior distribution by Gibbs sampling.

    .. math:: X_{ij} \sim N\Big(\sum_k a_{ik} w_{kj},\ v_{ij}\Big), \qquad w_{kj} \ge 0, \quad
        a_i \sim \mathrm{Dirichlet}(\alpha)

    in the spirit of Dobigeon and others [1]_, with the variances of counts, estimated by as many
    components as endmembers. All spectra are drawn at once, then all channels, starting from the
    endmembers of least volume.

    Standard deviations are nearly right if spectra are independent of each other and the abundance
    prior is right: 90 % intervals then hold 84 to 90 %. In smooth images, or with a wrong prior,
    endmembers are known much less well than they say: use `MinimumVolumeUnmixer.bootstrap` for
    images.

    Parameters
    ----------
    n_components : int
        Number of endmembers.
    concentration : float, array-like of shape (n_components,) or "learn", default=1.0
        Concentration of the Dirichlet prior: 1 is uniform, less prefers pure spectra; "learn" draws
        it too, with a Gamma(2, 2) prior.
    n_sweeps : int, default=2000
        Sweeps of the sampler.
    burn_in : int, default=500
        Sweeps before the first draw that is kept.
    thin : int, default=5
        Sweeps from one draw that is kept to the next.
    random_state : int, RandomState instance or None, default=None
        Seeds all draws.
    verbose : int or bool, default=0
        Whether to show progress over the sweeps.

    Attributes
    ----------
    components_ : ndarray of shape (n_components, n_channels)
        Posterior mean of the endmembers.
    components_std_ : ndarray of shape (n_components, n_channels)
        Posterior standard deviation.
    abundances_ : ndarray of shape (n_spectra, n_components)
        Posterior mean of the abundances of the spectra of `fit`.
    abundances_std_ : ndarray of shape (n_spectra, n_components)
        Posterior standard deviation.
    concentration_ : ndarray of shape (n_components,)
        Concentration of the prior; its posterior mean if it was learnt.
    components_draws_ : ndarray of shape (n_draws, n_components, n_channels), float32
        Draws of the endmembers.
    abundances_draws_ : ndarray of shape (n_draws, n_some, n_components), float32
        Draws of the abundances of some spectra, at most 256.
    spectra_of_draws_ : ndarray of shape (n_some,)
        Their rows in X, evenly spread.
    effective_sample_size_ : ndarray of shape (n_components,)
        Effective number of independent draws of the sum of each endmember.
    spectral_axis_ : ndarray of shape (n_channels,)
        The axis: numeric column names, else the channel numbers.
    n_features_in_ : int
        Number of channels seen at fit.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen at fit, where they are strings.

    Raises
    ------
    ValueError
        If counts are negative, there are fewer spectra than endmembers, the spectra lie in fewer
        dimensions, or no sweep is left after `burn_in`.

    Warns
    -----
    SpectrumWarning
        If there are spectra without counts; their abundances are those of the prior.
    ConvergenceWarning
        If an effective sample size is below 100: use more sweeps, or trust only one digit of the
        standard deviations.

    Notes
    -----
    `transform` fits spectra by the posterior mean of the endmembers, by least squares; posterior
    means of the abundances are in `abundances_`.

    References
    ----------
    .. [1] N. Dobigeon et al., "Joint Bayesian endmember extraction and linear unmixing for
       hyperspectral imagery", IEEE Transactions on Signal Processing 57, 4355 (2009).

    Examples
    --------
    >>> import numpy as np
    >>> from skspectra.unmixing import BayesianUnmixer
    >>> rng = np.random.default_rng(0)
    >>> pure = 100 * np.exp(-(((np.linspace(0, 1, 40) - [[0.3], [0.7]]) / 0.1) ** 2)) + 10
    >>> share = rng.uniform(size=(300, 1))
    >>> X = rng.poisson(share * pure[0] + (1 - share) * pure[1])
    >>> unmix = BayesianUnmixer(2, random_state=0).fit(X)
    >>> order = unmix.components_.argmax(axis=1).argsort()
    >>> z = (unmix.abundances_[:, order] - np.hstack([share, 1 - share])) / unmix.abundances_std_
    >>> bool((abs(z) < 1.645).mean() > 0.8)
    True
    """

    _parameter_constraints: dict = {
        "n_components": [Interval(Integral, 1, None, closed="left")],
        "concentration": [
            Interval(Real, 0, None, closed="neither"),
            "array-like",
            StrOptions({"learn"}),
        ],
        "n_sweeps": [Interval(Integral, 2, None, closed="left")],
        "burn_in": [Interval(Integral, 0, None, closed="left")],
        "thin": [Interval(Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }
    poisson = True

    def __init__(
        self,
        n_components,
        *,
        concentration=1.0,
        n_sweeps=2000,
        burn_in=500,
        thin=5,
        random_state=None,
        verbose=0,
    ):
        self.n_components = n_components
        self.concentration = concentration
        self.n_sweeps = n_sweeps
        self.burn_in = burn_in
        self.thin = thin
        self.random_state = random_state
        self.verbose = verbose

    def _fit(self, X):
        X = self._validate_spectra(X, reset=True, ensure_min_samples=2)
        check_n_components(self.n_components, X)
        if self.burn_in >= self.n_sweeps:
            raise ValueError(
                f"burn_in={self.burn_in} leaves none of n_sweeps={self.n_sweeps} sweeps."
            )
        rng = as_generator(self.random_state)
        spectra = rows_of_sample(X, len(X), rng)
        axes = principal_axes(self._checked_blocks(spectra), poisson=True)
        check_room(axes, self.n_components)
        empty = ~spectra.any(axis=1)
        warn_spectra(empty, "{count} have no counts; their abundances are those of the prior.")
        start, _, _ = minimum_volume_endmembers(spectra, axes, self.n_components)
        learn = isinstance(self.concentration, str)
        draws = sample_mixture(
            spectra,
            start,
            abundances(spectra, start, weights=1 / axes.scale**2),
            np.ones(self.n_components) if learn else self._prior(),
            rng,
            Progress(self.verbose, "drawing", self.n_sweeps, "sweep").over(range(self.n_sweeps)),
            learn=learn,
            burn_in=self.burn_in,
            thin=self.thin,
        )
        self.components_draws_ = draws.endmembers
        self.abundances_draws_, self.spectra_of_draws_ = draws.abundances_of_some, draws.some
        self.components_ = draws.endmembers.mean(axis=0, dtype=np.float64)
        self.components_std_ = draws.endmembers.std(axis=0, dtype=np.float64)
        self.abundances_, self.abundances_std_ = draws.abundances, draws.abundances_std
        self.concentration_ = draws.concentration.mean(axis=0)
        sums = draws.endmembers.sum(axis=2, dtype=np.float64)
        self.effective_sample_size_ = effective_sample_size(sums)
        self._weights = 1 / axes.scale**2
        if self.effective_sample_size_.min() < _LEAST_EFFECTIVE:
            warnings.warn(
                f"The {len(sums)} draws are worth {self.effective_sample_size_.min():.0f} "
                "independent ones only; raise n_sweeps.",
                ConvergenceWarning,
                stacklevel=4,
            )

    def to_arviz(self):
        """Return the draws for the diagnostics and figures of arviz.

        Returns
        -------
        data : arviz.InferenceData
            One chain of ``components``, and of ``abundances`` of some spectra. Chains of fits with
            other seeds begin with the same endmembers in the same order: join them by
            ``arviz.concat(chains, dim="chain")``, and `arviz.rhat` compares them.

        Raises
        ------
        ImportError
            If arviz is missing.
        """
        check_is_fitted(self, "components_draws_")
        try:
            import arviz
        except ImportError as error:
            raise ImportError(
                "to_arviz needs arviz: pip install arviz, or skspectra[bayes]."
            ) from error
        return arviz.from_dict(
            {
                "components": self.components_draws_[None],
                "abundances": self.abundances_draws_[None],
            },
            dims={
                "components": ["component", "channel"],
                "abundances": ["spectrum", "component"],
            },
            coords={"channel": self.spectral_axis_, "spectrum": self.spectra_of_draws_},
        )

    def _prior(self):
        prior = np.broadcast_to(np.asarray(self.concentration, dtype=float), self.n_components)
        if not (prior > 0).all():
            raise ValueError(f"concentration must be positive, got {self.concentration!r}.")
        return prior

    def _channel_weights(self):
        return self._weights

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.positive_only = True
        return tags
