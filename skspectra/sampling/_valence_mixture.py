"""Spectra of mixed valence, made of those of pure valence."""

from numbers import Integral, Real

import numpy as np

from skspectra._numerics.random import as_generator, check_range
from skspectra._sklearn import Interval
from skspectra.sampling._base import SpectralSampler
from skspectra.sampling._mixing import scale_by_maximum, take_shifted

__all__ = ["ValenceMixture"]


class ValenceMixture(SpectralSampler):
    r"""Add classes of mixed valence: sums of random spectra of pure classes.

    For each new spectrum, one random spectrum of every class that is mixed is shifted by its own
    amount and scaled by its maximum, and they are added up [1]_:

    .. math:: X(E) = \sum_k f_k \frac{X_k(E - s_k)}{\max X_k}, \qquad s_k \sim U(\mathrm{low},
              \mathrm{high})

    The original spectra come first, unchanged; put a `SpectrumNormalizer` after this step. In a
    `skspectra.pipeline.Pipeline` mixtures are made only while it is fitted.

    Parameters
    ----------
    fractions : dict of str to dict of str to float
        For each class to add, the classes it consists of and their fractions, above 0 and of sum 1;
        ``{"Mn2.5+": {"Mn2+": 0.5, "Mn3+": 0.5}, "Mn3.5+": {"Mn3+": 0.5, "Mn4+": 0.5}}`` makes the
        five classes of [1]_. A class that exists already gets more spectra.
    n_samples : int, default=1500
        Number of spectra to add of each class.
    shift : float or tuple of (float, float), default=(-1, 1)
        Shift of each spectrum before it is added, in units of the axis: a range, or one shift for
        all. The ends are filled with the value at the end.
    spectral_axis : array-like of shape (n_channels,), default=None
        Axis of the spectra; None takes it from numeric column names, else the channel numbers.
    random_state : int, RandomState instance or None, default=None
        Seeds the choice of spectra and the shifts.

    Attributes
    ----------
    spectral_axis_ : ndarray of shape (n_channels,)
        The axis.
    n_features_in_ : int
        Number of channels seen at fit.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen at fit, where they are strings.

    Raises
    ------
    ValueError
        If a class to be mixed does not occur in y, fractions are not above 0 or do not sum to 1,
        or a name is not of the type of the labels in y.

    Warns
    -----
    SpectrumWarning
        Once, with the count of the spectra whose maximum is not above 0: they are mixed unscaled.

    See Also
    --------
    RandomMixture : Mixtures in random proportion, for regression.

    References
    ----------
    .. [1] M. Chatzidakis, "Applications of statistical learning algorithms in electron
       spectroscopy", thesis, McMaster University (2018).

    Examples
    --------
    >>> import numpy as np
    >>> from skspectra.sampling import ValenceMixture
    >>> X = np.array([[0.0, 2.0, 0.0], [0.0, 0.0, 5.0]])
    >>> halves = {"Mn2.5+": {"Mn2+": 0.5, "Mn3+": 0.5}}
    >>> mixture = ValenceMixture(halves, n_samples=1, shift=0)
    >>> mixture.fit_resample(X, np.array(["Mn2+", "Mn3+"]))
    (array([[0. , 2. , 0. ],
           [0. , 0. , 5. ],
           [0. , 0.5, 0.5]]), array(['Mn2+', 'Mn3+', 'Mn2.5+'], dtype='<U6'))
    """

    _parameter_constraints: dict = {
        "fractions": [dict],
        "n_samples": [Interval(Integral, 1, None, closed="left")],
        "shift": [Interval(Real, None, None, closed="neither"), tuple, list],
        "spectral_axis": ["array-like", None],
        "random_state": ["random_state"],
    }

    def __init__(
        self, fractions, n_samples=1500, *, shift=(-1, 1), spectral_axis=None, random_state=None
    ):
        self.fractions = fractions
        self.n_samples = n_samples
        self.shift = shift
        self.spectral_axis = spectral_axis
        self.random_state = random_state

    def _fit_resample(self, X, y):
        bounds = check_range(self.shift, "shift")
        for name, parts in self.fractions.items():
            _check_mixture(name, parts, y)
        scaled = scale_by_maximum(X)
        rng = as_generator(self.random_state)
        mixtures = [self._mix(parts, scaled, y, bounds, rng) for parts in self.fractions.values()]
        names = np.repeat(np.array(list(self.fractions), dtype=_label_dtype(y)), self.n_samples)
        return np.concatenate([X, *mixtures]), np.concatenate([y, names])

    def _mix(self, parts, X, y, bounds, rng):
        """Spectra of one mixed class."""
        total = np.zeros((self.n_samples, X.shape[1]), dtype=X.dtype)
        for name, fraction in parts.items():
            rows = rng.choice(np.flatnonzero(y == name), self.n_samples)
            total += fraction * take_shifted(X, rows, self.spectral_axis_, bounds, rng)
        return total


def _check_mixture(name, parts, y):
    if not isinstance(parts, dict) or not parts:
        raise ValueError(
            f"fractions[{name!r}] must be a dict of classes and their fractions, got {parts!r}."
        )
    values = list(parts.values())
    if not all(isinstance(value, Real) and value > 0 for value in values):
        raise ValueError(f"The fractions of {name!r} must be numbers above 0, got {values}.")
    if not np.isclose(sum(values), 1, rtol=0, atol=1e-6):
        raise ValueError(f"The fractions of {name!r} must sum to 1, got {sum(values):g}.")
    known = np.unique(y).tolist()
    unknown = [part for part in parts if part not in known]
    if unknown:
        raise ValueError(f"{name!r} is to be mixed of {unknown}, but y only holds {known}.")
    same = isinstance(name, str) == isinstance(known[0], str)
    if not same or not np.can_cast(np.array([name]).dtype, y.dtype, "same_kind"):
        raise ValueError(f"Class {name!r} is not of the type of the classes in y, {known}.")


def _label_dtype(y):
    """Type of new labels: that of y, but text as long as it takes."""
    return str if y.dtype.kind == "U" else y.dtype
