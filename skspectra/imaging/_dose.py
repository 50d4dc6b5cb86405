"""Whether single pixels hold counts enough to be read."""

import itertools

import numpy as np

__all__ = ["pixels_or_phases"]

_PATCHES = 16
_PATCH = 6  # pixels along each of the last two axes
_BINNED = 3
_GAIN = 0.05  # of the sums that are named more often than pixels
_FEWEST_PIXELS = 64
_MOST_BYTES = 2**31


def pixels_or_phases(reader, pixels, mask):
    """Choose by what sums of 3 x 3 pixels can be named that the pixels cannot, where an edge is.

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
        return "pixels", f"the image has {mask.size}, too few to be divided into phases"
    if 4 * pixels.data.size > _MOST_BYTES:
        return "pixels", "the image is too large to be divided into phases in memory"
    squares = []
    for corner in _corners(mask.shape):
        patch = np.asarray(pixels.data[corner], dtype=float)
        squares.append(_squares(np.where(mask[corner][..., None], np.nan, patch)))
    one, several = _shares_named(reader, np.concatenate(squares), pixels.axis)
    said = f"{one:.0%} of single pixels can be named, {several:.0%} of the sums of neighbours"
    if several - one <= _GAIN:
        return "pixels", said
    if np.nanmin(pixels.data) < 0:
        return "pixels", f"{said}, but phases need counts, and the image has negative values"
    return "phases", said


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


def _squares(patch):
    """Spectra of whole squares of neighbours, of shape (n_squares, n_pixels, n_channels)."""
    whole = tuple(slice(n - n % _BINNED) for n in patch.shape[:-1])
    patch = patch[whole]
    for axis in range(patch.ndim - 1):  # (..., n, ...) to (..., n / 3, 3, ...), one after another
        patch = patch.reshape(*patch.shape[: 2 * axis], -1, _BINNED, *patch.shape[2 * axis + 1 :])
    n_axes = patch.ndim // 2
    order = [*range(0, 2 * n_axes, 2), *range(1, 2 * n_axes, 2), 2 * n_axes]
    return patch.transpose(order).reshape(-1, _BINNED**n_axes, patch.shape[-1])


def _shares_named(reader, squares, axis):
    """Share of pixels, and of sums of squares, that are named where the sum has an edge."""
    squares = squares[np.isfinite(squares).all(axis=(1, 2))]
    if not len(squares):
        return 0.0, 0.0
    of_sums = reader.read(squares.sum(axis=1), axis)["reason"]
    squares = squares[(of_sums != "no edge").to_numpy()]
    if not len(squares):
        return 0.0, 0.0
    of_pixels = reader.read(squares.reshape(-1, squares.shape[-1]), axis)["reason"]
    return float((of_pixels == "").mean()), float((of_sums[of_sums != "no edge"] == "").mean())
