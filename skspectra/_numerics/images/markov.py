"""Chains of states: counts of transitions, and what follows from them."""

import numpy as np
from scipy.stats import beta, chi2

__all__ = [
    "dirichlet_intervals",
    "implied_timescales",
    "order_test",
    "stationary_distribution",
    "transition_counts",
]


def transition_counts(sequences, n_states, lag):
    """Count transitions from each state to each other after `lag` steps, all overlapping ones."""
    counts = np.zeros(n_states**2, dtype=np.int64)
    for states in sequences:
        start, end = states[:-lag], states[lag:]
        seen = (start >= 0) & (end >= 0)
        counts += np.bincount(start[seen] * n_states + end[seen], minlength=counts.size)
    return counts.reshape(n_states, n_states)


def stationary_distribution(matrix):
    """Shares of the states that a step leaves as they are: the left eigenvector to 1."""
    n_states = len(matrix)
    equations = np.vstack([matrix.T - np.eye(n_states), np.ones(n_states)])
    solution = np.linalg.lstsq(equations, np.append(np.zeros(n_states), 1.0), rcond=None)[0]
    return np.maximum(solution, 0) / np.maximum(solution, 0).sum()


def implied_timescales(matrix, lag):
    """Return in how many steps modes decay, the slowest first: -lag / log |eigenvalue|."""
    sizes = np.sort(np.abs(np.linalg.eigvals(matrix)))[::-1][1:]
    with np.errstate(divide="ignore"):
        return -lag / np.log(np.clip(sizes, 0, 1))


def dirichlet_intervals(concentration, confidence):
    """Central credible intervals of each probability of rows that are Dirichlet distributed."""
    rest = concentration.sum(axis=1, keepdims=True) - concentration
    tail = (1 - confidence) / 2
    ends = [beta.ppf(q, concentration, np.maximum(rest, 1e-300)) for q in (tail, 1 - tail)]
    certain = [np.where(rest > 0, end, 1.0) for end in ends]
    return [np.where(concentration > 0, end, 0.0) for end in certain]


def order_test(sequences, n_states, lag):
    """Likelihood ratio of a chain of second order over one of first, and its p-value.

    T. W. Anderson and L. A. Goodman, Annals of Mathematical Statistics 28, 89 (1957).
    """
    triples = np.zeros(n_states**3, dtype=np.int64)
    for states in sequences:
        parts = [states[: -2 * lag : lag], states[lag:-lag:lag], states[2 * lag :: lag]]
        length = min(map(len, parts))
        first, second, third = (part[:length] for part in parts)
        seen = (first >= 0) & (second >= 0) & (third >= 0)
        codes = (first * n_states + second) * n_states + third
        triples += np.bincount(codes[seen], minlength=triples.size)
    triples = triples.reshape(n_states, n_states, n_states)
    before, after, middle = triples.sum(2), triples.sum(0), triples.sum((0, 2))
    expected = before[:, :, None] * after[None] / np.maximum(middle, 1)[None, :, None]
    seen = triples > 0
    statistic = 2 * (triples[seen] * np.log(triples[seen] / expected[seen])).sum()
    starts, ends = (before > 0).sum(axis=0), (after > 0).sum(axis=1)
    freedom = int((np.maximum(starts - 1, 0) * np.maximum(ends - 1, 0)).sum())
    return float(statistic), float(chi2.sf(statistic, freedom)) if freedom else 1.0
