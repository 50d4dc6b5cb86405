"""Whether single pixels hold counts enough to be read."""

import itertools

import numpy as np

__all__ = ["pixels_or_phases"]

_PATCHES = 16
_PATCH = 6  # pixels along each of the last two axes
_BINNED = 3
_GAIN = 0.15  # of the sums that are named more often than pixels
_FEWEST_PIXELS = 64
_MOST_BYTES = 2**31


def pixels_or_phases(reader, pixels, mask):
    """Choose by what sums of 3 x 3 pixels can be named that the pixels cannot.

    Parameters
    ----------
    reader : ValenceReader
        Fitted.
    pixels : SpectrumImage
        The image.
    mask : ndarray of shape (...), bool
        Pixels that are left out.

    Returns
    -------
    by : {"pixels", "phases"}
    why : str
        A sentence that says why.
    """
    if mask.size < _FEWEST_PIXELS:
        return "pixels", f"{mask.size} pixels are too few to be divided into phases"
    if 4 * pixels.data.size > _MOST_BYTES:
        return "pixels", "the image is too large to be divided into phases in memory"
    singles, sums = [], []
    for corner in _corners(mask.shape):
        patch = np.asarray(pixels.data[corner], dtype=float)
        patch = np.where(mask[corner][..., None], np.nan, patch)
        singles.append(patch.reshape(-1, patch.shape[-1]))
        sums.append(_bin(patch))
    one, several = (_share_named(reader, rows, pixels.axis) for rows in (singles, sums))
    said = f"{one:.0%} of single pixels can be named, {several:.0%} of the sums of neighbours"
    return ("phases" if several - one > _GAIN else "pixels"), said


def _corners(shape):
    """Slices of patches that lie evenly over an image."""
    leading, plane = shape[:-2], shape[-2:]
    per_axis = max(2, round(_PATCHES ** (1 / len(plane))))
    size = _PATCH if len(plane) == 2 else _PATCH * _PATCH // 2
    starts = [np.unique(np.linspace(0, max(n - size, 0), per_axis).astype(int)) for n in plane]
    planes = list(np.ndindex(leading))
    for plane_index in planes[:: max(1, len(planes) // 4)][:4]:
        for start in itertools.product(*starts):
            yield (*plane_index, *(slice(s, s + size) for s in start))


def _bin(patch):
    """Add up whole squares of neighbours, one row each."""
    for axis in range(patch.ndim - 1):
        n = patch.shape[axis] // _BINNED
        along = np.moveaxis(patch, axis, 0)[: n * _BINNED]
        patch = np.moveaxis(along.reshape(n, _BINNED, *along.shape[1:]).sum(axis=1), 0, axis)
    return patch.reshape(-1, patch.shape[-1])


def _share_named(reader, blocks, axis):
    rows = np.concatenate(blocks)
    rows = rows[np.isfinite(rows).all(axis=1)]
    return float((reader.read(rows, axis)["reason"] == "").mean()) if len(rows) else 0.0
