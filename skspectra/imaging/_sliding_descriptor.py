"""Correlations, histograms and whatever else describes windows that slide over an image."""

from collections.abc import Callable
from numbers import Integral

import numpy as np

from skspectra._numerics.images.windows import autocorrelations, hann_window, histograms
from skspectra._sklearn import Interval, StrOptions
from skspectra.imaging._sliding import WINDOW_CONSTRAINTS, SlidingWindows

__all__ = ["SlidingDescriptor"]


class SlidingDescriptor(SlidingWindows):
    """Describe an image by correlations, histograms or any function of sliding windows.

    Parameters
    ----------
    kind : {"correlation", "histogram"} or callable
        "correlation" is the autocorrelation of the window without its mean, 1 in the middle.
        "histogram" is the share of pixels in bins that hold equal counts over the images of `fit`.
        A callable is given windows, (n_windows, window, window), and returns one row of numbers for
        each.
    window : int
        Side of the square windows in pixels.
    step : int
        Distance from one window to the next, in pixels.
    n_bins : int, default=16
        Number of bins of histograms.

    Attributes
    ----------
    grid_shape_ : tuple of (int, int)
        Number of windows down and across.
    image_shape_ : tuple of (int, int)
        Height and width of the images.
    bin_edges_ : ndarray of shape (n_bins + 1,)
        Edges of the bins; only of histograms.

    Raises
    ------
    ValueError
        If the images are smaller than a window, of another shape than at fit, or hold NaN, or the
        callable returns something else than a row for each window.

    Examples
    --------
    >>> import numpy as np
    >>> from skspectra.imaging import SlidingDescriptor
    >>> image = np.arange(64.0).reshape(8, 8)
    >>> spread = SlidingDescriptor(lambda windows: np.ptp(windows, axis=(1, 2))[:, None], 4, 4)
    >>> spread.fold(spread.fit_transform(image))[..., 0]
    array([[27., 27.],
           [27., 27.]], dtype=float32)
    """

    _parameter_constraints: dict = {
        "kind": [StrOptions({"correlation", "histogram"}), Callable],
        **WINDOW_CONSTRAINTS,
        "n_bins": [Interval(Integral, 2, None, closed="left")],
    }

    def __init__(self, kind, window, step, *, n_bins=16):
        self.kind = kind
        self.window = window
        self.step = step
        self.n_bins = n_bins

    def _prepare(self, images):
        if self.kind == "histogram":
            self.bin_edges_ = np.quantile(images, np.linspace(0, 1, self.n_bins + 1))
        self._taper = hann_window(self.window)

    def _describe(self, windows):
        if self.kind == "histogram":
            return histograms(windows, self.bin_edges_)
        if self.kind == "correlation":
            return autocorrelations(windows, self._taper).reshape(len(windows), -1)
        rows = np.asarray(self.kind(np.ascontiguousarray(windows)))
        if rows.ndim != 2 or len(rows) != len(windows):
            raise ValueError(
                f"kind must return one row for each of {len(windows)} windows, got an array of "
                f"shape {rows.shape}."
            )
        return rows
