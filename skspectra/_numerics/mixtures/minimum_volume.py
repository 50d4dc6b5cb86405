r"""The smallest simplex that holds noisy mixtures.

With the scores :math:`z_i` of the spectra on their plane, where noise has the variance
:math:`1 / w_i`, and the corners T of the simplex, minimised is

.. math:: F(T) = \tfrac{1}{2} \sum_i w_i |z_i - a_i T|^2 + \gamma n \log \mathrm{vol}(T)

where the abundances :math:`a_i` are those of fully constrained least squares. They are at their
minimum for every T, so the gradient needs no derivative of them (envelope theorem), and the corners
are all there is to optimise.

Noise pushes spectra out of a face: where they lie evenly up to it, the first term pulls the face
outwards as a :math:`\gamma` of 1/4 pulls it inwards, and both balance at the true face. A density
that is :math:`\rho` times as high there needs :math:`\rho / 4`.
"""

import numpy as np
from scipy.optimize import minimize

from skspectra._numerics.mixtures.affine_plane import precision, project
from skspectra._numerics.mixtures.nnls import nnls
from skspectra._numerics.mixtures.pure_pixels import growing_simplex, largest_simplex

__all__ = ["minimum_volume_endmembers", "minimum_volume_simplex"]

_EVEN = 0.25
_ROUNDS = 4
_LIMITS = (0.01, 2.0)


def minimum_volume_endmembers(spectra, axes, n_components, *, gamma=None, max_iter=100):
    """Find endmembers of spectra.

    Parameters
    ----------
    spectra : ndarray of shape (n_spectra, n_channels), float64
        Spectra.
    axes : PrincipalAxes
        Theirs, or those of more.
    n_components : int
        Number of endmembers.
    gamma, max_iter
        As for `minimum_volume_simplex`.

    Returns
    -------
    endmembers : ndarray of shape (n_components, n_channels)
        Not negative where the mean spectrum is not.
    gamma : float
    n_iter : int
    """
    n_dimensions = n_components - 1
    if n_dimensions == 0:
        return axes.mean[None].copy(), gamma or _EVEN, 1
    plane = axes.vectors[:n_dimensions] * axes.scale
    scores = project(spectra, axes, n_dimensions)
    corners = scores[largest_simplex(scores, growing_simplex(scores))[0]]
    weights = precision(spectra, axes, n_dimensions)
    corners, gamma, n_iter = minimum_volume_simplex(
        scores, weights, corners, axes.mean, plane, gamma=gamma, max_iter=max_iter
    )
    return np.maximum(axes.mean + corners @ plane, np.minimum(axes.mean, 0)), gamma, n_iter


def minimum_volume_simplex(scores, precision, start, mean, axes, *, gamma=None, max_iter=100):
    """Find the corners.

    Parameters
    ----------
    scores : ndarray of shape (n_spectra, n_components - 1)
        Spectra on their plane.
    precision : ndarray of shape (n_spectra,)
        One over the variance of each score.
    start : ndarray of shape (n_components, n_components - 1)
        Corners to begin with.
    mean : ndarray of shape (n_channels,)
        Spectrum at the origin of the plane.
    axes : ndarray of shape (n_components - 1, n_channels)
        Spectra of the axes of the plane. Corners at which channels are negative are penalised.
    gamma : float, default=None
        Weight of the volume; None estimates it from the density of spectra at the faces.
    max_iter : int, default=100
        Most iterations of L-BFGS, for each of the four rounds in which `gamma` is estimated.

    Returns
    -------
    corners : ndarray of shape (n_components, n_components - 1)
    gamma : float
    n_iter : int
        Iterations of all rounds.
    """
    corners, weight, n_iter = start, _EVEN if gamma is None else gamma, 0
    for _ in range(1 if gamma is not None else _ROUNDS):
        corners, n_more = _descend(scores, precision, corners, mean, axes, weight, max_iter)
        n_iter += n_more
        if gamma is None:
            density = _density_at_faces(scores, precision, corners)
            weight = float(np.clip(_EVEN * density, *_LIMITS))
    return corners, weight, n_iter


def _descend(scores, precision, start, mean, axes, gamma, max_iter):
    n_spectra, unit = len(scores), scores.std(axis=0)

    def objective(flat):
        corners = flat.reshape(start.shape) * unit
        homogeneous = np.column_stack([np.ones(len(corners)), corners])
        sign, log_volume = np.linalg.slogdet(homogeneous)
        if sign == 0:
            return np.inf, np.zeros_like(flat)
        shares = nnls(corners @ corners.T, scores @ corners.T, sum_to_one=True)
        rest = shares @ corners - scores
        value, gradient = _below_zero(corners, mean, axes, n_spectra)
        value += 0.5 * (rest**2).sum(axis=1) @ precision + gamma * n_spectra * log_volume
        gradient = gradient + shares.T @ (rest * precision[:, None])
        gradient += gamma * n_spectra * np.linalg.inv(homogeneous).T[:, 1:]
        return value / n_spectra, (gradient * unit).ravel() / n_spectra

    options = {"maxiter": max_iter, "ftol": 1e-9, "gtol": 1e-6}
    found = minimize(
        objective, (start / unit).ravel(), jac=True, method="L-BFGS-B", options=options
    )
    return found.x.reshape(start.shape) * unit, found.nit


def _below_zero(corners, mean, axes, n_spectra):
    """Penalty of channels below zero, in units of the counting noise of a corner's spectra."""
    n_each, variance = n_spectra / len(corners), np.maximum(mean, 1e-9)
    negative = np.minimum(mean + corners @ axes, 0)
    value = 0.5 * n_each * (negative**2 / variance).sum()
    return value, n_each * (negative / variance) @ axes.T


def _density_at_faces(scores, precision, corners):
    """Share of spectra near the faces, over that of an even distribution on the simplex."""
    inverse = np.linalg.inv(np.column_stack([np.ones(len(corners)), corners]))
    shares = np.column_stack([np.ones(len(scores)), scores]) @ inverse  # negative outside
    seen = precision > 0
    error = np.linalg.norm(inverse[1:], axis=0) / np.sqrt(precision[seen, None])
    band = np.minimum(2 * error, 0.5)
    even = 1 - (1 - band) ** (len(corners) - 1)
    return ((shares[seen] < band).mean(axis=0) / even.mean(axis=0)).mean()
