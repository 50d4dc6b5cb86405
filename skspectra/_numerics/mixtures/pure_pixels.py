"""Spectra of an image that are corners of the simplex of all: N-FINDR and vertex components."""

import numpy as np

__all__ = ["growing_simplex", "largest_simplex", "perspective_plane", "vertex_components"]

_GAIN = 1e-9  # by which a volume must grow, so that rounding does not exchange pixels for ever


def largest_simplex(scores, start):
    r"""N-FINDR: exchange pixels while the volume of the simplex grows [1]_.

    With the pixels :math:`(1, t)` as columns of a matrix M, exchanging column k for a pixel x
    multiplies the determinant by :math:`(M^{-1} x)_k`, so that all pixels are tried by one product.

    Parameters
    ----------
    scores : ndarray of shape (n_spectra, n_components - 1)
        Spectra in as many dimensions as a simplex has.
    start : ndarray of shape (n_components,), int
        Pixels to begin with.

    Returns
    -------
    indices : ndarray of shape (n_components,)
        Pixels that are corners: exchanging any one of them makes the volume no larger.
    log_volume : float
        Logarithm of the determinant, minus infinity where all lie in a plane.

    References
    ----------
    .. [1] M. E. Winter, Proceedings of SPIE 3753, 266 (1999).
    """
    indices, points = np.array(start), np.column_stack([np.ones(len(scores)), scores])
    changed, n_rounds = True, 0
    while changed and n_rounds < 100:
        changed, n_rounds = False, n_rounds + 1
        for k in range(len(indices)):
            corners = points[indices].T
            row = np.linalg.lstsq(corners.T, np.eye(len(indices))[k], rcond=None)[0]
            growth = np.abs(points @ row)
            best = int(growth.argmax())
            if growth[best] > 1 + _GAIN:
                indices[k], changed = best, True
    return indices, np.linalg.slogdet(points[indices])[1]


def growing_simplex(scores):
    """Pixels taken one by one, each the farthest from the plane through those before it.

    Parameters
    ----------
    scores : ndarray of shape (n_spectra, n_components - 1)
        Spectra in as many dimensions as a simplex has.

    Returns
    -------
    indices : ndarray of shape (n_components,)
    """
    indices = [int(((scores - scores.mean(axis=0)) ** 2).sum(axis=1).argmax())]
    rest = scores - scores[indices[0]]
    for _ in range(scores.shape[1]):
        indices.append(int((rest**2).sum(axis=1).argmax()))
        length = np.linalg.norm(rest[indices[-1]])
        if length > 0:
            direction = rest[indices[-1]] / length
            rest = rest - np.outer(rest @ direction, direction)
    return np.array(indices)


def perspective_plane(axes, n_components):
    """Map of spectra to the plane on which vertex components are sought [1]_.

    Where the signal-to-noise ratio is above 15 dB and 10 dB for each factor of ten endmembers,
    spectra are projected along rays from the origin onto a plane, which takes their brightness
    out. Below it, they are projected on their principal axes.

    Parameters
    ----------
    axes : PrincipalAxes
        Of spectra that are not scaled.
    n_components : int
        Number of endmembers.

    Returns
    -------
    to_plane : callable
        From spectra, (n_spectra, n_channels), to points, (n_spectra, n_components).

    References
    ----------
    .. [1] J. M. P. Nascimento and J. M. Bioucas-Dias, IEEE Transactions on Geoscience and Remote
       Sensing 43, 898 (2005).
    """
    mean, variance = axes.mean, axes.values / axes.n_spectra
    if _signal_to_noise(mean, variance, n_components) > 15 + 10 * np.log10(n_components):
        covariance = (axes.vectors.T * variance) @ axes.vectors
        rays = np.linalg.eigh(covariance + np.outer(mean, mean))[1].T[::-1][:n_components]
        centre = rays @ mean

        def to_plane(X):
            points = X @ rays.T
            distance = (points @ centre)[:, None]
            seen = distance > 0  # a spectrum of zeros lies on no ray
            return np.divide(points, distance, out=np.zeros_like(points), where=seen)

    else:

        def to_plane(X):
            points = (X - mean) @ axes.vectors[: n_components - 1].T
            return np.column_stack([points, np.full(len(X), np.sqrt(variance.sum()))])

    return to_plane


def _signal_to_noise(mean, variance, n_components):
    """Power in the subspace of the signal over the power outside, in dB."""
    total = variance.sum() + mean @ mean
    inside = variance[:n_components].sum() + mean @ mean
    signal = inside - n_components / mean.size * total
    return 10 * np.log10(max(signal, 1e-300) / max(total - inside, 1e-300))


def vertex_components(points, rng):
    """Pixels found one by one as the farthest along a random direction across those before [1]_.

    Parameters
    ----------
    points : ndarray of shape (n_spectra, n_components)
        Spectra on a plane that does not go through the origin.
    rng : numpy.random.Generator
        Seeds the directions.

    Returns
    -------
    indices : ndarray of shape (n_components,)

    References
    ----------
    .. [1] J. M. P. Nascimento and J. M. Bioucas-Dias, IEEE Transactions on Geoscience and Remote
       Sensing 43, 898 (2005).
    """
    n_components = points.shape[1]
    corners = np.zeros((n_components, n_components))  # columns: the endmembers found
    corners[-1, 0] = 1
    indices = np.zeros(n_components, dtype=int)
    for i in range(n_components):
        direction = rng.standard_normal(n_components)
        across = direction - corners @ np.linalg.lstsq(corners, direction, rcond=None)[0]
        indices[i] = np.abs(points @ across).argmax()
        corners[:, i] = points[indices[i]]
    return indices
