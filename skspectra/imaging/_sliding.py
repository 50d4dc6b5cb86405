"""Images as collections of local descriptions: windows that slide over them."""

from numbers import Integral

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_array, check_is_fitted

from skspectra._numerics.images.windows import window_batches
from skspectra._sklearn import Interval, fit_context

__all__ = ["WINDOW_CONSTRAINTS", "SlidingWindows"]

WINDOW_CONSTRAINTS = {
    "window": [Interval(Integral, 2, None, closed="left")],
    "step": [Interval(Integral, 1, None, closed="left")],
}


class SlidingWindows(TransformerMixin, BaseEstimator):
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
        """Arrange values of the rows as a map, where the windows are.

        Parameters
        ----------
        values : array-like of shape (n_images * n_windows, ...)
            A value for each row, such as its cluster or abundances.

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
