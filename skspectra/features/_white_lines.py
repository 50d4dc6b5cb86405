"""The white lines of many L2,3 edges at once."""

import numpy as np
from scipy.ndimage import maximum_filter1d
from scipy.signal import savgol_coeffs, savgol_filter

from skspectra._numerics.axis import dispersion
from skspectra._numerics.noise import noise_deviation
from skspectra._numerics.peaks import crossing, integral, refined_peak, values_at

__all__ = [
    "ENERGIES",
    "SHAPES",
    "Smoother",
    "double_step",
    "find_lines",
    "measure_lines",
    "peak_energy",
]

ENERGIES = ("onset_tenth", "onset_half", "onset_slope", "l3_energy", "l2_energy")
SHAPES = (
    "l3_height",
    "l2_height",
    "l3_fwhm",
    "l2_fwhm",
    "separation",
    "area_ratio",
    "height_ratio",
    "curvature_ratio",
)
_LEAST_STRENGTH = 8.0  # of L3 over the valley: noise alone reaches 6 standard deviations
_LEAST_RISE = 0.02  # of the height of L3: smoothing lets steps overshoot
_BOUND_WIDTH = 0.2  # of the continuum's window
_BOUND_STARTS = 10  # parts of that width that are tried
_BOUND_SLACK = 2.0  # standard deviations of noise that a lowest value lies too low


class Smoother:
    """Parabolas fitted to a sliding window [1]_.

    Parameters
    ----------
    axis : ndarray of shape (n_channels,)
        Uniform axis.
    width : float
        Width of the window, in units of the axis; at least three channels are taken.

    References
    ----------
    .. [1] A. Savitzky and M. J. E. Golay, Analytical Chemistry 36, 1627 (1964).
    """

    def __init__(self, axis, width):
        self.step = dispersion(axis)
        self.length = 2 * max(1, round(width / self.step / 2)) + 1

    def __call__(self, X, deriv=0):
        """Return the smoothed spectra, or a derivative of them per unit of the axis."""
        return savgol_filter(X, self.length, 2, deriv=deriv, delta=self.step, mode="nearest")

    def noise(self, X):
        """Estimate the standard deviation of the noise that smoothing leaves in each spectrum.

        White noise of variance s^2 leaves c s^2, with c the middle coefficient of the filter.
        """
        if X.shape[1] < 4:
            return np.zeros(len(X))
        left = savgol_coeffs(self.length, 2)[self.length // 2]
        return noise_deviation(X, order=3) * np.sqrt(left)


def find_lines(smooth, separation):
    """Channels of L3 and L2: the pair with the greatest sum of heights.

    Parameters
    ----------
    smooth : ndarray of shape (n_spectra, n_channels)
        Smoothed spectra.
    separation : tuple of (int, int)
        Least and greatest distance in channels, the least below the number of channels.

    Returns
    -------
    l3, l2 : ndarray of shape (n_spectra,), int
    """
    least, most = separation
    n_channels = smooth.shape[1]
    width = most - least + 1
    padded = np.pad(smooth, ((0, 0), (0, most)), constant_values=-np.inf)
    highest = maximum_filter1d(padded, width, axis=1, mode="nearest")
    partner = highest[:, least + width // 2 :][:, :n_channels]
    l3 = (smooth[:, : n_channels - least] + partner[:, : n_channels - least]).argmax(axis=1)
    distance = np.arange(n_channels) - l3[:, None]
    allowed = (distance >= least) & (distance <= most)
    return l3, np.where(allowed, smooth, -np.inf).argmax(axis=1)


def double_step(axis, l3, l2, width):
    r"""Continuum of height 1 under two lines: two arctangent steps of 2:1.

    .. math:: \sum_k h_k \left[\tfrac12 + \tfrac1\pi \arctan\frac{\pi (E - E_k)}{w}\right],
              \qquad h_3 = \tfrac23, \; h_2 = \tfrac13

    Parameters
    ----------
    axis : ndarray of shape (n_channels,)
        Energies.
    l3, l2 : ndarray of shape (n_spectra,)
        Energies of the lines.
    width : float
        Width w in units of the axis; 0 makes the steps sharp.

    Returns
    -------
    steps : ndarray of shape (n_spectra, n_channels)
    """
    rise = [np.arctan2(axis - line[:, None], width / np.pi) / np.pi + 0.5 for line in (l3, l2)]
    return (2 * rise[0] + rise[1]) / 3


def measure_lines(
    X, axis, smoother, *, separation, l3_window, l2_window, pre_edge, continuum, step_width
):
    """Find and measure the white lines of each spectrum.

    Parameters
    ----------
    X : ndarray of shape (n_spectra, n_channels), float64
        Spectra without background.
    axis : ndarray of shape (n_channels,)
        Uniform axis.
    smoother : Smoother
        For positions, heights and derivatives.
    separation : tuple of (int, int)
        Distances of L2 from L3 that are looked at, in channels.
    l3_window, l2_window, pre_edge, continuum : tuple of (float, float)
        Relative to the lines, in units of the axis, as in `WhiteLineFeatures`.
    step_width : float
        As in `double_step`.

    Returns
    -------
    features : dict of str to ndarray of shape (n_spectra,)
        What `ENERGIES` and `SHAPES` name, finite; meaningless where no lines are visible.
    visible : ndarray of shape (n_spectra,), bool
        Whether there are white lines.
    """
    smooth, slope, curvature = (smoother(X, deriv) for deriv in range(3))
    noise = smoother.noise(X)
    at3, at2 = find_lines(smooth, separation)
    l3, l2 = (_energy(axis, refined_peak(smooth, at)[0]) for at in (at3, at2))
    smooth = smooth - _mean(smooth, axis, l3, pre_edge)[:, None]
    valley = _lowest_between(smooth, at3, at2)
    steps = double_step(axis, l3, l2, step_width)
    level = _continuum_level(smooth, steps, axis, l2, valley, continuum, noise)
    net = smooth - level[:, None] * steps

    first, last = np.zeros_like(at3), np.full_like(at3, axis.size - 1)
    top = refined_peak(smooth, at3)[1]
    tenth, half = (_energy(axis, crossing(smooth, p * top, at3, first)) for p in (0.1, 0.5))
    l3_height, l2_height = (refined_peak(net, at)[1] for at in (at3, at2))
    l3_fwhm = _fwhm(net, axis, l3_height, first, at3, valley)
    l2_fwhm = _fwhm(net, axis, l2_height, valley, at2, last)
    l3_area, l2_area = _areas(net, axis, (l3, l2), (l3_window, l2_window))
    l3_bend, l2_bend = _areas(np.maximum(-curvature, 0), axis, (l3, l2), (l3_window, l2_window))

    rise = values_at(smooth, at3) - values_at(smooth, valley)
    visible = rise > np.maximum(_LEAST_STRENGTH * noise, _LEAST_RISE * np.abs(top))
    visible &= (at3 > first) & (at2 < last)
    measures = (l2_height, l3_fwhm, l2_fwhm, l3_area, l2_area, l3_bend, l2_bend)
    visible &= (np.stack(measures) > 0).all(axis=0)
    features = {
        "onset_tenth": tenth,
        "onset_half": half,
        "onset_slope": _steepest(slope, axis, l3, at3, l3_window),
        "l3_energy": l3,
        "l2_energy": l2,
        "l3_height": l3_height,
        "l2_height": l2_height,
        "l3_fwhm": l3_fwhm,
        "l2_fwhm": l2_fwhm,
        "separation": l2 - l3,
        "area_ratio": _ratio(l3_area, l2_area, visible),
        "height_ratio": _ratio(l3_height, l2_height, visible),
        "curvature_ratio": _ratio(l3_bend, l2_bend, visible),
    }
    return features, visible


def peak_energy(smooth, axis, channels):
    """Energy of the maximum of each smoothed spectrum within a slice of channels."""
    at = smooth[:, channels].argmax(axis=1) + channels.start
    return _energy(axis, refined_peak(smooth, at)[0])


def _energy(axis, positions):
    return axis[0] + positions * (axis[-1] - axis[0]) / (axis.size - 1)


def _mean(values, axis, line, window):
    """Mean of each row in a window relative to its line, over one channel at least."""
    step = dispersion(axis)
    start = np.clip(line + window[0], axis[0], axis[-1] - step)
    stop = np.clip(line + window[1], start + step, axis[-1])
    return integral(values, axis, start, stop) / (stop - start)


def _continuum_level(smooth, steps, axis, l2, valley, window, noise):
    """Height of the steps: the mean of the window, but no more than valley and window allow."""
    bound = np.minimum(
        values_at(smooth, valley) / values_at(steps, valley),
        _lowest_mean(smooth, axis, l2, window),
    )
    most = np.maximum(bound + _BOUND_SLACK * noise, 0)
    return np.minimum(_mean(smooth, axis, l2, window), most)


def _lowest_mean(values, axis, line, window):
    """Lowest mean of each row over a narrow part of a window relative to its line."""
    width = _BOUND_WIDTH * (window[1] - window[0])
    starts = np.linspace(window[0], window[1] - width, _BOUND_STARTS)
    return np.min([_mean(values, axis, line, (each, each + width)) for each in starts], axis=0)


def _areas(values, axis, lines, windows):
    return [
        integral(values, axis, line + start, line + stop)
        for line, (start, stop) in zip(lines, windows, strict=True)
    ]


def _lowest_between(values, start, stop):
    channels = np.arange(values.shape[1])
    between = (channels >= start[:, None]) & (channels <= stop[:, None])
    return np.where(between, values, np.inf).argmin(axis=1)


def _fwhm(net, axis, height, left, peak, right):
    low, high = (crossing(net, height / 2, peak, end) for end in (left, right))
    return (high - low) * dispersion(axis)


def _steepest(slope, axis, line, peak, window):
    """Energy of the greatest slope on the low side of each line."""
    channels = np.arange(axis.size)
    rising = (axis >= line[:, None] + window[0]) & (channels <= peak[:, None])
    at = np.where(rising, slope, -np.inf).argmax(axis=1)
    return _energy(axis, refined_peak(slope, at)[0])


def _ratio(numerator, denominator, where):
    return np.divide(numerator, denominator, out=np.zeros_like(numerator), where=where)
