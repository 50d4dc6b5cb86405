"""Put spectra on another axis."""

from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from skspectra._input.spectra import SpectralMixin
from skspectra._numerics.axis import check_axis
from skspectra._numerics.interpolation import resample_rows
from skspectra._sklearn import StrOptions, fit_context

__all__ = ["SpectralResampler"]


class SpectralResampler(SpectralMixin, TransformerMixin, BaseEstimator):
    """Resample spectra to another axis.

    A new channel that is wider than the channels it spans gets their mean, weighted by how much of
    each lies inside, so that no counts are lost. Other channels are interpolated linearly. For
    whole channels this is binning.

    Parameters
    ----------
    new_axis : array-like of shape (n_new,)
        Axis of the result, strictly increasing, in units of the input axis.
    outside : {"raise", "edge"}, default="raise"
        If `new_axis` reaches outside the spectra by more than half a channel, raise an error or
        take the value at the nearest end.
    spectral_axis : array-like of shape (n_channels,), default=None
        Axis of the spectra, not necessarily uniform; None takes it from numeric column names, else
        the channel numbers.

    Attributes
    ----------
    new_axis_ : ndarray of shape (n_new,)
        Axis of the result.
    spectral_axis_ : ndarray of shape (n_channels,)
        Axis of the input.
    n_features_in_ : int
        Number of channels seen at fit.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen at fit, where they are strings.

    Raises
    ------
    ValueError
        If `new_axis` is not strictly increasing, or with ``outside="raise"`` reaches outside the
        axis of the spectra.

    Examples
    --------
    >>> import numpy as np
    >>> from skspectra.preprocessing import SpectralResampler
    >>> resampler = SpectralResampler([640.5, 641.5], spectral_axis=[640, 641, 642])
    >>> resampler.fit_transform([[0.0, 1.0, 4.0]])
    array([[0.5, 2.5]])
    """

    _parameter_constraints: dict = {
        "new_axis": ["array-like"],
        "outside": [StrOptions({"raise", "edge"})],
        "spectral_axis": ["array-like", None],
    }

    def __init__(self, new_axis, *, outside="raise", spectral_axis=None):
        self.new_axis = new_axis
        self.outside = outside
        self.spectral_axis = spectral_axis

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Resolve both axes.

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
        X = self._validate_spectra(X, reset=True)
        self.new_axis_ = check_axis(self.new_axis, name="new_axis")
        self._resample(X[:1])
        return self

    def transform(self, X):
        """Resample the spectra.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
            Spectra.

        Returns
        -------
        X_resampled : ndarray of shape (n_spectra, n_new)
        """
        check_is_fitted(self, "new_axis_")
        return self._resample(self._validate_spectra(X, reset=False))

    def _resample(self, X):
        return resample_rows(X, self.spectral_axis_, self.new_axis_, outside=self.outside)

    def _output_axis(self):
        return self.new_axis_
