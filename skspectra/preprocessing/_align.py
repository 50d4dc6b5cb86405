"""Bring a peak of every spectrum to one energy."""

import numpy as np
from scipy.fft import irfft, next_fast_len, rfft
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from skspectra._input.spectra import SpectralMixin
from skspectra._numerics.axis import dispersion, is_uniform, window_channels
from skspectra._numerics.blocks import in_blocks
from skspectra._numerics.interpolation import shift_rows
from skspectra._numerics.peaks import refined_peak, upper_centroid
from skspectra._sklearn import StrOptions, fit_context
from skspectra.exceptions import warn_spectra

__all__ = ["PeakAligner"]


class PeakAligner(SpectralMixin, TransformerMixin, BaseEstimator):
    """Shift each spectrum so that its peak lies at the median energy of the peaks in training.

    The shift is found to a fraction of a channel by a parabola through the three points about the
    maximum, of the spectrum itself or of its correlation with a reference, or from the centre of
    mass of the peak. Spectra are shifted by linear interpolation; the ends are filled with the
    value at the end.

    Parameters
    ----------
    window : tuple of (float, float)
        Where the peak is searched for, half-open, in units of the axis.
    method : {"max", "centroid", "correlation"}, default="max"
        ``"max"`` takes the brightest channel of the window. ``"centroid"`` goes on from there to
        the centre of mass of what lies above three tenths of the height within half the window; it
        is more stable for peaks of several lines, such as L3, and under noise. ``"correlation"``
        takes the lag, at most half the window, of greatest Pearson correlation with
        `reference_spectrum_`. It is the least sensitive to noise, and needs a uniform axis.
    spectral_axis : array-like of shape (n_channels,), default=None
        Axis of the spectra; None takes it from numeric column names, else the channel numbers.

    Attributes
    ----------
    reference_energy_ : float
        Median energy of the peak in the training spectra, in units of the axis.
    reference_spectrum_ : ndarray of shape (n_channels,)
        Mean of the training spectra, each first aligned by its maximum; with
        ``method="correlation"`` only.
    spectral_axis_ : ndarray of shape (n_channels,)
        The axis.
    n_features_in_ : int
        Number of channels seen at fit.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen at fit, where they are strings.

    Raises
    ------
    ValueError
        If the window lies outside the axis, or the axis is not uniform with
        ``method="correlation"``.

    Warns
    -----
    SpectrumWarning
        Once per call, with the count of the spectra that are flat in the window: they are not
        shifted.

    Examples
    --------
    >>> import numpy as np
    >>> from skspectra.preprocessing import PeakAligner
    >>> energy = np.arange(630.0, 660.0, 0.5)
    >>> X = np.exp(-((energy - np.array([[640.0], [643.0], [641.0]])) ** 2))
    >>> aligned = PeakAligner(window=(635, 650), spectral_axis=energy).fit_transform(X)
    >>> energy[aligned.argmax(axis=1)]
    array([641., 641., 641.])
    """

    _parameter_constraints: dict = {
        "window": [tuple, list, np.ndarray],
        "method": [StrOptions({"max", "centroid", "correlation"})],
        "spectral_axis": ["array-like", None],
    }

    def __init__(self, window, *, method="max", spectral_axis=None):
        self.window = window
        self.method = method
        self.spectral_axis = spectral_axis

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Learn where the peak is.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
            Spectra.
        y : None
            Ignored.

        Returns
        -------
        self : object
        """
        X = self._validate_spectra(X, reset=True, ensure_min_features=2)
        axis = self.spectral_axis_
        self._channels = window_channels(axis, self.window)
        if self.method == "correlation" and not is_uniform(axis):
            raise ValueError(
                "method='correlation' wants a uniform spectral axis; put a SpectralResampler first."
            )
        peaks = self._peaks(X)
        self.reference_energy_ = float(np.median(peaks))
        if self.method == "correlation":
            aligned = shift_rows(X, axis, self.reference_energy_ - peaks)
            self.reference_spectrum_ = aligned.mean(axis=0)
        return self

    def transform(self, X):
        """Shift the spectra.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
            Spectra.

        Returns
        -------
        X_aligned : ndarray of shape (n_spectra, n_channels)
        """
        X = self._validate(X)
        shifts = self._shifts(X)
        return shift_rows(X, self.spectral_axis_, shifts)

    def shifts(self, X):
        """Return by how much `transform` shifts each spectrum.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
            Spectra.

        Returns
        -------
        shifts : ndarray of shape (n_spectra,)
            In units of the axis; positive towards higher energy.
        """
        return self._shifts(self._validate(X))

    def _validate(self, X):
        check_is_fitted(self, "reference_energy_")
        return self._validate_spectra(X, reset=False)

    def _shifts(self, X):
        window = X[:, self._channels]
        flat = window.max(axis=1) == window.min(axis=1)
        warn_spectra(flat, "{count} are flat in the alignment window; they are not shifted.")
        found = self._lags(X) if self.method == "correlation" else self._peaks(X)
        goal = 0.0 if self.method == "correlation" else self.reference_energy_
        return np.where(flat, 0.0, goal - found)

    def _peaks(self, X):
        """Energy of the maximum in the window, or of the centre of mass about it."""
        if self.method == "centroid":
            half = (self.window[1] - self.window[0]) / 2
            return upper_centroid(X, self.spectral_axis_, self._channels, half)
        position = _refined_argmax(X[:, self._channels]) + self._channels.start
        return np.interp(position, np.arange(self.spectral_axis_.size), self.spectral_axis_)

    def _lags(self, X):
        """How far each spectrum lies above the reference, in units of the axis."""
        start, stop = self._channels.start, self._channels.stop
        reach = (stop - start) // 2
        around = np.clip(np.arange(start - reach, stop + reach), 0, X.shape[1] - 1)
        reference = self.reference_spectrum_[start:stop]

        def best(rows):
            return _refined_argmax(_correlations(X[rows][:, around], reference))[:, None]

        lags = in_blocks(best, X, 1)[:, 0].astype(np.float64)
        return (lags - reach) * dispersion(self.spectral_axis_)


def _correlations(X, reference):
    """Pearson correlation of the reference with every stretch of its length of each spectrum."""
    width = reference.size
    rows = X - X.mean(axis=1, keepdims=True)
    length = next_fast_len(X.shape[1], real=True)
    template = rfft(reference - reference.mean(), length)
    products = irfft(rfft(rows, length, axis=1) * template.conj(), length, axis=1)
    totals, squares = _moving_sums(rows, width)
    variance = squares - totals**2 / width
    floor = 1e-12 * squares.max(axis=1, keepdims=True, initial=np.finfo(float).tiny)
    return products[:, : variance.shape[1]] / np.sqrt(np.maximum(variance, floor))


def _moving_sums(rows, width):
    """Sum of every stretch of each row, and of its squares, float64.

    Each sum is the one before with one value more and one less. Such a chain takes the time that an
    addition takes, so both are parts of complex numbers and run through it together.
    """
    sums = np.empty((len(rows), rows.shape[1] - width + 1), dtype=np.complex128)
    for part, values in ((sums.real, rows), (sums.imag, np.square(rows, dtype=np.float64))):
        part[:, 0] = values[:, :width].sum(axis=1)
        np.subtract(values[:, width:], values[:, :-width], out=part[:, 1:])
    sums = np.cumsum(sums, axis=1)
    return sums.real, sums.imag


def _refined_argmax(values):
    """Fractional position of each row's maximum."""
    return refined_peak(values, values.argmax(axis=1))[0]
