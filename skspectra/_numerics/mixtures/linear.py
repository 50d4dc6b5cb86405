"""Abundances of known endmembers, and how well they explain the spectra."""

from functools import partial

import numpy as np
from sklearn.utils import assert_all_finite, gen_batches

from skspectra._numerics.mixtures.nnls import least_squares, nnls

__all__ = ["abundances", "chi_square", "expected_counts", "finite_products", "symmetric_pairs"]

_GRAM_NUMBERS = 1 << 21  # of products of endmembers that are held at a time
LEAST_VARIANCE = 1.0  # of counts: what a channel without any is taken to have


def abundances(X, endmembers, *, weights=None, sum_to_one=True, non_negative=True):
    r"""Minimise :math:`\sum_j w_{ij} (X_{ij} - \sum_k a_{ik} E_{kj})^2` for each spectrum.

    Parameters
    ----------
    X : ndarray of shape (n_spectra, n_channels), float64
        Spectra.
    endmembers : ndarray of shape (n_components, n_channels), float64
        Spectra of what is pure.
    weights : ndarray of shape (n_channels,) or (n_spectra, n_channels), default=None
        One over the variance; None weighs all alike.
    sum_to_one, non_negative : bool, default=True
        What the abundances must be.

    Returns
    -------
    abundances : ndarray of shape (n_spectra, n_components)

    Raises
    ------
    ValueError
        If X holds NaN or infinity.
    """
    solve = partial(nnls if non_negative else least_squares, sum_to_one=sum_to_one)
    if weights is None or weights.ndim == 1:
        weighted = endmembers if weights is None else endmembers * weights
        return solve(weighted @ endmembers.T, finite_products(X, weighted))
    result = np.empty((len(X), len(endmembers)))
    for rows in gen_batches(len(X), max(1, _GRAM_NUMBERS // len(endmembers) ** 2)):
        gram = _gram_of_each(endmembers, weights[rows])
        result[rows] = solve(gram, (X[rows] * weights[rows]) @ endmembers.T)
    return result


def finite_products(X, endmembers):
    """Return :math:`X E^T`, or raise a ValueError where X holds NaN or infinity.

    Products inherit what is not finite, and are few: to look at them is much quicker than to read
    the spectra once more.
    """
    with np.errstate(invalid="ignore"):
        products = (endmembers @ X.T).T
    if not np.isfinite(products).all():
        assert_all_finite(X, input_name="X")
    return products


def _gram_of_each(endmembers, weights):
    """Products of the endmembers for each spectrum, by one product of matrices."""
    row, column, position = symmetric_pairs(len(endmembers))
    return (weights @ (endmembers[row] * endmembers[column]).T)[:, position]


def symmetric_pairs(n):
    """Rows and columns of the pairs of n, each once, and the number of the pair of each entry."""
    row, column = np.triu_indices(n)
    position = np.empty((n, n), dtype=int)
    position[row, column] = position[column, row] = np.arange(row.size)
    return row, column, position


def expected_counts(model, background=0.0):
    """Variance of counts by the model of them, 1 at least."""
    expected = model + background
    return np.maximum(expected, LEAST_VARIANCE, out=expected)


def chi_square(X, model, variance, n_parameters):
    """Sum of squares over variances, over the degrees of freedom: about 1 for a good model."""
    freedom = max(X.shape[1] - n_parameters, 1)
    return ((X - model) ** 2 / variance).sum(axis=1) / freedom
