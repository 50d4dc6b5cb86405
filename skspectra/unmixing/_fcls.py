"""Abundances of endmembers that are known: fully constrained least squares, and what is less so."""

import numpy as np
from sklearn.utils.validation import check_array

from skspectra._numerics.mixtures.linear import abundances, expected_counts
from skspectra._sklearn import StrOptions
from skspectra.unmixing._linear import LinearUnmixer

__all__ = ["FCLS"]


class FCLS(LinearUnmixer):
    r"""Fit abundances of known endmembers by fully constrained least squares (FCLS).

    .. math:: \min_a \sum_j w_{ij} \Big(X_{ij} - \sum_k a_{ik} E_{kj}\Big)^2
        \quad \text{with} \quad a_{ik} \ge 0, \quad \sum_k a_{ik} = 1

    This is multiple linear regression with two constraints, each of which can be left out [1]_. It
    is solved exactly for any number of endmembers. The conditions of the optimum are checked for
    each spectrum, and a ConvergenceWarning counts the spectra for which they do not hold. Collinear
    endmembers share their abundance.

    Parameters
    ----------
    endmembers : array-like of shape (n_components, n_channels) or dict of str to array-like
        Endmembers, in the units of the spectra; names of a dict become column names.
    sum_to_one : bool, default=True
        Whether the abundances of a spectrum add up to 1. Set it to False where the brightness
        varies.
    non_negative : bool, default=True
        Whether abundances are at least 0.
    weights : "poisson" or array-like of shape (n_channels,), default=None
        Weights of the squares. None gives all channels the same weight; "poisson" divides by the
        counts that a first fit expects, at least 1; an array has the weight of each channel, the
        inverse of its variance.

    Attributes
    ----------
    components_ : ndarray of shape (n_components, n_channels)
        The endmembers.
    spectral_axis_ : ndarray of shape (n_channels,)
        The axis: numeric column names, else the channel numbers.
    n_features_in_ : int
        Number of channels seen at fit.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen at fit, where they are strings.

    Raises
    ------
    ValueError
        If endmembers or weights have another length than the spectra, or weights are negative.

    See Also
    --------
    ReferenceFit : References of another calibration, shifted to each spectrum.

    References
    ----------
    .. [1] D. C. Heinz and C.-I Chang, IEEE Transactions on Geoscience and Remote Sensing 39, 529
       (2001).

    Examples
    --------
    >>> from skspectra.unmixing import FCLS
    >>> X = [[3.0, 1.0, 0.0], [1.0, 1.0, 4.0], [2.0, 1.0, 2.0]]
    >>> unmix = FCLS({"A": X[0], "B": X[1]}).fit(X)
    >>> unmix.transform(X).round(6)
    array([[1. , 0. ],
           [0. , 1. ],
           [0.5, 0.5]])
    >>> unmix.get_feature_names_out()
    array(['A', 'B'], dtype=object)
    """

    _parameter_constraints: dict = {
        "endmembers": ["array-like", dict],
        "sum_to_one": ["boolean"],
        "non_negative": ["boolean"],
        "weights": [StrOptions({"poisson"}), "array-like", None],
    }

    def __init__(self, endmembers, *, sum_to_one=True, non_negative=True, weights=None):
        self.endmembers = endmembers
        self.sum_to_one = sum_to_one
        self.non_negative = non_negative
        self.weights = weights

    def _fit(self, X):
        n_channels = self._validate_spectra(X, reset=True).shape[1]
        named = isinstance(self.endmembers, dict)
        spectra = list(self.endmembers.values()) if named else self.endmembers
        self.components_ = check_array(spectra, dtype=np.float64, input_name="endmembers")
        self._names = list(map(str, self.endmembers)) if named else None
        _check_length(self.components_.shape[1], n_channels, "endmembers")
        self._weights = self.weights
        if not (self.weights is None or isinstance(self.weights, str)):
            (self._weights,) = check_array([self.weights], dtype=np.float64, input_name="weights")
            _check_length(self._weights.size, n_channels, "weights")
            if self._weights.min() < 0:
                raise ValueError(f"weights must not be negative, got {self._weights.min():g}.")

    def _output_names(self):
        return super()._output_names() if self._names is None else self._names

    @property
    def _sum_to_one(self):
        return self.sum_to_one

    def _abundances(self, X):
        constraints = {"sum_to_one": self.sum_to_one, "non_negative": self.non_negative}
        weights = self._weights
        if isinstance(weights, str):
            first = abundances(X, self.components_, **constraints)
            weights = expected_counts(first @ self.components_)
            np.reciprocal(weights, out=weights)
        return abundances(X, self.components_, weights=weights, **constraints)


def _check_length(length, n_channels, name):
    if length != n_channels:
        raise ValueError(
            f"{name} have {length} channels, but the spectra have {n_channels}. Resample them to "
            "the axis of the spectra first."
        )
