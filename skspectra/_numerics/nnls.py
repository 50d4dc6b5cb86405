"""Non-negative least squares of many spectra at once."""

import numpy as np

__all__ = ["MOST_REFERENCES", "nnls"]

MOST_REFERENCES = 62  # a subset of them is told by the bits of one integer

_MAX_ROUNDS = 200
_PATIENCE = 3
_TOLERANCE = 1e-11
_RIDGE = 1e-13


def nnls(gram, products):
    r"""Minimise :math:`\|x - a E\|^2` over :math:`a \ge 0`, exactly, for many spectra x.

    Block principal pivoting [1]_: all variables that violate the optimality conditions change sides
    together, and one by one where that stops helping. Spectra with the same non-zero variables are
    solved together.

    Parameters
    ----------
    gram : ndarray of shape (n_references, n_references) or (n_spectra, n_references, n_references)
        Products :math:`E E^T` of the references with each other, the same for all spectra or one
        set for each. Linearly dependent references share what belongs to them.
    products : ndarray of shape (n_spectra, n_references)
        Products :math:`x E^T` of the spectra with the references. At most `MOST_REFERENCES`.

    Returns
    -------
    coefficients : ndarray of shape (n_spectra, n_references)

    References
    ----------
    .. [1] J. Kim and H. Park, SIAM Journal on Scientific Computing 33, 3261 (2011), algorithm 2.
    """
    gram, products, norms = _unit_diagonal(gram, products)
    n_spectra, n_references = products.shape
    solution = np.zeros_like(products)
    positive = np.ones(products.shape, dtype=bool)
    fewest, patience = np.full(n_spectra, n_references + 1), np.full(n_spectra, _PATIENCE)
    rows = np.arange(n_spectra)
    tolerance = _TOLERANCE * np.abs(products).max(axis=1, keepdims=True, initial=0)
    for _ in range(_MAX_ROUNDS):
        part = gram if gram.ndim == 2 else gram[rows]
        solved = _solve(part, products[rows], positive[rows])
        dual = np.einsum("...ij,...j->...i", part, solved) - products[rows]
        wrong = np.where(positive[rows], solved, dual) < -tolerance[rows]
        solution[rows] = solved
        rows, wrong = rows[wrong.any(axis=1)], wrong[wrong.any(axis=1)]
        if rows.size == 0:
            break
        improved = wrong.sum(axis=1) < fewest[rows]
        fewest[rows] = np.minimum(fewest[rows], wrong.sum(axis=1))
        patience[rows] = np.where(improved, _PATIENCE, patience[rows] - 1)
        positive[rows] ^= np.where((patience[rows] >= 0)[:, None], wrong, _last(wrong))
    return np.maximum(solution, 0) / norms


def _unit_diagonal(gram, products):
    """Scale the references to length 1, and keep dependent ones apart by a hair."""
    norms = np.sqrt(np.diagonal(gram, axis1=-2, axis2=-1))
    norms = np.where(norms > 0, norms, 1.0)
    gram = gram / (norms[..., :, None] * norms[..., None, :])
    return gram + _RIDGE * np.eye(gram.shape[-1]), products / norms, norms


def _solve(gram, products, positive):
    """Least squares of each spectrum by its own subset of the references."""
    solution = np.zeros_like(products)
    codes = positive @ (1 << np.arange(positive.shape[1]))
    order = np.argsort(codes, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(codes[order])) + 1):
        used = np.flatnonzero(positive[rows[0]])
        part = gram[..., used[:, None], used]
        wanted = products[rows[:, None], used]
        if gram.ndim == 2:
            solution[rows[:, None], used] = np.linalg.solve(part, wanted.T).T
        else:
            solution[rows[:, None], used] = np.linalg.solve(part[rows], wanted[..., None])[..., 0]
    return solution


def _last(wrong):
    """Only the last True of each row."""
    last = wrong.shape[1] - 1 - wrong[:, ::-1].argmax(axis=1)
    return np.arange(wrong.shape[1]) == last[:, None]
