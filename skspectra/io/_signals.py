"""HyperSpy signals as rows of spectra, and rows as HyperSpy signals."""

import math

import numpy as np

from skspectra._numerics.axis import check_axis, is_uniform
from skspectra._numerics.column_names import columns_as_axis
from skspectra.io._hyperspy import import_hyperspy, quiet_hyperspy

__all__ = [
    "axis_label",
    "axis_unit",
    "describe_axis",
    "from_rows",
    "increasing_axis",
    "to_matrix",
]


def to_matrix(signal):
    """Convert a HyperSpy signal to rows of spectra.

    Parameters
    ----------
    signal : hyperspy.api.signals.BaseSignal
        Any signal of signal dimension 1 and any navigation dimension, lazy or not. The signal axis
        may be uniform, non-uniform or functional and lie anywhere in the array.

    Returns
    -------
    X : array of shape (n_spectra, n_channels)
        One spectrum per row, in the dtype of the signal. A view of ``signal.data`` where its layout
        in memory allows. For a lazy signal a dask array, chunked along the rows only.
    spectral_axis : ndarray of shape (n_channels,), float64
        Strictly increasing, in the units of the signal axis. Where the signal axis decreases,
        both it and the channels of `X` are reversed.
    shape : tuple of int
        Shape of the navigation space in numpy's order, ``(n_y, n_x)`` for an image and ``()`` for
        a single spectrum, so that ``y.reshape(shape)`` is a map of one value per row.

    Raises
    ------
    TypeError
        If `signal` is not a HyperSpy signal.
    ValueError
        If its signal dimension is not 1, or if some of its values are masked.
    ImportError
        If HyperSpy is not installed.

    See Also
    --------
    from_rows : The inverse.

    Examples
    --------
    >>> import hyperspy.api as hs
    >>> import numpy as np
    >>> from skspectra.io import to_matrix
    >>> signal = hs.signals.Signal1D(np.zeros((50, 40, 586)))
    >>> signal.axes_manager[-1].offset = 428.5
    >>> signal.axes_manager[-1].scale = 0.5
    >>> X, spectral_axis, shape = to_matrix(signal)
    >>> X.shape, shape
    ((2000, 586), (50, 40))
    >>> spectral_axis[:3]
    array([428.5, 429. , 429.5])
    """
    spectral_axis, is_reversed = increasing_axis(signal)
    manager = signal.axes_manager
    order = manager.navigation_indices_in_array[::-1] + manager.signal_indices_in_array
    data = signal.data.transpose(order)
    if _may_be_masked(data):
        raise ValueError(
            f"{signal!r} holds masked values, and rows of spectra cannot. Leave those spectra out, "
            "or fill the channels, with numpy.ma.filled or dask.array.ma.filled."
        )
    if _is_dask(data):
        data = data.rechunk({data.ndim - 1: -1})
    shape = data.shape[:-1]
    X = data.reshape(math.prod(shape), data.shape[-1])
    return X[:, ::-1] if is_reversed else X, spectral_axis, shape


def from_rows(values, signal, *, spectral_axis=None):
    """Convert rows, one for each row of ``to_matrix(signal)``, to a HyperSpy signal.

    The navigation axes of `signal` are kept with their calibration, so that results lie where
    their spectra do and combine with `signal` in HyperSpy's arithmetic.

    Parameters
    ----------
    values : array-like, frame or dask array of shape (n_spectra,) or (n_spectra, n_values)
        Numbers, one row for each row of ``to_matrix(signal)``; masked numbers become NaN. Labels
        that are strings must be encoded first: ``classes, codes = np.unique(labels,
        return_inverse=True)``.
    signal : hyperspy.api.signals.BaseSignal
        The signal that the rows come from.
    spectral_axis : array-like of shape (n_values,), default=None
        Axis of `values` where they are spectra on another axis than that of `signal`. If None, the
        columns of a frame are the axis if their names parse as numbers.

    Returns
    -------
    result : hyperspy.api.signals.BaseSignal
        Lazy if `values` is a dask array, else a view of `values` where that is possible. Its kind
        depends on `values`:

        - one value per row: a map with signal dimension 0, like ``signal.sum(axis="sig")``; its
          ``.T`` is the image;
        - as many values as channels, and no other axis: a signal of the type, axes and metadata
          of `signal`, with the signal axis last in the array and reversed back where `to_matrix`
          reversed it;
        - an axis of its own: the same, with the values of that axis;
        - any other number of values, such as class probabilities or abundances: a plain
          `Signal1D` whose signal axis is the index of the value.

    Raises
    ------
    TypeError
        If `signal` is not a HyperSpy signal.
    ValueError
        If the signal dimension is not 1, if `values` are not numbers, are not one- or
        two-dimensional or have another number of rows, or if the axis does not fit them.
    ImportError
        If HyperSpy is not installed.

    See Also
    --------
    to_matrix : Rows of a signal.

    Examples
    --------
    >>> import hyperspy.api as hs
    >>> import numpy as np
    >>> from skspectra.io import from_rows, to_matrix
    >>> signal = hs.signals.Signal1D(np.random.default_rng(0).random((5, 4, 30)))
    >>> X, spectral_axis, shape = to_matrix(signal)
    >>> from_rows(X - X.min(axis=1, keepdims=True), signal)
    <Signal1D, title: , dimensions: (4, 5|30)>
    >>> from_rows(X.argmax(axis=1), signal)
    <BaseSignal, title: , dimensions: (4, 5|)>
    >>> from_rows(X[:, 10:20], signal, spectral_axis=spectral_axis[10:20])
    <Signal1D, title: , dimensions: (4, 5|10)>
    """
    own_axis, is_reversed = increasing_axis(signal)
    if spectral_axis is None:
        spectral_axis = columns_as_axis(values)
    values = _check_rows(values, signal)
    if values.ndim == 1:
        return _navigation_map(values, signal)
    if spectral_axis is not None:
        spectral_axis = check_axis(spectral_axis, values.shape[1])
        if not np.array_equal(spectral_axis, own_axis):
            return _spectra(values, signal, _axis_like(signal, spectral_axis))
    if values.shape[1] == own_axis.size:
        values = values[:, ::-1] if is_reversed else values
        return _spectra(values, signal, _signal_axis(signal).get_axis_dictionary())
    return _indexed(values, signal)


def increasing_axis(signal):
    """Values of the signal axis in increasing order, and whether that reverses them."""
    hs = import_hyperspy()
    if not isinstance(signal, hs.signals.BaseSignal):
        raise TypeError(f"signal must be a HyperSpy signal, got {type(signal).__name__}.")
    dimension = signal.axes_manager.signal_dimension
    if dimension != 1:
        raise ValueError(
            f"signal must have signal dimension 1, one spectrum per position, but {signal!r} has "
            f"{dimension}. Make its energy axis the signal axis first, with signal.as_signal1D(...)"
            " or signal.transpose(signal_axes=...)."
        )
    energies = _signal_axis(signal).axis
    is_reversed = energies.size > 1 and bool(energies[0] > energies[-1])
    if is_reversed:
        energies = energies[::-1]
    return check_axis(energies, name="the signal axis"), is_reversed


def axis_unit(axis):
    """Return the unit of an axis, or ""; some formats spell a missing one out."""
    unit = str(axis.units or "").strip()
    return "" if unit in ("None", "<undefined>") else unit


def axis_label(signal):
    """Name of the signal axis of a HyperSpy signal with its unit in brackets, or as much of it."""
    axis = _signal_axis(signal)
    name, unit = str(axis.name).strip(), axis_unit(axis)
    name = "" if name in ("None", "<undefined>") else name
    return f"{name} ({unit})".lstrip() if unit else name


def describe_axis(energies):
    """Describe an axis of these values as HyperSpy does."""
    if energies.size > 1 and is_uniform(energies, rtol=1e-9):
        step = (energies[-1] - energies[0]) / (energies.size - 1)
        return {"offset": energies[0], "scale": step, "size": energies.size}
    return {"axis": energies}


def _signal_axis(signal):
    return signal.axes_manager.signal_axes[0]


def _is_dask(array):
    return hasattr(array, "dask")


def _may_be_masked(array):
    if _is_dask(array):
        return isinstance(array._meta, np.ma.MaskedArray)
    return np.ma.is_masked(array)


def _check_rows(values, signal):
    if _may_be_masked(values):
        values = _without_mask(values)
    values = values if _is_dask(values) else np.asarray(values)
    if values.dtype.kind not in "biufc":
        raise ValueError(
            f"values must be numbers, got dtype {values.dtype}: HyperSpy signals hold no labels. "
            "Encode them first: classes, codes = np.unique(labels, return_inverse=True)."
        )
    n_rows = signal.axes_manager.navigation_size or 1
    if values.ndim not in (1, 2) or values.shape[0] != n_rows:
        raise ValueError(
            f"values must have shape ({n_rows},) or ({n_rows}, n_values), one row for each "
            f"spectrum of {signal!r}, got {values.shape}."
        )
    return values


def _without_mask(values):
    """Values with NaN where they are masked."""
    if _is_dask(values):
        return values.map_blocks(_without_mask, dtype=np.result_type(values, np.float32))
    dtype = np.result_type(values, np.float32)
    return np.ma.filled(values.astype(dtype), np.nan)


def _axis_like(signal, energies):
    """Describe an axis of other values, with the name and units of the signal axis."""
    own = _signal_axis(signal).get_axis_dictionary()
    axis = {key: own[key] for key in ("name", "units", "navigate", "is_binned")}
    return axis | describe_axis(energies)


def _navigation_axes(signal):
    return [axis.get_axis_dictionary() for axis in signal.axes_manager.navigation_axes[::-1]]


def _build(signal_class, values, axes, **metadata):
    data = values.reshape([axis["size"] if "size" in axis else len(axis["axis"]) for axis in axes])
    result = signal_class(data, axes=axes, **metadata)
    return result.as_lazy() if _is_dask(data) else result


def _title(signal):
    return {"General": {"title": signal.metadata.get_item("General.title", "")}}


def _navigation_map(values, signal):
    axes = _navigation_axes(signal) or [{"size": 1, "navigate": False}]
    return _build(import_hyperspy().signals.BaseSignal, values, axes, metadata=_title(signal))


def _indexed(values, signal):
    index = {"name": "index", "size": values.shape[1], "navigate": False}
    axes = [*_navigation_axes(signal), index]
    return _build(import_hyperspy().signals.Signal1D, values, axes, metadata=_title(signal))


def _spectra(values, signal, axis):
    metadata = signal.metadata.as_dictionary()
    for of_other_values in ("_HyperSpy", "Markers"):
        metadata.pop(of_other_values, None)
    metadata["Signal"].pop("Noise_properties", None)
    result = _build(
        import_hyperspy().signals.Signal1D,
        values,
        [*_navigation_axes(signal), axis],
        metadata=metadata,
        original_metadata=signal.original_metadata.as_dictionary(),
    )
    with quiet_hyperspy():
        result.set_signal_type(signal.metadata.get_item("Signal.signal_type", ""))
    return result
