"""Phases of an image of counts: which pixels show the same spectrum."""

from typing import NamedTuple

import numpy as np
from scipy import ndimage
from scipy.special import softmax
from scipy.stats import norm

from skspectra._numerics.n_components import count_with_alike_neighbours
from skspectra._numerics.poisson_pca import add_moments, poisson_components
from skspectra._progress import Progress

__all__ = ["Search", "divide", "merge_alike", "search_phases", "separations", "sums_by_label"]

_FEWEST_BINS = 64
_MOST_COMPONENTS = 10
_BLURS = (1.4, 2.2)  # pixels
_DARK = 0.15  # of the mean total, below which a pixel begins as a hole
_FIT_PIXELS = 20_000
_LEAST_SPREAD = 0.15
_FAR = 3.0
_LAYER = 3.0  # pixels from the boundary of another phase
_FEWEST_PIXELS = 20  # of a layer, and of what is left without it
_MOST_LAYERS = 3
_WIDTHS = (0, 0.7, 1, 1.4, 2, 2.8, 4, 8)  # channels
_SETTLED = 1e-3  # mean change of the probabilities


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
    width : float
        Standard deviation in channels of the kernel by which shapes of phases are smoothed.
    n_candidates : int
        Phases before the others judged.
    """

    labels: np.ndarray
    first: np.ndarray
    judging: np.ndarray
    projection: np.ndarray
    width: float
    n_candidates: int


def search_phases(counts, most, smoothness, share, significance, random_state, verbose):
    """Search from several starts; the counts that did not search say which explains them best.

    Parameters
    ----------
    counts : ndarray of shape (..., n_channels)
        Counts of the pixels.
    most : int
        Phases that are searched for.
    smoothness : float
        As in `divide`.
    share : float
        Of the counts that search.
    significance : float
        As in `merge_alike`.
    random_state : RandomState
        Divides the counts.
    verbose : int or bool
        Whether to show progress over the starts.

    Returns
    -------
    search : Search
    """
    rng = np.random.default_rng(random_state.randint(2**31))
    first, judging = _thin(counts, share, rng)
    binned = _bin_pixels(first)
    projection = _components(binned if binned[..., 0].size >= _FEWEST_BINS else first)
    rows = [each.reshape(-1, counts.shape[-1]) for each in (first, judging)]
    searches = []
    for blur in Progress(verbose, "searching for phases", len(_BLURS), "start").over(_BLURS):
        labels = _first_labels(first, projection, blur, most, rng)
        search = Search(labels, *rows, projection, 0, np.unique(labels).size)
        search = _with_merged(_with_width(search), search.labels, significance)
        search = _with_width(search)
        labels = divide(first, search.labels, smoothness, search.width)
        searches.append(_with_merged(search, labels, significance))
    return _with_layers(max(searches, key=_explained), first, most, smoothness, significance)


def _with_merged(search, labels, significance):
    return search._replace(labels=merge_alike(search, labels, significance))


def _with_width(search):
    """Smooth shapes by the kernel with which those of the first counts fit the others best."""
    return max((search._replace(width=width) for width in _WIDTHS), key=_explained)


def _first_labels(first, projection, blur, most, rng):
    """Mixture of Gaussians over scores of blurred pixels, and a label for dark pixels."""
    totals = first.sum(axis=-1)
    blurs = (blur,) * totals.ndim
    blurred = ndimage.gaussian_filter(totals, blurs)[..., None]
    features = ndimage.gaussian_filter(first @ projection, (*blurs, 0))
    features /= blurred.clip(max(1e-3 * blurred.mean(), 1e-9))
    labels = _mixture_labels(features.reshape(-1, projection.shape[1]), most, rng)
    return np.where(totals < _DARK * totals.mean(), most, labels.reshape(totals.shape))


def _with_layers(search, first, most, smoothness, significance):
    """Split layers from phases along their boundaries, as long as the judging counts want it.

    A thin layer, such as a surface, is easily lost in the phase that it lies on; what it takes to
    find it is to begin with its place.
    """
    for _ in range(_MOST_LAYERS):
        names = np.unique(search.labels)
        tries = []
        for layer in _layers(search.labels) if names.size < most else ():
            labels = np.where(layer, names.max() + 1, search.labels)
            labels = divide(first, labels, smoothness, search.width)
            tried = _with_merged(search, labels, significance)
            if np.unique(tried.labels).size > names.size:
                tries.append(tried)
        best = max((search, *tries), key=_explained)
        if best is search:
            break
        search = best
    return search


def _layers(labels):
    """Pixels of each phase that lie near another one: masks in the shape of the image."""
    names = np.unique(labels)
    for other in names:
        near = ndimage.distance_transform_edt(labels != other) <= _LAYER
        for name in names[names != other]:
            inside = labels == name
            size = np.count_nonzero(inside & near)
            if _FEWEST_PIXELS <= size < inside.sum() - _FEWEST_PIXELS:
                yield inside & near


def _explained(search):
    """Rise of the judging counts' log-likelihood by the shapes that the first counts have."""
    names = np.unique(search.labels)
    found, judged = (
        sums_by_label(rows, search.labels.ravel(), names) for rows in (search.first, search.judging)
    )
    total = search.first.sum(axis=0, dtype=float)
    return (judged * _log_ratios(found, total, search.width)).sum()


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


def _log_ratios(sums, total, width):
    """Logarithms of the shapes of phases over that of the whole, shape (n_phases, n_channels).

    Only the ratios are smoothed, which change less from channel to channel than spectra do.
    """
    sums, total = sums + 0.5, total + 0.5
    share = total / total.sum()
    if width:
        sums, total = (ndimage.gaussian_filter1d(each, width, axis=-1) for each in (sums, total))
    ratios = sums / total
    return np.log(ratios / (ratios @ share)[:, None])


def divide(image, labels, smoothness, width=0, most_sweeps=40):
    """Likeliest phase of each pixel by the shape of its counts, their total, and its neighbours.

    Pixels have a probability of each phase, and phases the mean shape of their pixels by these, one
    after the other until they agree: the mean field of a Potts model. To add whole pixels would
    keep the shapes of phases apart that chance has put together. Totals have a heavy-tailed density
    around the median of their phase, which tells holes.

    Parameters
    ----------
    image : ndarray of shape (..., n_channels)
        Counts.
    labels : ndarray of shape (...), int
        Where to begin. Phases may lose all of their pixels.
    smoothness : float
        Log-likelihood that a neighbour of the same phase is worth; those across corners count by
        the inverse of their distance.
    width : float, default=0
        Standard deviation in channels by which the shapes of phases are smoothed.
    most_sweeps : int, default=40
        How often probabilities and shapes are computed.

    Returns
    -------
    labels : ndarray of shape (...), int
    """
    rows = image.reshape(-1, image.shape[-1])
    size, total = np.log(rows.sum(axis=1) + 1), rows.sum(axis=0, dtype=float)
    names = np.unique(labels)
    share = (labels[..., None] == names).astype(rows.dtype)
    for _ in range(most_sweeps):
        likeliest = share.argmax(axis=-1).ravel()
        is_left = np.bincount(likeliest, minlength=names.size) > 0
        names, share = names[is_left], share[..., is_left]
        likeliest = (np.cumsum(is_left) - 1)[likeliest]
        sums = (share.reshape(-1, names.size).T @ rows).astype(float)
        fit = rows @ _log_ratios(sums, total, width).T.astype(rows.dtype)
        fit -= np.stack([_unlikely_total(size, likeliest == k) for k in range(names.size)], 1)
        earlier = share
        share = softmax(fit.reshape(share.shape) + smoothness * _votes(share), axis=-1)
        if np.abs(share - earlier).mean() < _SETTLED:
            break
    return names[share.argmax(axis=-1)]


def _votes(share):
    """Sum of the probabilities of each phase over the neighbours of each pixel."""
    kernel = _kernel(share.ndim - 1)[..., None]
    return ndimage.convolve(share, kernel, mode="nearest")


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

    They are compared by the likelihood ratio of the shapes that the first counts have.
    """
    found, judged = (
        sums_by_label(rows, labels.ravel(), names) for rows in (search.first, search.judging)
    )
    total = search.first.sum(axis=0, dtype=float)
    logs = _log_ratios(found, total, search.width)
    way = logs[:, None] - logs
    share, n = total / total.sum(), judged.sum(axis=1).clip(1)
    judged = judged / n[:, None]
    difference = (way * (judged[:, None] - judged)).sum(axis=-1)
    variance = (way**2 @ share - (way @ share) ** 2).clip(0)
    error = np.sqrt(variance * (1 / n[:, None] + 1 / n))
    return np.divide(difference, error, out=np.zeros_like(error), where=error > 0)


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
