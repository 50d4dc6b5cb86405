"""How many components of spectra are signal."""

import numpy as np

__all__ = [
    "count_before_elbow",
    "count_with_alike_neighbours",
    "marchenko_pastur_edge",
    "neighbour_correlation",
]

_TAIL = 20
_ALIKE = 4.0


def count_before_elbow(values):
    """Components before the elbow of the scree plot.

    The elbow is the point of the logarithmic plot of the first 20 values that lies farthest below
    the chord from the first to the last. It needs no variance of the noise, and noise that is
    correlated along the axis leaves it where it is.

    Parameters
    ----------
    values : ndarray of shape (n_components,)
        Variances, falling.

    Returns
    -------
    n_components : int
        At least 1.
    """
    values = values[values > values[0] * 1e-12][:_TAIL]
    if values.size < 3:
        return max(1, values.size)
    height = np.log(values)
    chord = np.linspace(height[0], height[-1], height.size)
    return max(1, int(np.argmax(chord - height)))


def count_with_alike_neighbours(scores):
    """Leading components whose scores are alike in neighbouring pixels: those of noise are not.

    Parameters
    ----------
    scores : ndarray of shape (..., n_components)
        Scores of the pixels of an image.

    Returns
    -------
    n_components : int
        Components before the first whose correlation between neighbours is within 4 standard
        errors of 0.
    """
    correlation, error = neighbour_correlation(scores)
    return int(np.argmin(np.append(correlation > _ALIKE * error, False)))


def neighbour_correlation(scores):
    """Correlation of the scores of each component between pixels beside each other.

    Parameters
    ----------
    scores : ndarray of shape (..., n_components)
        Scores of the pixels of an image.

    Returns
    -------
    correlation : ndarray of shape (n_components,)
        0 for a constant component.
    error : float
        Its standard error for noise: one over the root of the number of pairs.
    """
    centred = scores - scores.mean(axis=tuple(range(scores.ndim - 1)), dtype=np.float64)
    power = np.square(centred).reshape(-1, scores.shape[-1]).mean(axis=0)
    product, n_pairs = np.zeros_like(power), 0
    for axis in range(scores.ndim - 1):
        along = np.moveaxis(centred, axis, 0)
        products = (along[1:] * along[:-1]).reshape(-1, power.size)
        product, n_pairs = product + products.sum(axis=0), n_pairs + len(products)
    n_pairs = max(n_pairs, 1)
    correlation = np.divide(product, power * n_pairs, out=np.zeros_like(power), where=power > 0)
    return correlation, 1 / np.sqrt(n_pairs)


def marchenko_pastur_edge(n_spectra, n_channels):
    """Greatest sum of squared scores that noise of variance 1 makes, in 99 of 100 cases.

    The edge of Marchenko and Pastur's law with the Tracy-Widom correction of I. M. Johnstone,
    Annals of Statistics 29, 295 (2001).
    """
    n, p = max(n_spectra, n_channels), min(n_spectra, n_channels)
    root = np.sqrt(n - 1) + np.sqrt(p)
    return root**2 + 2.02 * root * (1 / np.sqrt(n - 1) + 1 / np.sqrt(p)) ** (1 / 3)
