"""How often one class becomes another from frame to frame."""

from numbers import Integral, Real
from typing import NamedTuple

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from skspectra._numerics.images.markov import (
    dirichlet_intervals,
    implied_timescales,
    order_test,
    stationary_distribution,
    transition_counts,
)
from skspectra._sklearn import Interval, fit_context

__all__ = ["MarkovTest", "TransitionMatrix"]


class MarkovTest(NamedTuple):
    """Result of `TransitionMatrix.test_markov`.

    Attributes
    ----------
    statistic : float
        Twice the logarithm of the likelihood ratio of a chain of second order over one of first.
    p_value : float
        Probability that a chain of first order has at least this statistic. If it is small, such as
        below .05, the state before the last one matters.

    Examples
    --------
    >>> from skspectra.imaging import TransitionMatrix
    >>> sequence = [0, 0, 1, 1] * 50  # what comes next depends on the last two
    >>> print(f"{TransitionMatrix().fit([sequence]).test_markov([sequence]).p_value:.3f}")
    0.000
    """

    statistic: float
    p_value: float


class TransitionMatrix(BaseEstimator):
    r"""Estimate the transition probabilities between classes, along a time or a line.

    .. math:: P_{ij} = \frac{n_{ij} + \beta}{\sum_k (n_{ik} + \beta)}

    with the counts :math:`n_{ij}` of all overlapping pairs that are `lag` steps apart and the prior
    :math:`\beta`. If `lag` is shorter than the memory of the process, the implied timescales still
    grow with it [1]_.

    Parameters
    ----------
    n_states : int, default=None
        Number of classes; None takes one more than the largest.
    lag : int, default=1
        Steps between the two classes of a pair.
    prior : float, default=0
        Counts that are added to every pair: 1/2 is Jeffreys', 1 a uniform prior.
    reversible : bool, default=False
        Whether the flow from i to j must equal that from j to i (detailed balance), estimated by
        the maximum likelihood of deeptime, which must be installed.

    Attributes
    ----------
    counts_ : ndarray of shape (n_states, n_states), int
        Counts of the pairs, from row to column.
    transition_matrix_ : ndarray of shape (n_states, n_states)
        Probabilities; rows add up to 1. A state that is never left stays.
    stationary_distribution_ : ndarray of shape (n_states,)
        Shares of the states after a long time.
    implied_timescales_ : ndarray of shape (n_states - 1,)
        Steps in which modes decay, the slowest first.
    n_states_ : int
        Number of classes.

    Raises
    ------
    ValueError
        If classes are not whole numbers from -1 (not seen) to ``n_states - 1``, or no sequence is
        longer than `lag`.

    References
    ----------
    .. [1] J.-H. Prinz et al., Journal of Chemical Physics 134, 174105 (2011).

    Examples
    --------
    >>> from skspectra.imaging import TransitionMatrix
    >>> chain = TransitionMatrix().fit([[0, 0, 1, 0, 0, 1, 1, 0], [1, 1, 0]])
    >>> chain.counts_
    array([[2, 2],
           [3, 2]])
    >>> chain.transition_matrix_
    array([[0.5, 0.5],
           [0.6, 0.4]])
    """

    _parameter_constraints: dict = {
        "n_states": [Interval(Integral, 1, None, closed="left"), None],
        "lag": [Interval(Integral, 1, None, closed="left")],
        "prior": [Interval(Real, 0, None, closed="left")],
        "reversible": ["boolean"],
    }

    def __init__(self, n_states=None, *, lag=1, prior=0.0, reversible=False):
        self.n_states = n_states
        self.lag = lag
        self.prior = prior
        self.reversible = reversible

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Count transitions.

        Parameters
        ----------
        X : list of array-like of shape (n_steps,), or array-like of shape (n_sequences, n_steps)
            Classes in the order of time, one sequence for each atom or place; -1 where there is
            none.
        y : None
            Ignored.

        Returns
        -------
        self : object
        """
        sequences = _check_sequences(X)
        longest = max(map(len, sequences), default=0)
        if longest <= self.lag:
            raise ValueError(
                f"Sequences of at most {longest} steps have no pair at lag={self.lag}. Lower lag."
            )
        largest = max(int(each.max(initial=-1)) for each in sequences)
        self.n_states_ = largest + 1 if self.n_states is None else self.n_states
        if largest >= self.n_states_ or self.n_states_ == 0:
            raise ValueError(
                f"Classes must be numbers from 0 to n_states - 1, got {largest} with "
                f"n_states={self.n_states_}."
            )
        self.counts_ = transition_counts(sequences, self.n_states_, self.lag)
        self.transition_matrix_ = self._probabilities()
        self.stationary_distribution_ = stationary_distribution(self.transition_matrix_)
        self.implied_timescales_ = implied_timescales(self.transition_matrix_, self.lag)
        return self

    def interval(self, confidence=0.9):
        """Return credible intervals of the probabilities.

        Parameters
        ----------
        confidence : float, default=0.9
            Probability that an interval holds the true value.

        Returns
        -------
        lower, upper : ndarray of shape (n_states, n_states)
            Of the Dirichlet distribution of each row, with a uniform prior if `prior` is 0. Pairs
            that overlap are taken for independent.
        """
        check_is_fitted(self, "counts_")
        return tuple(dirichlet_intervals(self.counts_ + (self.prior or 1.0), confidence))

    def test_markov(self, X):
        """Test the null hypothesis that the state before the last one does not matter.

        Parameters
        ----------
        X : list of array-like of shape (n_steps,), or array-like of shape (n_sequences, n_steps)
            Sequences, usually those of `fit`.

        Returns
        -------
        result : MarkovTest
        """
        check_is_fitted(self, "counts_")
        return MarkovTest(*order_test(_check_sequences(X), self.n_states_, self.lag))

    def _probabilities(self):
        if self.reversible:
            return _reversible(self.counts_ + self.prior)
        weights = self.counts_ + self.prior
        empty = weights.sum(axis=1) == 0
        weights = np.where(empty[:, None], np.eye(self.n_states_), weights)
        return weights / weights.sum(axis=1, keepdims=True)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        return tags


def _reversible(counts):
    try:
        from deeptime.markov.msm import MaximumLikelihoodMSM
    except ImportError as error:
        raise ImportError("reversible=True needs deeptime: pip install deeptime.") from error
    return MaximumLikelihoodMSM(reversible=True).fit_fetch(counts).transition_matrix


def _check_sequences(X):
    sequences = [np.asarray(each) for each in X]
    for number, each in enumerate(sequences):
        whole = (each.dtype.kind in "iu" or each.size == 0) and each.ndim == 1
        if not whole or (each.size and each.min() < -1):
            raise ValueError(
                f"Sequence {number} must hold whole numbers, -1 for none, in one dimension; got "
                f"dtype {each.dtype} and shape {each.shape}."
            )
    return [each.astype(np.int64) for each in sequences]
