"""Keep a window of the spectral axis."""

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from skspectra._input.spectra import SpectralMixin
from skspectra._numerics.axis import window_channels
from skspectra._sklearn import fit_context

__all__ = ["SpectralCrop"]


class SpectralCrop(SpectralMixin, TransformerMixin, BaseEstimator):
    """Keep the channels ``start <= e < stop``.

    Parameters
    ----------
    window : tuple of (float, float)
        Window, half-open, in units of the axis.
    spectral_axis : array-like of shape (n_channels,), default=None
        Axis of the spectra; None takes it from numeric column names, else the channel numbers.

    Attributes
    ----------
    window_channels_ : slice
        Channels inside the window.
    spectral_axis_ : ndarray of shape (n_channels,)
        Axis of the input.
    n_features_in_ : int
        Number of channels seen at fit.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen at fit, where they are strings.

    Raises
    ------
    ValueError
        If the window lies outside the axis or holds no channel.

    Examples
    --------
    >>> import numpy as np
    >>> from skspectra.preprocessing import SpectralCrop
    >>> energy = 615 + 0.1 * np.arange(700)
    >>> crop = SpectralCrop(window=(635, 665), spectral_axis=energy)
    >>> crop.fit_transform(np.zeros((4, 700))).shape
    (4, 300)
    """

    _parameter_constraints: dict = {
        "window": [tuple, list, np.ndarray],
        "spectral_axis": ["array-like", None],
    }

    def __init__(self, window, *, spectral_axis=None):
        self.window = window
        self.spectral_axis = spectral_axis

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Resolve the axis and the window.

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
        self._validate_spectra(X, reset=True)
        self.window_channels_ = window_channels(self.spectral_axis_, self.window)
        return self

    def transform(self, X):
        """Keep the window.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
            Spectra.

        Returns
        -------
        X_cropped : ndarray of shape (n_spectra, n_kept)
            A view where X is a floating-point array.
        """
        check_is_fitted(self, "window_channels_")
        return self._validate_spectra(X, reset=False)[:, self.window_channels_]

    def _output_axis(self):
        return self.spectral_axis_[self.window_channels_]
