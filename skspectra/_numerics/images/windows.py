"""Windows that slide over images, and numbers that describe each of them."""

import numpy as np
from scipy.fft import fftshift, irfft2, rfft2

__all__ = [
    "autocorrelations",
    "fourier_magnitudes",
    "hann_window",
    "histograms",
    "log1p",
    "window_batches",
]

_BATCH_BYTES = 1 << 20  # what caches hold


def window_batches(image, size, step):
    """Yield batches of square windows of an image, row by row, (n_windows, size, size), float32.

    A batch of one row of windows is a view of the image, which must not be written to.

    Parameters
    ----------
    image : ndarray of shape (height, width)
        Image.
    size, step : int
        Side of a window, and from one window to the next, in pixels.
    """
    image = image.astype(np.float32, copy=False)
    views = np.lib.stride_tricks.sliding_window_view(image, (size, size))[::step, ::step]
    n_rows = max(1, _BATCH_BYTES // (4 * size * size * views.shape[1]))
    for start in range(0, len(views), n_rows):
        yield views[start : start + n_rows].reshape(-1, size, size)


def hann_window(size):
    """Two-dimensional Hann window, (size, size)."""
    row = np.hanning(size + 1)[:-1].astype(np.float32)
    return np.outer(row, row)


def fourier_magnitudes(windows, taper):
    """Magnitudes of the Fourier transforms of windows less their mean, (n, size, size // 2 + 1)."""
    ones = np.ones(windows.shape[-1], dtype=windows.dtype)
    total = windows @ ones @ ones  # in a sixth of the time of windows.sum(axis=(1, 2))
    centred = windows - total[:, None, None] / windows[0].size
    if taper is not None:
        centred *= taper
    return np.abs(rfft2(centred, overwrite_x=True))


def log1p(values):
    """Return log(1 + values) in a third of the time of numpy's, which few processors vectorise."""
    rounded = values + 1
    lost = values - (rounded - 1)
    lost /= rounded
    lost += np.log(rounded, out=rounded)
    return lost


def autocorrelations(windows, taper):
    """Correlation of windows with themselves, 1 without a shift, which is in the middle."""
    power = fourier_magnitudes(windows, taper) ** 2
    correlation = irfft2(power, s=windows.shape[1:])
    origin = correlation[:, :1, :1]
    correlation = np.divide(correlation, origin, out=np.zeros_like(correlation), where=origin > 0)
    return fftshift(correlation, axes=(1, 2))


def histograms(windows, edges):
    """Share of the pixels of each window in each bin; what is outside counts in the outermost."""
    n_bins = len(edges) - 1
    bins = np.clip(np.searchsorted(edges, windows.ravel(), side="right") - 1, 0, n_bins - 1)
    numbers = np.repeat(np.arange(len(windows)), windows[0].size)
    counts = np.bincount(numbers * n_bins + bins, minlength=len(windows) * n_bins)
    return counts.reshape(len(windows), n_bins).astype(np.float32) / windows[0].size
