"""Linear interpolation of many spectra at once, for numpy and torch arrays alike."""

import numpy as np
from array_api_compat import array_namespace

from skspectra._numerics.axis import check_axis, dispersion, is_uniform
from skspectra._numerics.constants import as_float64

__all__ = ["channel_positions", "interpolate_rows", "resample_rows", "sample_rows", "shift_rows"]

_CHUNK_BYTES = 1 << 24


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
    """Each row of `X` at energies of its own, in chunks that bound the memory.

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
    xp = array_namespace(X)
    step = max(1, _CHUNK_BYTES // (8 * max(X.shape[1], 1)))
    chunks = []
    for start in range(0, X.shape[0], step):
        rows = slice(start, start + step)
        chunks.append(interpolate_rows(X[rows], channel_positions(axis, energies(rows))))
    return chunks[0] if len(chunks) == 1 else xp.concat(chunks, axis=0)


def shift_rows(X, axis, shifts):
    """Each row of `X` shifted towards higher energy by its own amount, in units of `axis`."""
    return sample_rows(X, axis, lambda rows: axis - shifts[rows, None])


def resample_rows(X, axis, new_axis, *, outside="raise"):
    """Spectra on another axis, by linear interpolation.

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

    Returns
    -------
    resampled : ndarray of shape (n_spectra, n_new)

    Raises
    ------
    ValueError
        If an axis is not strictly increasing, or with ``outside="raise"`` if `new_axis` reaches
        outside `axis`.
    """
    axis = check_axis(axis, np.shape(X)[1])
    new_axis = check_axis(new_axis, name="new_axis")
    margin = dispersion(axis) / 2 if axis.size > 1 else 0.0
    reaches_out = new_axis[0] < axis[0] - margin or new_axis[-1] > axis[-1] + margin
    if reaches_out and outside == "raise":
        raise ValueError(
            f"new_axis runs from {new_axis[0]:g} to {new_axis[-1]:g}, but the spectra only cover "
            f"{axis[0]:g} to {axis[-1]:g}. Choose a narrower axis, or outside='edge' to repeat "
            "the values at the ends."
        )
    return interpolate_rows(X, channel_positions(axis, new_axis))
