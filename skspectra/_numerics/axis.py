"""The spectral axis: where it comes from, and how windows become channels."""

import reprlib
from numbers import Real

import numpy as np

from skspectra._numerics.column_names import refuse_columns_of_spectra, spectral_columns

__all__ = [
    "axis_names",
    "check_axis",
    "check_same_axis",
    "dispersion",
    "resolve_axis",
    "window_channels",
    "window_mask",
]


def check_axis(spectral_axis, n_channels=None, *, name="spectral_axis"):
    """Return `spectral_axis` as a float64 array, or raise what is wrong with it.

    Parameters
    ----------
    spectral_axis : array-like of shape (n_channels,)
        Axis values, in any unit.
    n_channels : int, default=None
        The length that is wanted; None accepts any.
    name : str, default="spectral_axis"
        What the axis is called in messages.

    Returns
    -------
    axis : ndarray of shape (n_channels,), float64

    Raises
    ------
    ValueError
        If the axis is masked, not of real numbers, not one-dimensional, empty, of another length
        than `n_channels`, not finite or not strictly increasing.
    """
    if np.ma.is_masked(spectral_axis) or np.iscomplexobj(spectral_axis):
        raise ValueError(f"{name} must hold real numbers, of which none is masked.")
    try:
        axis = np.array(spectral_axis, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must hold numbers: {error}") from error
    if axis.ndim != 1 or axis.size == 0:
        raise ValueError(f"{name} must be a one-dimensional array, got shape {axis.shape}.")
    if not np.isfinite(axis).all():
        raise ValueError(f"{name} must be finite; it holds NaN or infinity.")
    if np.any(np.diff(axis) <= 0):
        at = int(np.argmax(np.diff(axis) <= 0))
        how = "Sort the spectra by energy first."
        if np.all(np.diff(axis) < 0):
            how = "Turn both round: the axis as axis[::-1], the spectra as X[:, ::-1]."
        raise ValueError(
            f"{name} must be strictly increasing, but channel {at} is at {axis[at]:g} and channel "
            f"{at + 1} at {axis[at + 1]:g}. {how}"
        )
    if n_channels is not None and axis.size != n_channels:
        raise ValueError(
            f"{name} has {axis.size} values ({axis[0]:g} to {axis[-1]:g}), but the spectra have "
            f"{n_channels} channels."
        )
    return axis


def resolve_axis(X, spectral_axis=None, *, n_channels=None):
    """Find the spectral axis of `X`.

    In this order: the argument, the column names of a frame that parse as numbers, and the
    channel numbers 0 to `n_channels` - 1. The first two must agree where there are both.

    Parameters
    ----------
    X : array-like or frame of shape (n_spectra, n_channels)
        The spectra.
    spectral_axis : array-like of shape (n_channels,), default=None
        The axis as the user gave it.
    n_channels : int, default=None
        Number of channels; read from the shape of `X` if None.

    Returns
    -------
    axis : ndarray of shape (n_channels,), float64

    Raises
    ------
    ValueError
        If the axis has the wrong length or is not strictly increasing, if it contradicts the
        column names, if only some of these are numbers, or if `X` is transposed.
    """
    if n_channels is None:
        n_channels = np.shape(X)[1]
    if spectral_axis is not None:
        if np.size(spectral_axis) == len(X) != n_channels:
            raise ValueError(
                f"spectral_axis has {len(X)} values, and X has as many rows, but {n_channels} "
                "columns. One row is one spectrum: transpose X."
            )
        spectral_axis = check_axis(spectral_axis, n_channels)
    columns = spectral_columns(X)
    if columns is None and spectral_axis is None:
        refuse_columns_of_spectra(X)
        return np.arange(n_channels, dtype=np.float64)
    if columns is None:
        return spectral_axis
    columns = check_axis(columns, n_channels, name="the axis in the column names")
    if spectral_axis is None:
        return columns
    check_same_axis(columns, spectral_axis)
    return spectral_axis


def check_same_axis(columns, axis):
    """Raise if the axis in column names is another than `axis`, by over a tenth of a channel."""
    tolerance = 0.1 * (dispersion(axis) if axis.size > 1 else 1.0)
    other = np.abs(columns - axis) > tolerance
    if other.any():
        at = int(other.argmax())
        raise ValueError(
            f"The columns of X run from {columns[0]:g} to {columns[-1]:g}, the spectral axis from "
            f"{axis[0]:g} to {axis[-1]:g}: column {columns[at]:g} is channel {at}, which is to lie "
            f"at {axis[at]:g}. Resample the spectra to that axis, or name the columns by it."
        )


def _check_window(window, name):
    try:
        start, stop = (float(edge) for edge in window)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{name} must be a pair (start, stop) in units of the spectral axis, got "
            f"{reprlib.repr(window)}."
        ) from error
    if not start < stop:
        raise ValueError(f"{name} must have start < stop, got ({start:g}, {stop:g}).")
    return start, stop


def window_channels(axis, window, *, name="window"):
    """Channels inside a half-open window, ``start <= e < stop``.

    The window may reach over an end of the axis by no more than one channel; a tolerance of
    a millionth of a channel keeps rounding in the axis from adding or losing one.

    Parameters
    ----------
    axis : ndarray of shape (n_channels,)
        Strictly increasing axis.
    window : tuple of (float, float)
        Start and stop in units of the axis.
    name : str, default="window"
        What the window is called in messages.

    Returns
    -------
    channels : slice
        The channels inside, at least one.

    Raises
    ------
    ValueError
        If the window is not a pair with start < stop, holds no channel, or lies outside the axis.

    Examples
    --------
    >>> import numpy as np
    >>> from skspectra._numerics.axis import window_channels
    >>> window_channels(np.arange(615, 685, 0.1), (635, 665))
    slice(200, 500, None)
    """
    start, stop = _check_window(window, name)
    step = dispersion(axis) if axis.size > 1 else 1.0
    if start < axis[0] - step or stop > axis[-1] + 2 * step:
        hint = ""
        if np.array_equal(axis, np.arange(axis.size)):
            hint = " These are channel numbers: pass the energies as spectral_axis=."
        raise ValueError(
            f"{name} ({start:g}, {stop:g}) lies outside the spectral axis, which runs from "
            f"{axis[0]:g} to {axis[-1]:g}.{hint}"
        )
    tolerance = 1e-6 * step
    first, last = np.searchsorted(axis, [start - tolerance, stop - tolerance])
    if first == last:
        raise ValueError(
            f"{name} ({start:g}, {stop:g}) holds no channel of the spectral axis, which runs from "
            f"{axis[0]:g} to {axis[-1]:g} in steps of about {step:g}."
        )
    return slice(int(first), int(last))


def window_mask(axis, windows):
    """Channels inside any of one or several windows.

    Parameters
    ----------
    axis : ndarray of shape (n_channels,)
        Strictly increasing axis.
    windows : tuple of (float, float) or sequence of such tuples
        One window or several, in units of the axis.

    Returns
    -------
    mask : ndarray of shape (n_channels,), bool

    Raises
    ------
    ValueError
        As `window_channels`, for each window.
    """
    windows = list(windows)
    if windows and isinstance(windows[0], Real):
        windows = [windows]
    if not windows:
        raise ValueError("window is empty; give one pair (start, stop) or several.")
    mask = np.zeros(axis.size, dtype=bool)
    for window in windows:
        mask[window_channels(axis, window)] = True
    return mask


def dispersion(axis):
    """Median channel width, in units of the axis."""
    return float(np.median(np.diff(axis)))


def is_uniform(axis, rtol=1e-3):
    """Whether every channel has the same width, within `rtol` of it."""
    widths = np.diff(axis)
    return axis.size < 3 or bool(np.ptp(widths) <= rtol * widths.mean())


def axis_names(axis):
    """Column names of an axis: its values as decimals, right to a millionth of a channel."""
    axis = np.asarray(axis, dtype=np.float64)
    if axis.size > 1:  # what arange adds up to 702.0000000000118 is 702
        axis = axis.round(6 - int(np.floor(np.log10(np.diff(axis).min()))))
    return np.array([np.format_float_positional(value, trim="-") for value in axis], dtype=object)
