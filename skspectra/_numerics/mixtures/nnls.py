"""Non-negative least squares of many spectra at once."""

import warnings
from typing import NamedTuple

import numpy as np
from sklearn.exceptions import ConvergenceWarning

__all__ = ["least_squares", "nnls"]

_MAX_ROUNDS = 500
_PATIENCE = 3
_TOLERANCE = 1e-11
_RIDGE = 1e-13
_FEW_ALIKE = 8  # spectra of a subset, below which it is quicker to solve each by itself
_STACK_NUMBERS = 1 << 20
_WELL_CONDITIONED = 1e6


def nnls(gram, products, *, sum_to_one=False):
    r"""Minimise :math:`\|x - a E\|^2` over :math:`a \ge 0`, exactly, for many spectra x.

    Block principal pivoting [1]_: all variables that violate the optimality conditions change sides
    together, and one by one where that stops helping. Spectra with the same non-zero variables are
    solved together, and those of which few are alike as a stack. For any number of references a
    solution is one at which the conditions hold; spectra without are warned of.

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
    problem = _Problem.scaled(gram, products, sum_to_one)
    n_references, n_spectra = problem.products.shape
    solution = np.empty((n_references, n_spectra))
    positive = np.ones((n_references, n_spectra), dtype=bool)
    fewest, patience = np.full(n_spectra, n_references + 1), np.full(n_spectra, _PATIENCE)
    scale = np.abs(problem.products).max(axis=0, initial=0)
    tolerance = _TOLERANCE * (np.maximum(scale, problem.total) if sum_to_one else scale)
    left = slice(None)  # the spectra that are not solved yet
    for _ in range(_MAX_ROUNDS):
        now = positive[:, left]
        solved, dual = problem.of(left).solve(now)
        solution[:, left] = solved
        wrong = np.where(now, solved, dual) < -tolerance[left]
        n_wrong = wrong.sum(axis=0)
        if not n_wrong.any():
            break
        again = np.flatnonzero(n_wrong)
        left = np.arange(n_spectra)[left][again]
        now, wrong, n_wrong = now[:, again], wrong[:, again], n_wrong[again]
        patience[left] = np.where(n_wrong < fewest[left], _PATIENCE, patience[left] - 1)
        fewest[left] = np.minimum(fewest[left], n_wrong)
        now ^= np.where(patience[left] >= 0, wrong, _last(wrong))
        if sum_to_one:  # something has to be 1
            empty = np.flatnonzero(~now.any(axis=0))
            now[problem.products[:, left[empty]].argmax(axis=0), empty] = True
        positive[:, left] = now
    else:
        warnings.warn(
            f"{len(left)} of {n_spectra} non-negative fits are not at their optimum after "
            f"{_MAX_ROUNDS} rounds; are many endmembers nearly the same?",
            ConvergenceWarning,
            stacklevel=2,
        )
    solution = np.maximum(solution, 0, out=solution)
    solution /= problem.norms
    if sum_to_one:
        solution /= solution.sum(axis=0)
    return solution.T


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
    problem = _Problem.scaled(gram, products, sum_to_one)
    return (problem.solve(np.ones(problem.products.shape, dtype=bool))[0] / problem.norms).T


class _Problem(NamedTuple):
    """References scaled to length 1. Spectra are columns here: sums over few references are quick.

    Attributes
    ----------
    gram : ndarray of shape (n_references, n_references) or (n_spectra, n_references, n_references)
        Products of the references; dependent ones are told apart by a hair.
    products : ndarray of shape (n_references, n_spectra)
        Products of the spectra with the references.
    norms : ndarray of shape (n_references, n_spectra)
        What the references were divided by.
    total : ndarray of shape (n_spectra,) or None
        The sum over the solution of `total` / `norms` must be `total`; None leaves it free.
    """

    gram: np.ndarray
    products: np.ndarray
    norms: np.ndarray
    total: np.ndarray | None

    @classmethod
    def scaled(cls, gram, products, sum_to_one):
        """Scale the references to length 1."""
        norms = np.sqrt(np.diagonal(gram, axis1=-2, axis2=-1))
        typical = norms.max(axis=-1, keepdims=True)
        norms = np.where(norms > 0, norms, np.where(typical > 0, typical, 1.0))
        gram = gram / (norms[..., :, None] * norms[..., None, :])
        gram = gram + _RIDGE * np.eye(gram.shape[-1])
        total = np.broadcast_to(norms.mean(axis=-1), len(products)) if sum_to_one else None
        norms = np.broadcast_to(np.atleast_2d(norms).T, products.T.shape)
        return cls(gram, np.divide(products.T, norms, order="C"), norms, total)

    def of(self, columns):
        """Return the problem of some of the spectra."""
        return _Problem(
            self.gram if self.gram.ndim == 2 else self.gram[columns],
            self.products[:, columns],
            self.norms[:, columns],
            None if self.total is None else self.total[columns],
        )

    def solve(self, positive):
        """Least squares of each spectrum by a subset of the references, and the gradient there.

        Where the solution must have a sum, the gradient is that of the Lagrangian.
        """
        if self.gram.ndim == 2 and positive.all():
            return self._solve_alike(self.gram, self.products, self.norms)[: len(positive)], 0.0
        solution, multiplier = np.zeros_like(self.products), np.zeros(len(positive.T))
        for used, columns in _subsets(positive, alike=self.gram.ndim == 2):
            solved = self._solve_subset(used, columns)
            solution[used, columns] = solved[: len(used)]
            multiplier[columns] = 0.0 if self.total is None else solved[-1]
        if self.gram.ndim == 2:
            dual = self.gram @ solution
        else:
            dual = np.einsum("nij,jn->in", self.gram, solution)
        dual -= self.products
        if self.total is not None:
            dual += multiplier * self.total / self.norms
        return solution, dual

    def _solve_subset(self, used, columns):
        """Solve for the references `used`, (n_used, 1) or (n_used, n_columns)."""
        wanted = self.products[used, columns]
        if self.gram.ndim == 2 and used.shape[1] == 1:
            return self._solve_alike(self.gram[used, used.T], wanted, self.norms[used, columns])
        gram = np.broadcast_to(self.gram, (len(self.norms.T), *self.gram.shape[-2:]))
        matrices = gram[columns[:, None, None], used.T[:, :, None], used.T[:, None, :]]
        if self.total is not None:
            matrices = _bordered(matrices, (self.total[columns] / self.norms[used, columns]).T)
            wanted = np.vstack([wanted, self.total[columns]])
        return np.linalg.solve(matrices, wanted.T[..., None])[..., 0].T

    def _solve_alike(self, gram, wanted, norms):
        """Solve for spectra that use the same references, of these products and norms."""
        if self.total is not None:
            gram = _bordered(gram, self.total[0] / norms[:, 0])
            wanted = np.vstack([wanted, np.full(len(wanted.T), self.total[0])])
        return _solve_many(gram, wanted)


def _solve_many(matrix, wanted):
    """Solve small equations for many right sides, each of which costs a factorisation much more.

    The inverse of a matrix that is well conditioned does, with a step that mends its rounding.
    """
    inverse = np.linalg.inv(matrix)
    if np.linalg.norm(matrix) * np.linalg.norm(inverse) > _WELL_CONDITIONED:
        return np.linalg.solve(matrix, wanted)
    solution = inverse @ wanted
    rest = matrix @ solution
    solution += inverse @ np.subtract(wanted, rest, out=rest)
    return solution


def _subsets(positive, alike):
    """Yield positions of True, (n_used, 1) or (n_used, n_columns), and the columns they are of.

    If `alike`, columns of the same subset come together, unless there are few of each; else those
    whose subsets are of one size.
    """
    packed = np.packbits(positive, axis=0)
    order = np.lexsort(packed) if alike else np.arange(len(positive.T))
    ends = np.flatnonzero((packed[:, order[1:]] != packed[:, order[:-1]]).any(axis=0)) + 1
    if alike and (len(ends) + 1) * _FEW_ALIKE <= order.size:
        for columns in np.split(order, ends):
            yield np.flatnonzero(positive[:, columns[0]])[:, None], columns
        return
    sizes = positive.sum(axis=0)
    for size in np.unique(sizes):
        n_most = max(1, _STACK_NUMBERS // (size + 1) ** 2)
        columns = np.flatnonzero(sizes == size)
        for start in range(0, len(columns), n_most):
            part = columns[start : start + n_most]
            yield np.argsort(~positive[:, part], axis=0, kind="stable")[:size], part


def _bordered(gram, weights):
    """Add to the equations one for the weighted sum of the solution."""
    size = weights.shape[-1]
    larger = np.zeros((*gram.shape[:-2], size + 1, size + 1))
    larger[..., :size, :size] = gram
    larger[..., :size, size] = larger[..., size, :size] = weights
    return larger


def _last(wrong):
    """Only the last True of each column."""
    last = len(wrong) - 1 - wrong[::-1].argmax(axis=0)
    return np.arange(len(wrong))[:, None] == last
