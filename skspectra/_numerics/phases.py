"""Phases of an image of counts: which pixels show the same spectrum."""

import numpy as np
from scipy import ndimage
from scipy.stats import chi2
from sklearn.mixture import GaussianMixture

from skspectra._numerics.n_components import count_with_alike_neighbours
from skspectra._numerics.poisson_pca import add_moments, poisson_components

__all__ = ["bin_pixels", "components_of_image", "merge_alike", "mixture_labels", "potts_labels"]
__all__ += ["separations", "sums_by_label", "thin"]

_MOST_COMPONENTS = 10
_FIT_PIXELS = 20_000
_LEAST_SPREAD = 0.15
_FAR = 3.0


def thin(counts, share, rng):
    """Give each count to a first set with probability `share`: two independent sets of counts."""
    whole = np.floor(counts)
    whole += rng.random(counts.shape) < counts - whole
    first = rng.binomial(whole.astype(np.int64), share).astype(np.float32)
    return first, whole.astype(np.float32) - first


def bin_pixels(image, n):
    """Sum n pixels along each axis of the image, as far as they fill it."""
    for axis in range(image.ndim - 1):
        along = np.moveaxis(image, axis, 0)
        along = along[: len(along) // n * n]
        along = along.reshape(len(along) // n, n, *along.shape[1:]).sum(axis=1)
        image = np.moveaxis(along, 0, axis)
    return image


def components_of_image(image, n_components=None):
    """Poisson-scaled components of the pixels, as many as neighbours are alike in.

    Returns
    -------
    projection : ndarray of shape (n_channels, n_components)
        What counts are multiplied by to get scores whose noise has the variance of one count.
    """
    rows = image.reshape(-1, image.shape[-1])
    found = poisson_components(add_moments(rows, poisson=True))
    scale = found.scale / np.sqrt(np.square(found.scale).sum())
    projection = found.vectors[:_MOST_COMPONENTS].T / scale[:, None]
    if n_components is None:
        scores = rows @ projection / np.sqrt(rows.sum(axis=1, keepdims=True).clip(1))
        n_components = max(2, count_with_alike_neighbours(scores.reshape(*image.shape[:-1], -1)))
    return projection[:, :n_components]


def mixture_labels(features, most, random_state):
    """Gaussian mixture of as many parts as BIC wants, at most `most`."""
    step = -(-len(features) // _FIT_PIXELS)
    some = features[::step]
    best, least = None, np.inf
    for n_parts in range(1, min(most, len(some) // 2) + 1):
        mixture = GaussianMixture(
            n_parts, reg_covar=1e-6 * features.var() + 1e-12, random_state=random_state
        ).fit(some)
        bic = mixture.bic(some)
        if bic < least:
            best, least = mixture, bic
    return best.predict(features)


def sums_by_label(rows, labels, names):
    """Sum of the rows of each label, shape (n_labels, n_channels), in float64."""
    return np.stack([rows[labels == name].sum(axis=0, dtype=np.float64) for name in names])


def potts_labels(image, labels, smoothness, most_sweeps=20):
    """Likeliest phase of each pixel by the shape of its counts, their total, and its neighbours.

    Totals have a heavy-tailed density around the median of their phase, which tells holes. Each
    neighbour of the same phase counts as `smoothness` in log-likelihood, diagonal ones as .7 of it.
    """
    rows = image.reshape(-1, image.shape[-1])
    size = np.log(rows.sum(axis=1) + 1)
    kernel = _kernel(labels.ndim)
    for _ in range(most_sweeps):
        names = np.unique(labels)
        sums = sums_by_label(rows, labels.ravel(), names) + 0.5
        shapes = np.log(sums / sums.sum(axis=1, keepdims=True)).astype(rows.dtype)
        cost = -(rows @ shapes.T).astype(float)
        cost += np.stack([_unlikely_total(size, labels.ravel() == name) for name in names], 1)
        votes = [
            ndimage.convolve((labels == n).astype(float), kernel, mode="nearest") for n in names
        ]
        cost = cost.reshape(*labels.shape, -1) - smoothness * np.stack(votes, -1)
        new = names[cost.argmin(-1)]
        if np.array_equal(new, labels):
            break
        labels = new
    return labels


def _unlikely_total(size, at):
    """Minus the logarithm of a t density with 3 degrees of freedom, by median and spread."""
    middle, spread = _middle_and_spread(size[at])
    return 2 * np.log1p(((size - middle) / spread) ** 2 / 3) + np.log(spread)


def _middle_and_spread(size):
    middle = np.median(size)
    return middle, max(1.5 * np.median(np.abs(size - middle)), _LEAST_SPREAD)


def _kernel(n_dimensions):
    """Weight of the neighbours: 1 along the axes, the inverse distance across them."""
    offsets = np.indices((3,) * n_dimensions) - 1
    distance = np.sqrt(np.square(offsets).sum(axis=0))
    distance[(1,) * n_dimensions] = np.inf
    return 1 / distance


def separations(rows, labels, names, projection):
    """Chi-square of the difference of the shapes of every two labels, in counts `rows`."""
    sums = sums_by_label(rows, labels, names)
    totals = sums.sum(axis=1).clip(1)
    at = sums / totals[:, None] @ projection
    variance = 1 / totals[:, None] + 1 / totals
    return np.square(at[:, None] - at).sum(-1) / variance


def _far_apart(size, labels, names):
    """Pairs of labels whose totals differ by more than their spreads: a hole is not its rim."""
    of = (_middle_and_spread(size[labels == name]) for name in names)
    middle, spread = np.array(list(of)).T
    return np.abs(middle[:, None] - middle) > _FAR * (spread[:, None] + spread)


def merge_alike(labels, rows, projection, significance):
    """Merge labels that counts which did not make them cannot tell apart, the most alike first.

    Parameters
    ----------
    labels : ndarray of any shape
        A label for each pixel.
    rows : ndarray of shape (n_pixels, n_channels)
        The other counts.
    projection : ndarray of shape (n_channels, n_components)
        From `components_of_image`.
    significance : float
        Two labels are different if chance makes such a difference more rarely.

    Returns
    -------
    labels : ndarray of the same shape
    """
    labels = labels.copy()
    least = chi2.isf(significance, projection.shape[1])
    size = np.log(rows.sum(axis=1) + 1)
    while (names := np.unique(labels)).size > 1:
        squares = separations(rows, labels.ravel(), names, projection)
        squares[_far_apart(size, labels.ravel(), names)] = np.inf
        squares[np.tril_indices(names.size)] = np.inf
        i, j = np.unravel_index(squares.argmin(), squares.shape)
        if squares[i, j] > least:
            break
        labels[labels == names[j]] = names[i]
    return labels
