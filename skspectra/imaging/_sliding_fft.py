"""Fourier transforms in windows that slide over an image."""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from skspectra._numerics.images.windows import fourier_magnitudes, hann_window, log1p
from skspectra._sklearn import StrOptions
from skspectra.imaging._sliding import WINDOW_CONSTRAINTS, SlidingWindows

__all__ = ["SlidingFFT"]


class SlidingFFT(SlidingWindows):
    r"""Describe an image by the magnitudes of Fourier transforms of sliding windows.

    Magnitudes are not negative and do not depend on where a lattice begins in its window, so that
    rows can be unmixed and clustered: two phases give two kinds of rows, and a window across their
    boundary a mixture of both [1]_.

    Parameters
    ----------
    window : int
        Side of the square windows in pixels. Three to six unit cells are a good start: fewer do not
        resolve the reflections, more blur the boundaries.
    step : int
        Distance from one window to the next, in pixels; usually a quarter to half of `window`.
    taper : "hann" or None, default="hann"
        Function that windows are multiplied by, so that their ends do not make streaks.
    band : tuple of (float, float), default=None
        Least and greatest spatial frequency in cycles per pixel, start <= f < stop; None takes all.
    log : bool, default=True
        Whether the rows are :math:`\log(1 + |F|)`, which gives weak reflections more weight.

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

    Notes
    -----
    The transforms are those of `scipy.fft`, on several cores within
    ``with scipy.fft.set_workers(n)``.

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
        **WINDOW_CONSTRAINTS,
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
        return log1p(magnitudes) if self.log else magnitudes

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
