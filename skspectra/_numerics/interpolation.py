"""Many spectra on other axes at once: linear interpolation, and averages over wider channels."""

import numpy as np
from array_api_compat import array_namespace
from numpy.lib.stride_tricks import sliding_window_view
from scipy.sparse import csr_array

from skspectra._numerics.axis import check_axis, dispersion, is_uniform
from skspectra._numerics.blocks import blocks
from skspectra._numerics.constants import as_float64

__all__ = ["channel_positions", "interpolate_rows", "resample_rows", "sample_rows", "shift_rows"]

_BLOCK_BYTES = 1 << 24  # of a sparse product
_FEW = 8  # rows for which a sparse product costs more than it saves


def channel_positions(axis, energies):
    """Fractional channel numbers at which `energies` lie, held at the ends of the axis.

    Parameters
    ----------
    axis : ndarray of shape (n_channels,)
        Strictly increasing axis.
    energies : numpy or torch array of any shape
        Where to look, in units of the axis.

    Returns
    -------
    positions : array of the shape, namespace and device of `energies`, float64
        Between 0 and ``n_channels - 1``.
    """
    xp = array_namespace(energies)
    energies = xp.astype(energies, xp.float64)
    if axis.size == 1:
        return xp.zeros_like(energies)
    if is_uniform(axis, rtol=1e-9):
        step = (axis[-1] - axis[0]) / (axis.size - 1)
        positions = (energies - float(axis[0])) / float(step)
    else:
        nodes = as_float64(axis, energies)
        right = xp.clip(xp.searchsorted(nodes, energies), 1, axis.size - 1)
        low, high = _take(nodes, right - 1), _take(nodes, right)
        positions = xp.astype(right - 1, xp.float64) + (energies - low) / (high - low)
    return xp.clip(positions, 0.0, float(axis.size - 1))


def _take(values, indices):
    xp = array_namespace(values)
    return xp.reshape(xp.take(values, xp.reshape(indices, (-1,)), axis=0), indices.shape)


def interpolate_rows(X, positions):
    """Each row of `X` at fractional channel positions.

    Parameters
    ----------
    X : numpy or torch array of shape (n_spectra, n_channels)
        The spectra.
    positions : array of shape (n_positions,) or (n_spectra, n_positions)
        Between 0 and ``n_channels - 1``, the same for all rows or one set for each.

    Returns
    -------
    values : array of shape (n_spectra, n_positions)
        In the dtype of `X`.
    """
    xp = array_namespace(X, positions)
    last = X.shape[1] - 1
    left = xp.clip(xp.astype(xp.floor(positions), xp.int64), 0, max(last - 1, 0))
    weight = xp.astype(positions - xp.astype(left, positions.dtype), X.dtype)
    right = xp.clip(left + 1, 0, last)
    if positions.ndim == 1:
        low, high = xp.take(X, left, axis=1), xp.take(X, right, axis=1)
    else:
        low, high = xp.take_along_axis(X, left, axis=1), xp.take_along_axis(X, right, axis=1)
    return low + weight * (high - low)


def sample_rows(X, axis, energies):
    """Each row of `X` at energies of its own, in blocks that bound the memory.

    Parameters
    ----------
    X : numpy or torch array of shape (n_spectra, n_channels)
        The spectra.
    axis : ndarray of shape (n_channels,)
        Their axis.
    energies : callable
        ``energies(rows)`` gives the energies, shape (n_rows, n_out), for a slice of rows.

    Returns
    -------
    values : array of shape (n_spectra, n_out)
        Beyond the ends of the axis, the value at the end.
    """
    if not isinstance(X, np.ndarray):  # torch: a GPU has room, and differentiates
        everything = slice(0, X.shape[0])
        return interpolate_rows(X, channel_positions(axis, energies(everything)))
    out = np.empty((len(X), energies(slice(0, 1)).shape[1]), dtype=X.dtype)
    for rows in blocks(X):
        out[rows] = interpolate_rows(X[rows], channel_positions(axis, energies(rows)))
    return out


def shift_rows(X, axis, shifts):
    """Each row of `X` shifted towards higher energy by its own amount, in units of `axis`.

    Beyond the ends of the axis, the value at the end.
    """
    if axis.size == 1 or not is_uniform(axis, rtol=1e-9):
        return sample_rows(X, axis, lambda rows: axis - shifts[rows, None])
    n_channels = axis.size
    step = (axis[-1] - axis[0]) / (n_channels - 1)
    channels = np.clip(shifts / step, -n_channels, n_channels)
    whole = np.floor(channels).astype(np.int64)
    part = (channels - whole).astype(X.dtype)[:, None]
    out = np.empty_like(X, order="C")
    for rows in blocks(X):
        below, above = max(0, whole[rows].max() + 1), max(0, -whole[rows].min())
        padded = np.pad(X[rows], ((0, 0), (below, above)), mode="edge")
        stretches = sliding_window_view(padded, n_channels + 1, axis=1)
        stretches = stretches[np.arange(len(padded)), below - whole[rows] - 1]
        low, high = stretches[:, 1:], stretches[:, :-1]
        np.subtract(high, low, out=out[rows])
        out[rows] *= part[rows]
        out[rows] += low
    return out


def resample_rows(X, axis, new_axis, *, outside="raise", average=True):
    """Spectra on another axis.

    Where a new channel is wider than those it spans, it gets their mean, a channel that is cut
    counting by the part inside; so no counts are lost. Elsewhere spectra are interpolated linearly.
    Straight lines come out as they are, and all weights of a channel add up to one.

    Parameters
    ----------
    X : ndarray of shape (n_spectra, n_channels)
        The spectra.
    axis : array-like of shape (n_channels,)
        Their axis, not necessarily uniform.
    new_axis : array-like of shape (n_new,)
        The axis wanted, in the same units.
    outside : {"raise", "edge"}, default="raise"
        What happens where `new_axis` reaches outside `axis` by more than half a channel: an error,
        or the value at the nearest end. Up to half a channel the end value always serves.
    average : bool, default=True
        Whether new channels have a width; False interpolates at all of them.

    Returns
    -------
    resampled : ndarray of shape (n_spectra, n_new)

    Raises
    ------
    ValueError
        If an axis is not strictly increasing, or with ``outside="raise"`` if `new_axis` reaches
        outside `axis`.
    """
    X = np.asarray(X)
    axis = check_axis(axis, X.shape[1])
    new_axis = check_axis(new_axis, name="new_axis")
    margin = dispersion(axis) / 2 if axis.size > 1 else 0.0
    reaches_out = new_axis[0] < axis[0] - margin or new_axis[-1] > axis[-1] + margin
    if reaches_out and outside == "raise":
        raise ValueError(
            f"The axis wanted runs from {new_axis[0]:g} to {new_axis[-1]:g}, but the spectra only "
            f"cover {axis[0]:g} to {axis[-1]:g}. Choose a narrower axis, or outside='edge' to "
            "repeat the values at the ends."
        )
    dtype = np.result_type(X, np.float32)
    data, channels, starts = _resampling_weights(axis, new_axis, average)
    data = data.astype(dtype)
    if len(X) <= _FEW:
        return np.add.reduceat(X[:, channels] * data, starts[:-1], axis=1)
    weights = csr_array((data, channels, starts), shape=(new_axis.size, axis.size))
    resampled = np.empty((len(X), new_axis.size), dtype=dtype)
    for rows in blocks(X, _BLOCK_BYTES):
        resampled[rows] = (weights @ X[rows].T).T
    return resampled


def _resampling_weights(axis, new_axis, average):
    """Weights, the channels they belong to, and where those of each new channel start."""
    positions = channel_positions(axis, new_axis)
    first = np.clip(positions.astype(np.int64), 0, max(axis.size - 2, 0))
    within = positions - first
    count = np.full(new_axis.size, 2)
    wide = np.zeros(0, dtype=np.int64)
    if average and axis.size > 1 and new_axis.size > 1:
        edges = _edges(axis)
        left, right, wide = _wide_channels(edges, new_axis)
        low, high = np.searchsorted(edges[1:-1], left), np.searchsorted(edges[1:-1], right)
        first[wide], count[wide] = low - 1, high - low + 3  # one more at each end, for the slopes
    starts = np.concatenate([[0], np.cumsum(count)])
    channels = np.repeat(first - starts[:-1], count) + np.arange(starts[-1])
    weights = np.zeros(starts[-1])
    weights[starts[:-1]], weights[starts[:-1] + 1] = 1 - within, within
    channels = np.clip(channels, 0, axis.size - 1)
    if wide.size:
        weights[starts[wide]] = weights[starts[wide] + 1] = 0
        is_spanned = np.repeat(np.isin(np.arange(new_axis.size), wide), count)
        is_spanned[starts[wide]] = is_spanned[starts[wide + 1] - 1] = False
        at, times = np.flatnonzero(is_spanned), count[wide] - 2
        share, tilt = _shares(axis, edges, channels[at], left.repeat(times), right.repeat(times))
        weights[at] += share
        weights[at + 1] += tilt
        weights[at - 1] -= tilt
    return weights, channels, starts


def _edges(axis):
    """Edges of the channels of an axis, halfway between them."""
    middle = (axis[:-1] + axis[1:]) / 2
    return np.concatenate([[2 * axis[0] - middle[0]], middle, [2 * axis[-1] - middle[-1]]])


def _wide_channels(edges, new_axis):
    """Edges and numbers of the new channels that are wider than those around their middle.

    A channel that reaches over an end is made narrower on both sides, so that it keeps its middle.
    """
    inside = np.minimum(new_axis - edges[0], edges[-1] - new_axis)
    half = np.minimum(np.gradient(new_axis) / 2, inside)
    at = np.clip(np.searchsorted(edges, new_axis, side="right") - 1, 0, edges.size - 2)
    wide = np.flatnonzero(2 * half > (1 + 1e-6) * np.diff(edges)[at])
    return new_axis[wide] - half[wide], new_axis[wide] + half[wide], wide


def _shares(axis, edges, channel, left, right):
    """Mean over a new channel of the line through a channel, over the part that they share.

    The line is that through the value of the channel with the slope between its neighbours.

    Returns
    -------
    share, tilt : ndarray
        Weight of the channel, and of the next one less the one before.
    """
    low = np.maximum(edges[channel], left) - axis[channel]
    high = np.minimum(edges[channel + 1], right) - axis[channel]
    before, after = np.maximum(channel - 1, 0), np.minimum(channel + 1, axis.size - 1)
    width = right - left
    return (high - low) / width, (high**2 - low**2) / (2 * width * (axis[after] - axis[before]))
