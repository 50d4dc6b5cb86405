"""Valences of a whole spectrum image."""

import numpy as np

from skspectra.imaging._image import is_lazy, spectrum_image
from skspectra.imaging._maps import ValenceMaps, masked_values, table_values
from skspectra.imaging._predict import check_mask

__all__ = ["read_image"]


def read_image(reader, image, *, spectral_axis=None, mask=None):
    """Name the valence of every pixel of a spectrum image, or say that it is unknown.

    Parameters
    ----------
    reader : ValenceReader
        Fitted, such as ``load_pretrained("mn-l23")``.
    image : HyperSpy signal, dask array or array-like of shape (..., n_channels)
        Counts with their background, with any number of navigation dimensions. Lazy images are
        read chunk by chunk on the scheduler of dask that is in use.
    spectral_axis : array-like of shape (n_channels,), default=None
        Axis of an array in eV; a signal has one.
    mask : array-like of shape (...), bool, default=None
        Pixels that are left out, True where they are.

    Returns
    -------
    maps : ValenceMaps
        With the mean valence, its uncertainty, the probabilities, the novelty and the shift, each
        of the kind of the image and with its axes.

    Raises
    ------
    ValueError
        If the axis of the image does not cover the edge, or the mask does not fit.
    """
    pixels = spectrum_image(image, spectral_axis)
    if pixels.axis is None:
        raise ValueError("spectral_axis is needed to read an array.")
    classes = list(reader.classes_)
    values = pixels.map_rows(
        _read_rows,
        masked_values(0, classes).shape[1],
        np.dtype(float),
        check_mask(mask, pixels.shape),
        reader=reader,
        axis=pixels.axis,
    )
    return ValenceMaps(values.compute() if is_lazy(values) else values, classes, pixels)


def _read_rows(rows, masked, *, reader, axis):
    """Read rows, and put what is said in numbers."""
    seen = np.isfinite(rows).all(axis=1) & ~masked
    values = masked_values(len(rows), reader.classes_)
    if seen.any():
        values[seen] = table_values(reader.read(rows[seen], axis), reader.classes_)
    return values
