"""Phases of an image of counts: which pixels show the same spectrum."""

from typing import NamedTuple

import numpy as np
from scipy import ndimage
from scipy.stats import norm

from skspectra._numerics.n_components import count_with_alike_neighbours
from skspectra._numerics.poisson_pca import add_moments, poisson_components
from skspectra._progress import Progress

__all__ = ["Search", "merge_alike", "potts_labels", "search_phases", "separations", "sums_by_label"]

_N_SEARCHES = 3
_FEWEST_BINS = 64
_MOST_COMPONENTS = 10
_BLUR = 1.4  # pixels
_DARK = 0.15  # of the mean total, below which a pixel begins as a hole
_FIT_PIXELS = 20_000
_LEAST_SPREAD = 0.15
_FAR = 3.0


class Search(NamedTuple):
    """Phases that a share of the counts found and the others could tell apart.

    Attributes
    ----------
    labels : ndarray of shape (...), int
        Phase of each pixel.
    first, judging : ndarray of shape (n_pixels, n_channels), float32
        The counts that searched, and the others.
    projection : ndarray of shape (n_channels, n_components)
        What counts are multiplied by to get scores whose noise has the variance of one count.
    n_candidates : int
        Phases before the others judged.
    """

    labels: np.ndarray
    first: np.ndarray
    judging: np.ndarray
    projection: np.ndarray
    n_candidates: int


def search_phases(counts, most, smoothness, share, significance, random_state, verbose):
    """Search with three divisions of the counts; the other counts say which explains them best.

    Parameters
    ----------
    counts : ndarray of shape (..., n_channels)
        Counts of the pixels.
    most : int
        Phases that are searched for.
    smoothness : float
        As in `potts_labels`.
    share : float
        Of the counts that search.
    significance : float
        As in `merge_alike`.
    random_state : RandomState
        Divides the counts.
    verbose : int or bool
        Whether to show progress over the divisions.

    Returns
    -------
    search : Search
    """
    rng = np.random.default_rng(random_state.randint(2**31))
    progress = Progress(verbose, "searching for phases", _N_SEARCHES, "division")
    searches = [
        _search(counts, most, smoothness, share, significance, rng)
        for _ in progress.over(range(_N_SEARCHES))
    ]
    return max(searches, key=_explained)


def _search(counts, most, smoothness, share, significance, rng):
    first, judging = _thin(counts, share, rng)
    binned = _bin_pixels(first)
    projection = _components(binned if binned[..., 0].size >= _FEWEST_BINS else first)
    blur = (_BLUR,) * (counts.ndim - 1)
    totals = first.sum(axis=-1)
    blurred = ndimage.gaussian_filter(totals, blur)[..., None]
    features = ndimage.gaussian_filter(first @ projection, (*blur, 0))
    features /= blurred.clip(max(1e-3 * blurred.mean(), 1e-9))
    labels = _mixture_labels(features.reshape(-1, projection.shape[1]), most, rng)
    labels = np.where(totals < _DARK * totals.mean(), most, labels.reshape(totals.shape))
    labels = potts_labels(first, labels, smoothness)
    first, judging = (each.reshape(-1, counts.shape[-1]) for each in (first, judging))
    search = Search(labels, first, judging, projection, np.unique(labels).size)
    return search._replace(labels=merge_alike(search, labels, significance))


def _explained(search):
    """Fall of the squared error of the judging scores by the centres of the phases."""
    names = np.unique(search.labels)
    found, judged, n = _centers(search, names)
    total = search.first.sum(axis=0, dtype=np.float64)
    mean = total @ search.projection / total.sum()
    found, judged = found - mean, judged - mean
    return (n * (2 * (found * judged).sum(axis=1) - (found**2).sum(axis=1))).sum()


def _thin(counts, share, rng):
    """Give each count to a first set with probability `share`: two independent sets of counts."""
    whole = np.floor(counts)
    whole += rng.random(counts.shape) < counts - whole
    first = rng.binomial(whole.astype(np.int64), share).astype(np.float32)
    return first, whole.astype(np.float32) - first


def _bin_pixels(image):
    """Sum two pixels along each axis of the image."""
    for axis in range(image.ndim - 1):
        along = np.moveaxis(image, axis, 0)
        n_pairs = len(along) // 2
        image = np.moveaxis(along[: 2 * n_pairs : 2] + along[1 : 2 * n_pairs : 2], 0, axis)
    return image


def _components(image):
    """Projection on Poisson-scaled components of the pixels, as many as neighbours are alike in."""
    rows = image.reshape(-1, image.shape[-1])
    found = poisson_components(add_moments(rows, poisson=True))
    scale = found.scale / np.sqrt(np.square(found.scale).sum())
    projection = (found.vectors[:_MOST_COMPONENTS] / scale).T
    scores = rows @ projection / np.sqrt(rows.sum(axis=1, keepdims=True).clip(1))
    n_alike = count_with_alike_neighbours(scores.reshape(*image.shape[:-1], -1))
    return projection[:, : max(2, n_alike)]


def _mixture_labels(features, most, rng):
    """Gaussian mixture of more parts than there may be phases: the judging counts merge them."""
    from sklearn.mixture import GaussianMixture  # takes 0.2 s to import

    some = features[:: -(-len(features) // _FIT_PIXELS)]
    mixture = GaussianMixture(
        min(most, len(some) // 2),
        reg_covar=1e-6 * features.var() + 1e-12,
        random_state=int(rng.integers(2**31)),
    )
    return mixture.fit(some).predict(features)


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


def separations(search, labels, names):
    """Return the standard errors by which the judging counts tell every two phases apart.

    They are compared along the line between the centres that the searching counts have.
    """
    found, judged, n = _centers(search._replace(labels=labels), names)
    way, difference = (each[:, None] - each for each in (found, judged))
    length = np.sqrt(np.square(way).sum(axis=-1)).clip(1e-300)
    return (way * difference).sum(axis=-1) / length / np.sqrt(1 / n[:, None] + 1 / n)


def _centers(search, names):
    """Scores over counts of each phase, by both sets of counts, and the judging counts it has."""
    sums = [
        sums_by_label(rows, search.labels.ravel(), names) for rows in (search.first, search.judging)
    ]
    totals = [each.sum(axis=1).clip(1) for each in sums]
    found, judged = (
        each @ search.projection / total[:, None] for each, total in zip(sums, totals, strict=True)
    )
    return found, judged, totals[1]


def _far_apart(size, labels, names):
    """Pairs of labels whose totals differ by more than their spreads: a hole is not its rim."""
    of = (_middle_and_spread(size[labels == name]) for name in names)
    middle, spread = np.array(list(of)).T
    return np.abs(middle[:, None] - middle) > _FAR * (spread[:, None] + spread)


def merge_alike(search, labels, significance):
    """Merge phases that the judging counts cannot tell apart, the most alike first.

    Two are different if chance makes such a difference more rarely than `significance`, or if their
    totals are far apart.
    """
    size = np.log(search.judging.sum(axis=1) + 1)
    while (names := np.unique(labels)).size > 1:
        z = separations(search, labels, names)
        z[_far_apart(size, labels.ravel(), names)] = np.inf
        z[np.tril_indices(names.size)] = np.inf
        i, j = np.unravel_index(z.argmin(), z.shape)
        if z[i, j] > norm.isf(significance):
            break
        labels = np.where(labels == names[j], names[i], labels)
    return labels
