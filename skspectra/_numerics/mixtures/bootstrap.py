"""How far endmembers of the smallest simplex can be trusted: images made again from blocks."""

import numpy as np
from scipy.optimize import linear_sum_assignment

from skspectra._numerics.mixtures.affine_plane import precision, principal_axes
from skspectra._numerics.mixtures.gibbs import draw_abundances, draw_concentration, off_faces
from skspectra._numerics.mixtures.minimum_volume import minimum_volume_endmembers
from skspectra._numerics.mixtures.nnls import nnls

__all__ = ["bootstrap_mixture", "rows_of_blocks"]

_SWEEPS = 10
_WEIGHT_WITHIN = 3.0


def rows_of_blocks(shape, block, rng):
    """Rows of an image that is made again of blocks drawn from it.

    Parameters
    ----------
    shape : tuple of int
        Of the image; row by row its pixels are the rows.
    block : int
        Side of the blocks, which go on at the other end of the image.
    rng : numpy.random.Generator
        Draws the blocks.

    Returns
    -------
    rows : ndarray of shape (n_rows,)
        As many as the image has pixels.
    """
    sides = np.minimum(block, shape)
    n_rows = int(np.prod(shape))
    corners = rng.integers(shape, size=(-(-n_rows // int(np.prod(sides))), len(shape)))
    inside = np.moveaxis(np.indices(sides), 0, -1).reshape(-1, len(shape))
    pixels = (corners[:, None] + inside) % shape
    return np.ravel_multi_index(np.moveaxis(pixels, -1, 0), shape).ravel()[:n_rows]


def bootstrap_mixture(X, axes, endmembers, volume_weight, draws, rng, *, max_iter):
    """Fit the endmembers of several draws of the spectra, and draw abundances with each of them.

    How many spectra lie at each face, from which the weight of the volume follows, is not known to
    better than a factor: each draw multiplies the weight by 1/3 to 3. Abundances come from their
    posterior distribution, after ten sweeps of a Gibbs sampler; the concentration of their
    Dirichlet prior is learnt, each draw beginning with that of the last.

    Parameters
    ----------
    X : ndarray of shape (n_spectra, n_channels), float64
        Spectra.
    axes : PrincipalAxes
        Theirs.
    endmembers : ndarray of shape (n_components, n_channels)
        Their endmembers.
    volume_weight : float
        With which these were found.
    draws : iterable of ndarray of shape (n_rows,)
        Rows of each draw.
    rng : numpy.random.Generator
        Draws weights and abundances.
    max_iter : int
        As for `minimum_volume_simplex`.

    Yields
    ------
    endmembers : ndarray of shape (n_components, n_channels)
        Of one draw, in the order of those given.
    abundances : ndarray of shape (n_spectra, n_components)
        Of all spectra, one draw.
    """
    weights = 1 / axes.scale**2
    variance = 1 / np.maximum(precision(X, axes, len(endmembers) - 1), np.finfo(float).tiny)
    concentration = np.ones(len(endmembers))
    for rows in draws:
        drawn = X[rows]
        found, _, _ = minimum_volume_endmembers(
            drawn,
            principal_axes([drawn], poisson=axes.brightness is not None),
            len(endmembers),
            gamma=volume_weight * _WEIGHT_WITHIN ** rng.uniform(-1, 1),
            max_iter=max_iter,
        )
        found = found[_order(endmembers, found)]
        gram, products = (found * weights) @ found.T, X @ (found * weights).T
        shares = off_faces(nnls(gram, products, sum_to_one=True))
        for _ in range(_SWEEPS):
            draw_abundances(shares, gram, products, variance, rng, concentration)
            concentration = draw_concentration(concentration, shares, rng)
        yield found, shares


def _order(endmembers, found):
    """Positions in `found` of what is nearest to each of the endmembers."""
    distance = ((endmembers[:, None] - found) ** 2).sum(axis=2)
    return linear_sum_assignment(distance)[1]
