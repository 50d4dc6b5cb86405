"""Mixtures of spectra in random proportion, and their targets."""

from numbers import Integral, Real

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_consistent_length, validate_data

from skspectra._input.spectra import SpectralMixin
from skspectra._input.targets import refuse_labels, refuse_targets
from skspectra._numerics.random import as_generator, check_range
from skspectra._sklearn import Interval, fit_context
from skspectra.sampling._mixing import scale_by_maximum, take_shifted

__all__ = ["RandomMixture"]

_MOST_TARGETS = 20  # more different ones are no components but continuous


class RandomMixture(SpectralMixin, BaseEstimator):
    r"""Add mixtures of spectra in random proportion, with their targets, for regression.

    Spectra with the same y are of one component. For each mixture, one random spectrum of each of
    `n_components` components is shifted by its own amount and scaled by its maximum, and they are
    added up. The targets are mixed in the same way:

    .. math:: X(E) = \sum_k f_k \frac{X_k(E - s_k)}{\max X_k}, \qquad y = \sum_k f_k\, y_k, \qquad
              f \sim \mathrm{Dirichlet}(\alpha), \quad s_k \sim U(\mathrm{low}, \mathrm{high})

    Valences of pure spectra become mean valences; rows with a single 1 become fractions.
    `ValenceMixture` makes mixtures for classification [1]_. Training on mixtures of all proportions
    is known as mixup [2]_.

    The original spectra come first, unchanged; put a `SpectrumNormalizer` after this step. In a
    `skspectra.pipeline.Pipeline` mixtures are made only while it is fitted.

    Parameters
    ----------
    n_samples : int, default=1500
        Number of mixtures to add.
    n_components : int, default=None
        Number of components in each mixture, all different. None is all, from 2 to 20. If y is
        continuous, every spectrum is a component of its own: choose 2 or 3.
    concentration : float, default=1.0
        :math:`\alpha`, above 0. With 1 all proportions are equally likely; with less, mixtures are
        closer to pure; with more, closer to equal parts.
    shift : float or tuple of (float, float), default=(-1, 1)
        Shift of each spectrum before it is added, in units of the axis: a range, or one shift for
        all. The ends are filled with the value at the end.
    spectral_axis : array-like of shape (n_channels,), default=None
        Axis of the spectra; None takes it from numeric column names, else the channel numbers.
    random_state : int, RandomState instance or None, default=None
        Seeds the choice of spectra, their fractions and the shifts.

    Attributes
    ----------
    spectral_axis_ : ndarray of shape (n_channels,)
        The axis.
    n_features_in_ : int
        Number of channels seen at fit.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen at fit, where they are strings.

    Warns
    -----
    SpectrumWarning
        Once, with the count of the spectra whose maximum is not above 0: they are mixed unscaled.

    See Also
    --------
    ValenceMixture : Labelled classes of fixed fractions.
    skspectra.neural.FullyConvRegressor : A net for such targets.

    Notes
    -----
    Fractions count spectra of the same height, as in [1]_. Atoms of another valence whose white
    line is higher for the same number of atoms are overestimated by as much.

    References
    ----------
    .. [1] M. Chatzidakis, "Applications of statistical learning algorithms in electron
       spectroscopy", thesis, McMaster University (2018).
    .. [2] H. Zhang, M. Cisse, Y. N. Dauphin and D. Lopez-Paz, "mixup: beyond empirical risk
       minimization", ICLR (2018), arXiv:1710.09412.

    Examples
    --------
    >>> import numpy as np
    >>> from skspectra.sampling import RandomMixture
    >>> X = np.array([[0.0, 2.0, 0.0], [0.0, 0.0, 5.0]])
    >>> mixture = RandomMixture(n_samples=1, concentration=5, shift=0, random_state=0)
    >>> X_mixed, valence = mixture.fit_resample(X, [2, 3])
    >>> X_mixed.round(2)
    array([[0.  , 2.  , 0.  ],
           [0.  , 0.  , 5.  ],
           [0.  , 0.53, 0.47]])
    >>> valence.round(2)
    array([2.  , 3.  , 2.47])
    """

    _parameter_constraints: dict = {
        "n_samples": [Interval(Integral, 1, None, closed="left")],
        "n_components": [Interval(Integral, 1, None, closed="left"), None],
        "concentration": [Interval(Real, 0, None, closed="neither")],
        "shift": [Interval(Real, None, None, closed="neither"), tuple, list],
        "spectral_axis": ["array-like", None],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        n_samples=1500,
        *,
        n_components=None,
        concentration=1.0,
        shift=(-1, 1),
        spectral_axis=None,
        random_state=None,
    ):
        self.n_samples = n_samples
        self.n_components = n_components
        self.concentration = concentration
        self.shift = shift
        self.spectral_axis = spectral_axis
        self.random_state = random_state

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y):
        """Check spectra and targets; `fit_resample` does the work.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
            Spectra.
        y : array-like of shape (n_spectra,) or (n_spectra, n_targets)
            Numbers.

        Returns
        -------
        self : object
        """
        self._check_X_y(X, y)
        return self

    @fit_context(prefer_skip_nested_validation=True)
    def fit_resample(self, X, y):
        """Return the spectra and mixtures of them.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
            Spectra.
        y : array-like of shape (n_spectra,) or (n_spectra, n_targets)
            Numbers that can be mixed: values, or the fractions of components.

        Returns
        -------
        X_resampled : ndarray or DataFrame of shape (n_spectra + n_samples, n_channels)
            Of floats; a pandas DataFrame if X is one.
        y_resampled : ndarray of shape (n_spectra + n_samples,) or (n_spectra + n_samples, \
n_targets)
            Their targets.

        Raises
        ------
        ValueError
            If y does not hold numbers, holds fewer different ones than `n_components`, or is
            continuous and `n_components` is None.
        """
        checked, y = self._check_X_y(X, y)
        bounds = check_range(self.shift, "shift")
        components, codes = np.unique(y, axis=0, return_inverse=True)
        n_mixed = _check_components(len(components), self.n_components)
        rng = as_generator(self.random_state)
        chosen = _draw_distinct(len(components), n_mixed, self.n_samples, rng)
        rows = _draw_members(codes.ravel(), chosen, rng)
        fractions = rng.dirichlet(np.full(n_mixed, self.concentration), self.n_samples)
        fractions = fractions.astype(checked.dtype, copy=False)
        scaled = scale_by_maximum(checked)
        mixed = np.zeros((self.n_samples, checked.shape[1]), dtype=checked.dtype)
        for each, weight in zip(rows.T, fractions.T, strict=True):
            mixed += weight[:, None] * take_shifted(scaled, each, self.spectral_axis_, bounds, rng)
        targets = np.einsum("nk,nk...->n...", fractions, y[rows])
        X_resampled = np.concatenate([checked, mixed])
        if hasattr(X, "columns"):
            X_resampled = pd.DataFrame(X_resampled, columns=list(X.columns))
        return X_resampled, np.concatenate([y, targets])

    def _check_X_y(self, X, y):
        refuse_targets(X, y)
        refuse_labels(
            y,
            instead="Map each label to a number, such as its valence; or use ValenceMixture, which "
            "mixes labelled classes.",
        )
        y = validate_data(self, y=y, multi_output=True, y_numeric=True)
        X = self._validate_spectra(X, reset=True)
        check_consistent_length(X, y)
        return X, np.asarray(y, dtype=np.float64)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        return tags


def _check_components(n_components, n_mixed):
    """Return how many components are mixed."""
    needed = 2 if n_mixed is None else n_mixed
    if n_components < needed:
        raise ValueError(
            f"{needed} components are to be mixed, but y holds {n_components} different "
            "target(s). Bring spectra of more components."
        )
    if n_mixed is None and n_components > _MOST_TARGETS:
        raise ValueError(
            f"y holds {n_components} different targets, and n_components=None mixes a spectrum of "
            "each. Say how many are mixed, for example n_components=2."
        )
    return n_components if n_mixed is None else n_mixed


def _draw_distinct(n, n_drawn, n_samples, rng):
    """Draw rows of `n_drawn` different numbers below `n`, each as likely as any other."""
    drawn = np.empty((n_samples, 0), dtype=np.int64)
    for number in range(n_drawn):
        new = rng.integers(n - number, size=n_samples)
        for taken in np.sort(drawn, axis=1).T:
            new += new >= taken
        drawn = np.column_stack([drawn, new])
    return drawn


def _draw_members(codes, chosen, rng):
    """Draw a random row of each chosen code."""
    order = np.argsort(codes, kind="stable")
    counts = np.bincount(codes)
    starts = np.cumsum(counts) - counts
    return order[starts[chosen] + rng.integers(counts[chosen])]
