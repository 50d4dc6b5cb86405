"""One view of the images that come in: HyperSpy signals, dask arrays and numpy arrays."""

from typing import NamedTuple

import numpy as np

from skspectra._numerics.axis import check_axis
from skspectra._numerics.column_names import spectral_columns
from skspectra._progress import Progress
from skspectra.io import from_rows
from skspectra.io._signals import axis_label, increasing_axis
from skspectra.io._units import conversion

__all__ = ["SpectrumImage", "finite_rows", "is_lazy", "spectrum_image"]

_BLOCK_BYTES = 2**26


class SpectrumImage(NamedTuple):
    """Spectra along the last axis of an array.

    Parameters
    ----------
    data : ndarray or dask array of shape (..., n_channels)
        A dask array has all channels of a spectrum in one chunk.
    axis : ndarray of shape (n_channels,) or None
        Increasing; None where it is not known.
    signal : hyperspy.api.signals.BaseSignal or None
        Where the image comes from.
    """

    data: object
    axis: np.ndarray | None
    signal: object

    @property
    def shape(self):
        """Shape of the navigation space, in numpy's order."""
        return self.data.shape[:-1]

    def like(self, values):
        """Values of shape (...) or (..., n_values) in the kind of the image."""
        if self.signal is None:
            return values
        n_rows = int(np.prod(self.shape))
        return from_rows(values.reshape(n_rows, *values.shape[len(self.shape) :]), self.signal)

    def map_rows(self, function, n_values, dtype, *others, verbose=0, **options):
        """Values of shape (..., n_values) that a function makes of rows of spectra.

        Parameters
        ----------
        function : callable
            ``function(rows, *other_rows, **options)`` gives an array of shape (n_rows, n_values).
        n_values : int
            How many values a row becomes.
        dtype : dtype
            Of the values.
        *others : ndarray of shape (...)
            Further values of every pixel.
        verbose : int or bool, default=0
            Whether to show progress over the blocks of an image in memory.
        **options : dict
            What the function needs besides; for a dask array each is sent once.
        """
        if not is_lazy(self.data):
            return self._map_in_memory(function, n_values, others, options, verbose)
        import dask
        import dask.array as da

        others = [da.from_array(each[..., None], (*self.data.chunks[:-1], 1)) for each in others]
        options = {name: dask.delayed(each) for name, each in options.items()}
        return da.map_blocks(
            _map_block,
            self.data,
            *others,
            function=function,
            n_values=n_values,
            dtype=dtype,
            chunks=(*self.data.chunks[:-1], (n_values,)),
            meta=np.empty((0,) * self.data.ndim, dtype),
            **options,
        )

    def _map_in_memory(self, function, n_values, others, options, verbose):
        rows = self.data.reshape(-1, self.data.shape[-1])
        others = [each.ravel() for each in others]
        step = max(1, _BLOCK_BYTES // max(rows.shape[1] * rows.dtype.itemsize, 1))
        blocks = [slice(start, start + step) for start in range(0, len(rows), step)]
        values = [
            function(rows[b], *(each[b] for each in others), **options)
            for b in Progress(verbose, "reading", len(blocks), "block").over(blocks)
        ]
        return np.concatenate(values).reshape(*self.shape, n_values)


def _map_block(block, *others, function, n_values, **options):
    values = function(
        block.reshape(-1, block.shape[-1]), *(each.ravel() for each in others), **options
    )
    return values.reshape(*block.shape[:-1], n_values)


def finite_rows(rows):
    """Whether each row holds neither NaN nor infinity, shape (n_rows,)."""
    with np.errstate(over="ignore", invalid="ignore"):
        finite = np.isfinite(rows.sum(axis=1))  # a quarter of the time of looking at each number
    unsure = np.flatnonzero(~finite)
    finite[unsure] = np.isfinite(rows[unsure]).all(axis=1)
    return finite


def is_lazy(array):
    """Whether it is a dask array."""
    return hasattr(array, "dask")


def spectrum_image(image, spectral_axis=None, *, unit=None):
    """View an image as a `SpectrumImage`.

    Parameters
    ----------
    image : HyperSpy signal, dask array or array-like of shape (..., n_channels)
        The image. The signal axis of a signal may lie anywhere in its array.
    spectral_axis : array-like of shape (n_channels,), default=None
        Axis of an array; that of a DataArray of xarray are its last coordinates.
    unit : str, default=None
        Unit that the axis of a signal is to be in; None leaves it as it is.

    Raises
    ------
    ValueError
        If a signal comes with a second axis, its signal dimension is not 1, its axis is of another
        quantity than `unit`, or the axis does not fit.
    """
    if hasattr(image, "axes_manager"):
        if spectral_axis is not None:
            raise ValueError(
                "spectral_axis is for arrays; a HyperSpy signal has an axis. Change that in its "
                "axes_manager."
            )
        return _from_signal(image, unit)
    data = _checked(image if is_lazy(image) else np.asarray(image))
    if spectral_axis is None:
        spectral_axis = spectral_columns(image)
    axis = None if spectral_axis is None else _axis_of_last(data, spectral_axis)
    return SpectrumImage(_whole_spectra(data), axis, None)


def _axis_of_last(data, spectral_axis):
    axis = check_axis(spectral_axis)
    if axis.size != data.shape[-1] and axis.size in data.shape:
        at = data.shape.index(axis.size)
        raise ValueError(
            f"spectral_axis has {axis.size} values, and the image has shape {data.shape}: its "
            f"spectra lie along axis {at}. Move them last, by np.moveaxis(image, {at}, -1)."
        )
    return check_axis(axis, data.shape[-1])


def _from_signal(signal, unit):
    axis, is_reversed = increasing_axis(signal)
    if unit is not None:
        factor = conversion(axis_label(signal), unit, "set its units in the axes_manager")
        axis = axis if factor is None else axis * factor
    manager = signal.axes_manager
    order = manager.navigation_indices_in_array[::-1] + manager.signal_indices_in_array
    data = _whole_spectra(_checked(signal.data).transpose(order))
    return SpectrumImage(data[..., ::-1] if is_reversed else data, axis, signal)


def _checked(data):
    if data.ndim < 1 or data.dtype.kind not in "biuf":
        raise ValueError(
            "The image must hold real numbers in an array of shape (..., n_channels), got shape "
            f"{data.shape} and dtype {data.dtype}."
        )
    return data


def _whole_spectra(data):
    return data.rechunk({data.ndim - 1: -1}) if is_lazy(data) else data
