"""Images as collections of local descriptions: windows that slide over them."""

from collections.abc import Callable
from numbers import Integral

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_array, check_is_fitted

from skspectra._numerics.windows import (
    autocorrelations,
    fourier_magnitudes,
    hann_window,
    histograms,
    window_batches,
)
from skspectra._sklearn import Interval, StrOptions, fit_context

__all__ = ["SlidingDescriptor", "SlidingFFT"]

_WINDOW_CONSTRAINTS = {
    "window": [Interval(Integral, 2, None, closed="left")],
    "step": [Interval(Integral, 1, None, closed="left")],
}


class _SlidingWindows(TransformerMixin, BaseEstimator):
    """Rows from the windows of images, and maps from rows; a subclass describes the windows."""

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Learn the shape of the images.

        Parameters
        ----------
        X : array-like of shape (height, width) or (n_images, height, width)
            Images.
        y : None
            Ignored.

        Returns
        -------
        self : object
        """
        images = _as_images(X)
        self.image_shape_ = images.shape[1:]
        if min(self.image_shape_) < self.window:
            raise ValueError(
                f"Images of {self.image_shape_[0]} x {self.image_shape_[1]} pixels hold no window "
                f"of {self.window} pixels. Lower window."
            )
        self.grid_shape_ = tuple((n - self.window) // self.step + 1 for n in self.image_shape_)
        self._prepare(images)
        return self

    def transform(self, X):
        """Describe each window.

        Parameters
        ----------
        X : array-like of shape (height, width) or (n_images, height, width)
            Images of the shape of those of `fit`.

        Returns
        -------
        rows : ndarray of shape (n_images * n_windows, n_features), float32
            Windows row by row, image by image.
        """
        check_is_fitted(self, "grid_shape_")
        images = _as_images(X)
        if images.shape[1:] != self.image_shape_:
            raise ValueError(
                f"Images have the shape {images.shape[1:]}, but those of fit had "
                f"{self.image_shape_}. Fit again, or cut the images."
            )
        n_windows = self.grid_shape_[0] * self.grid_shape_[1]
        rows, start = None, 0
        for image in images:
            for windows in window_batches(image, self.window, self.step):
                described = self._describe(windows)
                if rows is None:
                    shape = (len(images) * n_windows, described.shape[1])
                    rows = np.empty(shape, dtype=np.float32)
                rows[start : start + len(described)] = described
                start += len(described)
        return rows

    def fold(self, values):
        """Bring what was found of the rows back to where the windows are.

        Parameters
        ----------
        values : array-like of shape (n_images * n_windows, ...)
            Something for each row, such as clusters or abundances.

        Returns
        -------
        maps : ndarray of shape (`grid_shape_`, ...) or (n_images, `grid_shape_`, ...)
        """
        check_is_fitted(self, "grid_shape_")
        values, n_windows = np.asarray(values), self.grid_shape_[0] * self.grid_shape_[1]
        if len(values) == 0 or len(values) % n_windows:
            raise ValueError(
                f"Got {len(values)} values, but an image has {n_windows} windows "
                f"({self.grid_shape_[0]} x {self.grid_shape_[1]})."
            )
        maps = values.reshape(-1, *self.grid_shape_, *values.shape[1:])
        return maps[0] if len(maps) == 1 else maps

    def centers(self):
        """Return the middle of each window, (n_windows, 2), as row and column in pixels."""
        check_is_fitted(self, "grid_shape_")
        grid = np.stack(np.meshgrid(*map(np.arange, self.grid_shape_), indexing="ij"), axis=-1)
        return grid.reshape(-1, 2) * self.step + (self.window - 1) / 2

    def _prepare(self, images):
        """Learn what the description needs."""

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags


class SlidingFFT(_SlidingWindows):
    r"""Describe an image by the magnitudes of Fourier transforms in windows that slide over it.

    Magnitudes are not negative and do not feel where in its window a lattice begins, so that rows
    can be unmixed and clustered: two phases give two kinds of rows, and a window across their
    boundary a mixture of both [1]_.

    Parameters
    ----------
    window : int
        Side of the square windows in pixels. Three to six unit cells are a good start: fewer do not
        resolve the reflections, more blur the boundaries.
    step : int
        From one window to the next, in pixels; a quarter to half of `window` in general.
    taper : "hann" or None, default="hann"
        What windows are multiplied by, so that their ends do not make streaks.
    band : tuple of (float, float), default=None
        Least and greatest spatial frequency in cycles per pixel, start <= f < stop; None takes all.
    log : bool, default=True
        Whether the rows are :math:`\log(1 + |F|)`, in which weak reflections count.

    Attributes
    ----------
    grid_shape_ : tuple of (int, int)
        Number of windows down and across.
    image_shape_ : tuple of (int, int)
        Height and width of the images.
    frequencies_ : ndarray of shape (n_features, 2)
        Spatial frequency of each feature, down and across, in cycles per pixel. The other half of
        the plane is the same.

    Raises
    ------
    ValueError
        If the images are smaller than a window, of another shape than at fit, or hold NaN, or no
        frequency lies in the band.

    References
    ----------
    .. [1] R. K. Vasudevan et al., Applied Physics Letters 106, 091601 (2015).

    Examples
    --------
    >>> import numpy as np
    >>> from skspectra.imaging import SlidingFFT
    >>> row, column = np.mgrid[:64, :128]
    >>> image = np.where(column < 64, np.sin(row), np.sin(0.5 * column))
    >>> fft = SlidingFFT(window=32, step=16).fit(image)
    >>> rows = fft.transform(image)
    >>> rows.shape, fft.grid_shape_
    ((21, 544), (3, 7))
    >>> fft.fold(rows.argmax(axis=1)).tolist()
    [[85, 85, 85, 2, 3, 3, 3], [85, 85, 85, 2, 3, 3, 3], [85, 85, 85, 2, 3, 3, 3]]
    """

    _parameter_constraints: dict = {
        **_WINDOW_CONSTRAINTS,
        "taper": [StrOptions({"hann"}), None],
        "band": [tuple, list, None],
        "log": ["boolean"],
    }

    def __init__(self, window, step, *, taper="hann", band=None, log=True):
        self.window = window
        self.step = step
        self.taper = taper
        self.band = band
        self.log = log

    def _prepare(self, images):
        down, across = np.fft.fftfreq(self.window), np.fft.rfftfreq(self.window)
        frequencies = np.stack(np.meshgrid(down, across, indexing="ij"), axis=-1)
        low, high = (0, np.inf) if self.band is None else self.band
        length = np.hypot(*np.moveaxis(frequencies, -1, 0))
        self._used = (length >= low) & (length < high)
        if not self._used.any():
            raise ValueError(
                f"No frequency of windows of {self.window} pixels lies in the band {self.band}; "
                f"they are multiples of {1 / self.window:g} up to 0.71 cycles per pixel."
            )
        self.frequencies_ = frequencies[self._used]
        self._taper = None if self.taper is None else hann_window(self.window)

    def _describe(self, windows):
        magnitudes = fourier_magnitudes(windows, self._taper).reshape(len(windows), -1)
        if not self._used.all():
            magnitudes = magnitudes[:, self._used.ravel()]
        return np.log1p(magnitudes, out=magnitudes) if self.log else magnitudes

    def to_spectrum(self, row):
        """Return one row as an image of the whole plane, zero frequency in the middle.

        Parameters
        ----------
        row : array-like of shape (n_features,)
            A row, or a component of rows.

        Returns
        -------
        spectrum : ndarray of shape (window, window)
            NaN outside the band.
        """
        check_is_fitted(self, "frequencies_")
        spectrum = np.full((self.window, self.window), np.nan)
        index = np.rint(self.frequencies_ * self.window).astype(int)
        spectrum[tuple(-index.T)] = row
        spectrum[tuple(index.T)] = row
        return np.fft.fftshift(spectrum)


class SlidingDescriptor(_SlidingWindows):
    """Describe an image by correlations, histograms or any function in windows.

    Parameters
    ----------
    kind : {"correlation", "histogram"} or callable
        "correlation" is that of the window less its mean with itself, 1 in the middle; "histogram"
        the share of pixels in bins of equal counts over the images of `fit`; a callable gets
        windows, (n_windows, window, window), and returns one row of numbers for each.
    window : int
        Side of the square windows in pixels.
    step : int
        From one window to the next, in pixels.
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
        **_WINDOW_CONSTRAINTS,
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
        rows = np.asarray(self.kind(windows))
        if rows.ndim != 2 or len(rows) != len(windows):
            raise ValueError(
                f"kind must return one row for each of {len(windows)} windows, got an array of "
                f"shape {rows.shape}."
            )
        return rows


def _as_images(X):
    images = check_array(
        X, allow_nd=True, ensure_2d=False, dtype=[np.float32, np.float64], input_name="images"
    )
    if images.ndim not in (2, 3):
        raise ValueError(
            f"Images must have the shape (height, width) or (n_images, height, width), got "
            f"{images.shape}."
        )
    return images.reshape(-1, *images.shape[-2:])
