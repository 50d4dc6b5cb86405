"""Non-negative least squares of many spectra at once."""

import numpy as np

__all__ = ["least_squares", "nnls"]

_MAX_ROUNDS = 500
_PATIENCE = 3
_TOLERANCE = 1e-11
_RIDGE = 1e-13


def nnls(gram, products, *, sum_to_one=False):
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
        Products :math:`x E^T` of the spectra with the references.
    sum_to_one : bool, default=False
        Whether the coefficients of each spectrum must have the sum 1.

    Returns
    -------
    coefficients : ndarray of shape (n_spectra, n_references)

    References
    ----------
    .. [1] J. Kim and H. Park, SIAM Journal on Scientific Computing 33, 3261 (2011), algorithm 2.
    """
    gram, products, norms = _unit_diagonal(gram, products)
    sums = _sums(norms) if sum_to_one else None
    n_spectra, n_references = products.shape
    solution = np.zeros_like(products)
    positive = np.ones(products.shape, dtype=bool)
    fewest, patience = np.full(n_spectra, n_references + 1), np.full(n_spectra, _PATIENCE)
    rows = np.arange(n_spectra)
    scale = np.abs(products).max(axis=1, keepdims=True, initial=0)
    tolerance = _TOLERANCE * (np.maximum(scale, sums[1]) if sum_to_one else scale)
    for _ in range(_MAX_ROUNDS):
        part, part_sums = gram, sums
        if gram.ndim == 3:
            part = gram[rows]
            part_sums = sums and (sums[0][rows], sums[1][rows])
        solved, dual = _solve(part, products[rows], positive[rows], part_sums)
        wrong = np.where(positive[rows], solved, dual) < -tolerance[rows]
        solution[rows] = solved
        rows, wrong = rows[wrong.any(axis=1)], wrong[wrong.any(axis=1)]
        if rows.size == 0:
            break
        improved = wrong.sum(axis=1) < fewest[rows]
        fewest[rows] = np.minimum(fewest[rows], wrong.sum(axis=1))
        patience[rows] = np.where(improved, _PATIENCE, patience[rows] - 1)
        positive[rows] ^= np.where((patience[rows] >= 0)[:, None], wrong, _last(wrong))
        if sum_to_one:  # something has to be 1
            empty = rows[~positive[rows].any(axis=1)]
            positive[empty, products[empty].argmax(axis=1)] = True
    solution = np.maximum(solution, 0) / norms
    return solution / solution.sum(axis=1, keepdims=True) if sum_to_one else solution


def least_squares(gram, products, *, sum_to_one=False):
    """Minimise the same without a bound, so that coefficients may be negative.

    Parameters
    ----------
    gram, products, sum_to_one
        As for `nnls`.

    Returns
    -------
    coefficients : ndarray of shape (n_spectra, n_references)
    """
    gram, products, norms = _unit_diagonal(gram, products)
    sums = _sums(norms) if sum_to_one else None
    return _solve(gram, products, np.ones(products.shape, dtype=bool), sums)[0] / norms


def _sums(norms):
    """Weights and value of the sum of the scaled variables that is 1 of the variables."""
    total = norms.mean(axis=-1, keepdims=True)
    return total / norms, total


def _unit_diagonal(gram, products):
    """Scale the references to length 1, and keep dependent ones apart by a hair."""
    norms = np.sqrt(np.diagonal(gram, axis1=-2, axis2=-1))
    typical = norms.max(axis=-1, keepdims=True)
    norms = np.where(norms > 0, norms, np.where(typical > 0, typical, 1.0))
    gram = gram / (norms[..., :, None] * norms[..., None, :])
    return gram + _RIDGE * np.eye(gram.shape[-1]), products / norms, norms


def _solve(gram, products, positive, sums):
    """Least squares of each spectrum by a subset of the references, and the gradient there.

    `sums` is None, or the weights and the value of the weighted sum that each solution must have;
    the gradient then is that of the Lagrangian.
    """
    solution, multiplier = np.zeros_like(products), np.zeros((len(products), 1))
    for rows in _groups(positive):
        used = np.flatnonzero(positive[rows[0]])
        part = gram[..., used[:, None], used]
        part = part if gram.ndim == 2 else part[rows]
        wanted = products[rows[:, None], used]
        if sums is not None:
            part, wanted = _bordered(part, wanted, *_of_rows(sums, rows, used))
        solved = _solve_rows(part, wanted)
        solution[rows[:, None], used] = solved[:, : used.size]
        if sums is not None:
            multiplier[rows] = solved[:, used.size :]
    dual = np.einsum("...ij,...j->...i", gram, solution) - products
    return solution, dual if sums is None else dual + multiplier * sums[0]


def _groups(positive):
    """Rows of the same subset together."""
    packed = np.packbits(positive, axis=1)
    words = np.zeros((len(packed), -(-packed.shape[1] // 8) * 8), dtype=np.uint8)
    words[:, : packed.shape[1]] = packed
    codes = words.view(np.uint64)
    order = np.lexsort(codes.T) if codes.shape[1] > 1 else np.argsort(codes[:, 0], kind="stable")
    changes = (codes[order][1:] != codes[order][:-1]).any(axis=1)
    return np.split(order, np.flatnonzero(changes) + 1)


def _of_rows(sums, rows, used):
    weights, total = sums
    return (
        (weights[used], total) if weights.ndim == 1 else (weights[rows[:, None], used], total[rows])
    )


def _bordered(gram, products, weights, total):
    """Add to the equations one for the sum."""
    size = weights.shape[-1]
    larger = np.zeros((*gram.shape[:-2], size + 1, size + 1))
    larger[..., :size, :size] = gram
    larger[..., :size, size] = larger[..., size, :size] = weights
    return larger, np.column_stack([products, np.broadcast_to(total, (len(products), 1))])


def _solve_rows(matrices, rows):
    if matrices.ndim == 2:
        return np.linalg.solve(matrices, rows.T).T
    return np.linalg.solve(matrices, rows[..., None])[..., 0]


def _last(wrong):
    """Only the last True of each row."""
    last = wrong.shape[1] - 1 - wrong[:, ::-1].argmax(axis=1)
    return np.arange(wrong.shape[1]) == last[:, None]
