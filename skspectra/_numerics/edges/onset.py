"""Where the edge of a spectrum of many counts begins, and how much of it others have."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from skspectra._numerics.axis import window_channels

__all__ = ["edge_fraction", "find_l3", "find_onset", "power_law_before"]

_WIDTH = 4.0  # of the counts at an onset, in units of the axis
_SLOPES = 5  # widths before it that the power law is fitted to
_MODEL_ERROR = 0.003  # of the power law, as a share of it
_LEAST_RISE = 5.0  # standard errors


def find_onset(total, axis):
    """Channel at which a summed spectrum rises most significantly above its power law.

    At every channel a power law is fitted to the 20 units of the axis before it, and compared with
    the counts in the 4 units after it, which are three channels at least.

    Parameters
    ----------
    total : ndarray of shape (n_channels,)
        Counts.
    axis : ndarray of shape (n_channels,)
        Positive energies.

    Returns
    -------
    onset : int
        The channel; 0 where the axis is too short to look for one.
    significance : float
        The rise in standard errors, with .3 % of the background as error of the model.
    """
    n = max(3, round(_WIDTH / np.diff(axis).mean()))
    before = _SLOPES * n
    if total.size < before + 2 * n:
        return 0, 0.0
    total = np.asarray(total, float).clip(0.5)
    x, y = np.log(axis), np.log(total)
    windows = slice(0, total.size - before - n + 1)
    weight = sliding_window_view(total, before)[windows]
    x_before, y_before = (sliding_window_view(each, before)[windows] for each in (x, y))
    mean_x, mean_y = (np.average(each, axis=1, weights=weight) for each in (x_before, y_before))
    away = x_before - mean_x[:, None]
    spread = (weight * away**2).sum(axis=1)
    slope = (weight * away * (y_before - mean_y[:, None])).sum(axis=1) / spread
    x_after = sliding_window_view(x, n)[before:] - mean_x[:, None]
    ahead = np.exp(mean_y[:, None] + slope[:, None] * x_after)
    log_error = np.sqrt(1 / weight.sum(axis=1) + (x_after.mean(axis=1)) ** 2 / spread)
    expected = ahead.sum(axis=1)
    counted = sliding_window_view(total, n)[before:].sum(axis=1)
    error = np.sqrt(expected + (expected * log_error) ** 2 + (_MODEL_ERROR * expected) ** 2)
    z = (counted - expected) / error
    best = int(z.argmax())
    return best + before, float(z[best])


def find_l3(total, axis):
    """Energy of the maximum that follows the onset of a summed spectrum; None without an edge."""
    onset, significance = find_onset(total, axis)
    if significance < _LEAST_RISE:
        return None
    n = max(3, round(_WIDTH / np.diff(axis).mean()))
    start = max(onset - n // 2, 1)
    smooth = np.convolve(total[start - 1 : onset + 2 * n + 1], np.ones(3) / 3, "valid")
    return float(axis[start + smooth.argmax()])


def power_law_before(total, axis, pre_edge):
    """Power law through the pre-edge of one spectrum of many counts, over the whole axis."""
    at = window_channels(axis, pre_edge, name="pre_edge")
    x = np.log(axis)
    slope, height = np.polyfit(x[at], np.log(total[at].clip(0.5)), 1, w=np.sqrt(total[at] + 1))
    return np.exp(height + slope * x)


def edge_fraction(spectra, axis, template, first=0):
    r"""Edge over background of each spectrum, by one weighted fit of both.

    The background is the part of the summed spectrum that is no edge, times :math:`a + b \ln E`:
    a power law whose exponent may differ. To fit it together with the edge says more than to
    extrapolate it from before the edge.

    Parameters
    ----------
    spectra : ndarray of shape (n_spectra, n_channels)
        Counts.
    axis : ndarray of shape (n_channels,)
        Positive energies.
    template : ndarray of shape (n_channels,)
        The edge in the sum of the spectra, 0 before its onset.
    first : int, default=0
        First channel that is fitted.

    Returns
    -------
    fraction : ndarray of shape (n_spectra,)
        Edge over background in units of that of the sum, whose own is 1; 0 where there is no
        background.
    z : ndarray of shape (n_spectra,)
        The edge in standard errors.
    """
    total = spectra.sum(axis=0, dtype=np.float64)
    smooth = (total - template).clip(total.max() * 1e-6)
    log_e = np.log(axis / np.exp(np.log(axis).mean()))
    basis = np.stack([smooth, smooth * log_e, template])[:, first:]
    weighted = basis / total[first:].clip(total.max() * 1e-9)
    covariance = np.linalg.pinv(weighted @ basis.T, hermitian=True)
    parts = spectra[:, first:] @ weighted.T @ covariance
    level = spectra.sum(axis=1) / total.sum()
    error = np.sqrt(covariance[2, 2] * level)
    background, edge = parts[:, 0], parts[:, 2]
    fraction = np.divide(edge, background, out=np.zeros(len(spectra)), where=background > 0)
    return fraction, np.divide(edge, error, out=np.zeros(len(spectra)), where=error > 0)
