"""A Gibbs sampler of mixtures of counts."""

from typing import NamedTuple

import numpy as np

from skspectra._numerics.mixtures.gibbs import (
    draw_abundances,
    draw_concentration,
    draw_endmembers,
    draw_volume,
    off_faces,
)
from skspectra._numerics.mixtures.linear import symmetric_pairs
from skspectra._numerics.poisson_pca import add_moments, poisson_components

__all__ = ["MixtureDraws", "effective_sample_size", "sample_mixture"]

_LEAST_SHARE = 0.1  # of the variance that the mean spectrum leads to expect
_MOST_DRAWN = 256  # spectra whose draws are returned


class MixtureDraws(NamedTuple):
    """What `sample_mixture` returns.

    Attributes
    ----------
    endmembers : ndarray of shape (n_draws, n_components, n_channels), float32
        Draws.
    concentration : ndarray of shape (n_draws, n_components)
        Draws, all alike where it is not learnt.
    abundances : ndarray of shape (n_spectra, n_components)
        Mean of the draws.
    abundances_std : ndarray of shape (n_spectra, n_components)
        Standard deviation of the draws.
    some : ndarray of shape (n_some,), int
        Spectra, evenly spread, of which the draws of the abundances are kept.
    abundances_of_some : ndarray of shape (n_draws, n_some, n_components), float32
        These draws.
    """

    endmembers: np.ndarray
    concentration: np.ndarray
    abundances: np.ndarray
    abundances_std: np.ndarray
    some: np.ndarray
    abundances_of_some: np.ndarray


def sample_mixture(
    counts, endmembers, abundances, concentration, rng, sweeps, *, learn, burn_in, thin
):
    """Draw endmembers and abundances in turn.

    Parameters
    ----------
    counts : ndarray of shape (n_spectra, n_channels), float64
        Spectra.
    endmembers : ndarray of shape (n_components, n_channels)
        Where to begin.
    abundances : ndarray of shape (n_spectra, n_components)
        Where to begin.
    concentration : ndarray of shape (n_components,)
        Of the Dirichlet prior, or where to begin.
    rng : numpy.random.Generator
        Draws.
    sweeps : iterable of int
        Numbers of the sweeps.
    learn : bool
        Whether the concentration is drawn.
    burn_in, thin : int
        Sweeps before the first draw that counts, and from one to the next.

    Returns
    -------
    draws : MixtureDraws
    """
    n_components = len(endmembers)
    weights = 1 / _variance(counts, n_components)
    weighted, weights = (counts * weights).astype(np.float32), weights.astype(np.float32)
    row, column, square = symmetric_pairs(n_components)
    endmembers = np.maximum(endmembers, 0).astype(float)
    abundances = off_faces(abundances)
    uniform = not learn and np.all(concentration == 1)
    some = np.linspace(0, len(counts) - 1, min(len(counts), _MOST_DRAWN)).astype(int)
    draws, concentrations, of_some = [], [], []
    total, squares = np.zeros_like(abundances), np.zeros_like(abundances)
    for sweep in sweeps:
        products = endmembers[row] * endmembers[column]
        gram = _product(weights, products.T)[:, square]
        prior = None if uniform else concentration
        draw_abundances(abundances, gram, _product(weighted, endmembers.T), 1.0, rng, prior)
        precision = _product((abundances[:, row] * abundances[:, column]).T, weights).T[:, square]
        endmembers = draw_endmembers(
            endmembers, precision, _product(abundances.T, weighted).T, 1.0, rng
        )
        if learn:
            concentration = draw_concentration(concentration, abundances, rng)
        elif uniform:
            draw_volume(abundances, endmembers, rng)
        if sweep >= burn_in and (sweep - burn_in) % thin == 0:
            draws.append(endmembers.astype(np.float32))
            concentrations.append(concentration)
            of_some.append(abundances[some].astype(np.float32))
            total += abundances
            squares += abundances**2
    mean = total / len(draws)
    deviation = np.sqrt(np.maximum(squares / len(draws) - mean**2, 0))
    return MixtureDraws(
        np.array(draws), np.array(concentrations), mean, deviation, some, np.array(of_some)
    )


def effective_sample_size(draws):
    """Count how many independent draws a chain of draws, (n_draws, n_values), is worth.

    Correlations are summed in pairs as long as these are positive: C. J. Geyer, Statistical Science
    7, 473 (1992).
    """
    n_draws = len(draws)
    centred = draws - draws.mean(axis=0)
    power = np.abs(np.fft.rfft(centred, 2 * n_draws, axis=0)) ** 2
    correlation = np.fft.irfft(power, axis=0)[:n_draws]
    variance = np.where(correlation[0] > 0, correlation[0], 1.0)
    correlation = correlation / variance
    pairs = correlation[: n_draws // 2 * 2].reshape(-1, 2, draws.shape[1]).sum(axis=1)
    pairs = np.where(np.cumsum(pairs <= 0, axis=0) > 0, 0, pairs)
    return n_draws / np.maximum(2 * pairs.sum(axis=0) - 1, 1 / n_draws)


def _variance(counts, n_components):
    """Variance of the counts: their fit by as many components, not too far below their mean.

    Spectra without counts say nothing; their variance is infinite.
    """
    moments = add_moments(counts, poisson=True)
    _, vectors, _, scale = poisson_components(moments)
    vectors = vectors[:n_components]
    fitted = (counts / scale) @ vectors.T @ (vectors * scale)
    expected = np.outer(counts.mean(axis=1), scale**2) / max(counts.mean(), 1e-300)
    variance = np.maximum(fitted, np.maximum(_LEAST_SHARE * expected, 1e-6))
    variance[~counts.any(axis=1)] = np.inf
    return variance


def _product(a, b):
    """Product of large matrices in single precision, as float64."""
    return (a.astype(np.float32) @ b.astype(np.float32)).astype(np.float64)
