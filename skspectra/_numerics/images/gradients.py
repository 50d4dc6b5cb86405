"""Which phases of an image grade into each other, and where between them a pixel lies."""

import numpy as np
from scipy import ndimage

__all__ = ["graded_pairs", "positions_between"]

_FEWEST_PIXELS = 10
_LEAST_Z = 3.0
_LEAST_SLOPE = 0.1
_NOISE = 0.1
_MARGIN = 2.0  # pixels that may show both phases


def graded_pairs(scores, totals, labels, centers):
    """Tell which phases become more like a neighbour towards it: a gradient, and no sharp step.

    The nearer half of the pixels of a phase is compared with the farther half, pixels at the
    boundary left out, along the line from one phase's centre to the other's. They grade if the two
    phases together have moved by at least a tenth of the way and 3 standard errors.

    Parameters
    ----------
    scores : ndarray of shape (..., n_components)
        Scores of the pixels, whose noise has the variance of one count.
    totals : ndarray of shape (...)
        Counts of the pixels.
    labels : ndarray of shape (...), int
        Phase of each pixel; -1 is none.
    centers : ndarray of shape (n_phases, n_components)
        Scores over counts of each phase.

    Returns
    -------
    grades : ndarray of shape (n_phases, n_phases), bool
        Symmetric.
    """
    n_phases = len(centers)
    slopes, variances = np.zeros((2, n_phases, n_phases))
    distances = [ndimage.distance_transform_edt(labels != k) for k in range(n_phases)]
    for i, j in zip(*np.nonzero(_touch(labels, n_phases)), strict=True):
        inside = (labels == i) & (distances[j] > _MARGIN)
        if inside.sum() < 2 * _FEWEST_PIXELS:
            continue
        near = distances[j] <= np.median(distances[j][inside])
        way = centers[j] - centers[i]
        ends = [inside & near, inside & ~near]
        counts = np.array([totals[at].sum() for at in ends])
        if counts.min() > 0:
            sums = np.stack([scores[at].sum(axis=0) for at in ends]) @ way
            slopes[i, j] = (sums[0] / counts[0] - sums[1] / counts[1]) / (way @ way)
            variances[i, j] = (1 / counts).sum() / (way @ way)
    slopes, errors = slopes + slopes.T, np.sqrt(variances + variances.T)
    return (slopes > _LEAST_SLOPE) & (slopes > _LEAST_Z * errors)


def _touch(labels, n_phases):
    """Pairs of different phases that lie beside each other, both ways."""
    touch = np.zeros((n_phases + 1, n_phases + 1), dtype=bool)
    for axis in range(labels.ndim):
        along = np.moveaxis(labels, axis, 0)
        touch[along[1:], along[:-1]] = True
    touch = (touch | touch.T)[:-1, :-1]
    return touch & ~np.eye(n_phases, dtype=bool)


def positions_between(scores, totals, labels, centers, grades):
    """Find how far each pixel lies from its phase towards a phase that it grades into.

    Scores are blurred among phases that grade into each other, until their noise is a tenth of the
    way. A phase with one such neighbour also reaches as far to the other side.

    Parameters
    ----------
    scores, totals, labels, centers
        As in `graded_pairs`.
    grades : ndarray of shape (n_phases, n_phases), bool
        From `graded_pairs`.

    Returns
    -------
    towards : ndarray of shape (...), int
        The phase that it lies towards; its own where it grades into none.
    position : ndarray of shape (...)
        0 at the centre of its phase, .5 half way.
    """
    towards, position = labels.copy(), np.zeros(labels.shape)
    for i, j in zip(*np.nonzero(grades), strict=True):
        among = np.isin(labels, [i, *np.flatnonzero(grades[i])])
        way = centers[j] - centers[i]
        length = way @ way
        per_pixel = totals[among].mean()
        n_pixels = 1 / (per_pixel * length * _NOISE**2)
        blur = max(1.0, (n_pixels / np.sqrt(4 * np.pi) ** labels.ndim) ** (1 / labels.ndim))
        along = (scores @ way - totals * (centers[i] @ way)) / length
        along, weight = (ndimage.gaussian_filter(a * among, blur) for a in (along, totals))
        at = np.divide(along, weight, out=np.zeros(labels.shape), where=weight > 0)
        at = at.clip(-0.5 if grades[i].sum() == 1 else 0, 0.5)
        better = (labels == i) & ((towards == i) | (at > position))
        towards[better], position[better] = j, at[better]
    return towards, position
