"""Positions between channels, for one channel of every row at once."""

import numpy as np

from skspectra._numerics.axis import dispersion
from skspectra._numerics.interpolation import channel_positions, interpolate_rows

__all__ = [
    "crossing",
    "integral",
    "parabola_offset",
    "refined_peak",
    "upper_centroid",
    "values_at",
]

_UPPER = 0.3  # of the height of a peak, above which its centre of mass is taken
_CENTRINGS = 3


def parabola_offset(left, middle, right):
    """Offset of the top of the parabola through three neighbours, -1/2 to 1/2 of a channel.

    0 where they have no top.
    """
    curvature = left - 2 * middle + right
    top = curvature < 0
    offset = np.divide((left - right) / 2, curvature, out=np.zeros_like(curvature), where=top)
    return np.clip(offset, -0.5, 0.5)


def refined_peak(values, channels):
    """Positions and heights of maxima, by the parabola through their neighbours.

    Parameters
    ----------
    values : ndarray of shape (n_spectra, n_channels)
        Spectra.
    channels : ndarray of shape (n_spectra,), int
        Channel of the maximum of each.

    Returns
    -------
    positions : ndarray of shape (n_spectra,)
        In channels. A maximum at an end of the axis stays there.
    heights : ndarray of shape (n_spectra,)
    """
    last = values.shape[1] - 1
    left = values_at(values, np.maximum(channels - 1, 0))
    middle = values_at(values, channels)
    right = values_at(values, np.minimum(channels + 1, last))
    inside = (channels > 0) & (channels < last)
    offset = np.where(inside, parabola_offset(left, middle, right), 0.0)
    return channels + offset, middle + (right - left) * offset / 4


def values_at(values, channels):
    """One channel of each row."""
    return np.take_along_axis(values, channels[:, None], axis=1)[:, 0]


def crossing(values, levels, start, stop):
    """Where each row, walked from one channel to another, first falls to its level.

    Parameters
    ----------
    values : ndarray of shape (n_spectra, n_channels)
        Spectra.
    levels : ndarray of shape (n_spectra,)
        Level of each.
    start, stop : ndarray of shape (n_spectra,), int
        First and last channel of each walk, which runs in either direction.

    Returns
    -------
    positions : ndarray of shape (n_spectra,)
        In channels, by linear interpolation; `stop` where the level is not reached.
    """
    channels = np.arange(values.shape[1])
    step = np.where(stop < start, -1, 1)
    walked = (channels - start[:, None]) * step[:, None]
    on_the_way = (walked > 0) & (walked <= np.abs(stop - start)[:, None])
    reached = on_the_way & (values <= levels[:, None])
    first = np.where(reached, walked, np.iinfo(walked.dtype).max).argmin(axis=1)
    found = reached.any(axis=1)
    first = np.where(found, first, start)
    before = np.where(found, first - step, start)
    low, high = values_at(values, first), values_at(values, before)
    drop = high - low
    back = np.divide(levels - low, drop, out=np.zeros_like(drop), where=drop > 0)
    return np.where(found, first - step * np.clip(back, 0, 1), stop)


def integral(values, axis, start, stop):
    """Integral of each row between two energies of its own, held inside the axis.

    Parameters
    ----------
    values : ndarray of shape (n_spectra, n_channels)
        Spectra.
    axis : ndarray of shape (n_channels,)
        Their axis.
    start, stop : ndarray of shape (n_spectra,)
        Limits in units of the axis.

    Returns
    -------
    integrals : ndarray of shape (n_spectra,)
    """
    panels = (values[:, 1:] + values[:, :-1]) / 2 * np.diff(axis)
    running = np.pad(np.cumsum(panels, axis=1), ((0, 0), (1, 0)))
    limits = interpolate_rows(running, channel_positions(axis, np.stack([start, stop], axis=1)))
    return limits[:, 1] - limits[:, 0]


def upper_centroid(values, axis, channels, reach):
    """Centre of mass of the upper part of the highest peak of each row.

    The peak is what lies above three tenths of its height within a reach of its centre, which
    starts at the maximum and is moved to the centre of mass three times.

    Parameters
    ----------
    values : ndarray of shape (n_spectra, n_channels)
        Spectra.
    axis : ndarray of shape (n_channels,)
        Their axis.
    channels : slice
        Where the maximum is looked for.
    reach : float
        How far from the centre the peak may spread, in units of the axis.

    Returns
    -------
    centres : ndarray of shape (n_spectra,)
        In units of the axis.
    """
    centre = axis[channels][values[:, channels].argmax(axis=1)]
    near = np.linspace(-reach, reach, 2 * max(1, round(reach / dispersion(axis))) + 1)
    for _ in range(_CENTRINGS):
        around = interpolate_rows(values, channel_positions(axis, centre[:, None] + near))
        weight = np.clip(around - _UPPER * around.max(axis=1, keepdims=True), 0, None)
        total = weight.sum(axis=1)
        centre = centre + np.divide(weight @ near, total, out=np.zeros_like(total), where=total > 0)
    return np.clip(centre, axis[0], axis[-1])
