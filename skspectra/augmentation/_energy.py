"""Perturbations of the energy axis: calibration shift and dispersion error."""

from numbers import Real

import numpy as np

from skspectra._numerics.axis import window_channels
from skspectra._numerics.constants import as_float64
from skspectra._numerics.interpolation import sample_rows
from skspectra._numerics.random import check_range, draw_range
from skspectra._sklearn import Interval
from skspectra.augmentation._base import Augmenter

__all__ = ["AxisStretch", "EnergyShift"]


class EnergyShift(Augmenter):
    r"""Shift each spectrum along its axis, as a calibration error does.

    .. math:: X'_i(E) = X_i(E - s_i), \qquad s_i \sim U(\mathrm{low}, \mathrm{high})

    A positive shift moves the edge to higher energy. Shifts of a fraction of a channel interpolate
    linearly. Without a window, the ends are filled with the value at the end. With a window, which
    is narrower than the spectra, the window is moved instead, so that every channel that is
    returned was measured [1]_.

    Parameters
    ----------
    shift : float or tuple of (float, float), default=(-5, 5)
        Shift in units of the axis: a range from which a shift is drawn for each spectrum, or one
        shift for all spectra.
    window : tuple of (float, float), default=None
        Window of a wider spectrum, in units of the axis; `transform` crops to it.
    spectral_axis : array-like of shape (n_channels,), default=None
        Axis of the spectra; None takes it from numeric column names, else the channel numbers.
    random_state : int, RandomState instance or None, default=None
        Seeds the shifts that `fit_transform` draws.

    Attributes
    ----------
    spectral_axis_ : ndarray of shape (n_channels,)
        The axis.
    window_channels_ : slice
        Channels of the window; all channels without one.
    n_features_in_ : int
        Number of channels seen at fit.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen at fit, where they are strings.

    Raises
    ------
    ValueError
        If the window lies outside the axis, or the largest shift would move it there.

    References
    ----------
    .. [1] M. Chatzidakis and G. A. Botton, "Towards calibration-invariant spectroscopy using deep
       learning", Scientific Reports 9, 2126 (2019).

    Examples
    --------
    >>> import numpy as np
    >>> from skspectra.augmentation import EnergyShift
    >>> X = np.array([[0.0, 0.0, 1.0, 0.0, 0.0]])
    >>> EnergyShift(shift=1).fit_transform(X)
    array([[0., 0., 0., 1., 0.]])
    >>> EnergyShift(shift=1, window=(1, 4)).fit_transform(X)
    array([[0., 0., 1.]])
    """

    _parameter_constraints: dict = {
        **Augmenter._parameter_constraints,
        "shift": [Interval(Real, None, None, closed="neither"), tuple, list],
        "window": [tuple, list, np.ndarray, None],
    }

    def __init__(self, shift=(-5, 5), *, window=None, spectral_axis=None, random_state=None):
        self.shift = shift
        self.window = window
        self.spectral_axis = spectral_axis
        self.random_state = random_state

    def _fit_spectra(self, X):
        low, high = check_range(self.shift, "shift")
        axis = self.spectral_axis_
        if self.window is None:
            self.window_channels_ = slice(0, axis.size)
            return
        self.window_channels_ = window_channels(axis, self.window)
        inside = self._output_axis()
        margin = 1e-6 * (axis[-1] - axis[0])
        if inside[0] - high < axis[0] - margin or inside[-1] - low > axis[-1] + margin:
            raise ValueError(
                f"Shifts of {low:g} to {high:g} move the window ({inside[0]:g} to {inside[-1]:g}) "
                f"out of the spectral axis, which runs from {axis[0]:g} to {axis[-1]:g}. Narrow "
                "the window or the shift, or bring wider spectra."
            )

    def _output_axis(self):
        return self.spectral_axis_[self.window_channels_]

    def _nominal(self, X):
        return X[:, self.window_channels_]

    def perturb(self, X, rng):
        """Return shifted spectra; see `Augmenter.perturb`."""
        inside = as_float64(self._output_axis(), X)
        shift = draw_range(check_range(self.shift, "shift"), X.shape[0], rng, inside)
        return sample_rows(X, self.spectral_axis_, lambda rows: inside - shift[rows])


class AxisStretch(Augmenter):
    r"""Stretch each spectrum along its axis about its middle, as a wrong dispersion does.

    .. math:: X'_i(E) = X_i\left(E_0 + \frac{E - E_0}{1 + s_i}\right),
              \qquad s_i \sim U(\mathrm{low}, \mathrm{high})

    with :math:`E_0` half-way between the ends of the axis. Beyond the ends of the axis the value at
    the end is taken.

    Parameters
    ----------
    stretch : float or tuple of (float, float), default=(-0.05, 0.05)
        Relative error of the dispersion, above -1: a range from which a value is drawn for each
        spectrum, or one value for all spectra.
    spectral_axis : array-like of shape (n_channels,), default=None
        Axis of the spectra; None takes it from numeric column names, else the channel numbers.
    random_state : int, RandomState instance or None, default=None
        Seeds the stretches that `fit_transform` draws.

    Attributes
    ----------
    spectral_axis_ : ndarray of shape (n_channels,)
        The axis.
    n_features_in_ : int
        Number of channels seen at fit.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen at fit, where they are strings.

    Examples
    --------
    >>> import numpy as np
    >>> from skspectra.augmentation import AxisStretch
    >>> X = np.array([[0.0, 1.0, 2.0, 3.0, 4.0]])
    >>> AxisStretch(stretch=1.0).fit_transform(X)
    array([[1. , 1.5, 2. , 2.5, 3. ]])
    """

    _parameter_constraints: dict = {
        **Augmenter._parameter_constraints,
        "stretch": [Interval(Real, -1, None, closed="neither"), tuple, list],
    }

    def __init__(self, stretch=(-0.05, 0.05), *, spectral_axis=None, random_state=None):
        self.stretch = stretch
        self.spectral_axis = spectral_axis
        self.random_state = random_state

    def _fit_spectra(self, X):
        low, _ = check_range(self.stretch, "stretch")
        if low <= -1:
            raise ValueError(f"stretch must be above -1, got {low:g}.")

    def perturb(self, X, rng):
        """Return stretched spectra; see `Augmenter.perturb`."""
        middle = float(self.spectral_axis_[[0, -1]].mean())
        offset = as_float64(self.spectral_axis_ - middle, X)
        stretch = draw_range(check_range(self.stretch, "stretch"), X.shape[0], rng, offset)
        return sample_rows(
            X, self.spectral_axis_, lambda rows: middle + offset / (1 + stretch[rows])
        )
