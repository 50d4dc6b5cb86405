"""A spectrum with its background."""

import numpy as np
from scipy.ndimage import gaussian_filter1d
from sklearn.utils.validation import check_array

from skspectra._numerics.axis import check_axis
from skspectra._numerics.noise import noise_deviation
from skspectra.plotting._style import COLORS, axes_of, spectral_label

__all__ = ["BackgroundDisplay"]

_QUIET = 1 / 20  # noise over height
_MOST_SMOOTHED = 2.0  # channels


class BackgroundDisplay:
    """A spectrum, its fitted background with the error, and their difference.

    Use `from_estimator` to make one.

    Parameters
    ----------
    spectral_axis : ndarray of shape (n_channels,)
        Axis of the spectrum.
    spectrum : ndarray of shape (n_channels,)
        The spectrum with its background.
    background : ndarray of shape (n_channels,)
        The background.
    error : ndarray of shape (n_channels,)
        Standard error of the background.
    fitted : ndarray of shape (n_channels,), bool
        The channels that it was fitted to.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where it was drawn.
    figure_ : matplotlib Figure
        Its figure.

    Examples
    --------
    >>> import numpy as np
    >>> from skspectra.plotting import BackgroundDisplay
    >>> from skspectra.preprocessing import PowerLawBackground
    >>> energy = np.arange(600.0, 700.0)
    >>> X = [1e10 * energy**-3 + 50.0 * (energy >= 640)]
    >>> background = PowerLawBackground((600, 635), spectral_axis=energy).fit(X)
    >>> display = BackgroundDisplay.from_estimator(background, X[0])
    >>> print(f"{display.background[0]:.1f} +- {display.error[0]:.1f}")
    46.3 +- 2.4
    """

    def __init__(self, spectral_axis, spectrum, background, error, fitted):
        self.spectral_axis = spectral_axis
        self.spectrum = spectrum
        self.background = background
        self.error = error
        self.fitted = fitted

    @classmethod
    def from_estimator(cls, estimator, spectrum, *, ax=None):
        """Fit the background of a spectrum, and draw it.

        Parameters
        ----------
        estimator : PowerLawBackground
            Fitted.
        spectrum : array-like of shape (n_channels,)
            One spectrum with its background.
        ax : matplotlib Axes, default=None
            Where to draw; a new figure if None.

        Returns
        -------
        display : BackgroundDisplay
        """
        spectrum = check_array(spectrum, ensure_2d=False)
        if spectrum.ndim != 1:
            raise ValueError(f"spectrum must be one spectrum, got shape {spectrum.shape}.")
        X = _as_fitted(estimator, spectrum)
        background = estimator.background(X)[0]
        error = _standard_error(estimator, X) * background
        axis, fitted = estimator.spectral_axis_, estimator.window_mask_
        return cls(axis, spectrum, background, error, fitted).plot(ax)

    def plot(self, ax=None):
        """Draw spectrum, background and difference; the band is two standard errors wide each way.

        Where noise would hide the curves, they are drawn as Gaussian means of as many channels as
        bring the noise down to a twentieth of the height, two at most, over what was measured.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; a new figure if None.

        Returns
        -------
        display : BackgroundDisplay
        """
        axis = check_axis(self.spectral_axis, np.size(self.spectrum))
        ax = axes_of(ax, figsize=(4.5, 3.2))
        low, high = self.background - 2 * self.error, self.background + 2 * self.error
        ax.fill_between(
            axis,
            0,
            1,
            where=self.fitted,
            transform=ax.get_xaxis_transform(),
            color="0.92",
            linewidth=0,
            label="fitted window",
        )
        _draw_noisy(ax, axis, self.spectrum, color="0.4", label="spectrum")
        ax.fill_between(axis, low, high, color=COLORS[1], alpha=0.3, linewidth=0)
        ax.plot(axis, self.background, color=COLORS[1], label="background ± 2 s.e.")
        _draw_noisy(ax, axis, self.spectrum - self.background, color=COLORS[0], label="difference")
        ax.axhline(0, color="0.5", linestyle=":", linewidth=1)
        ax.set(xlabel=spectral_label(axis), ylabel="Intensity")
        ax.margins(x=0)
        ax.legend(frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2)
        self.ax_, self.figure_ = ax, ax.figure
        return self


def _draw_noisy(ax, axis, values, *, color, label):
    """Draw a curve, and where it is noisy its smooth course over it."""
    noise = noise_deviation(values)
    height = np.ptp(gaussian_filter1d(values, _MOST_SMOOTHED))
    # a Gaussian of s channels leaves 1 / (2 sqrt(pi) s) of the variance
    width = (noise / max(_QUIET * height, 1e-300)) ** 2 / (2 * np.sqrt(np.pi))
    if width < 1:
        ax.plot(axis, values, color=color, linewidth=0.8, label=label)
        return
    smooth = gaussian_filter1d(values, min(width, _MOST_SMOOTHED))
    ax.plot(axis, values, color=color, linewidth=0.6, alpha=0.4, label=label)
    ax.plot(axis, smooth, color=color, linewidth=1.5)


def _as_fitted(estimator, spectrum):
    """One row, with the names of the columns that the estimator was fitted with."""
    X = spectrum[None]
    if not hasattr(estimator, "feature_names_in_"):
        return X
    import pandas as pd

    return pd.DataFrame(X, columns=estimator.feature_names_in_)


def _standard_error(estimator, X):
    """Relative standard error of the background of one spectrum, 0 where none is known."""
    parameters = estimator.parameters(X)
    log_e = np.log(estimator.spectral_axis_ / estimator.reference_energy_)
    amplitude, of_amplitude, of_exponent = (
        float(values[0])
        for values in (parameters.amplitude, parameters.amplitude_error, parameters.exponent_error)
    )
    if amplitude <= 0 or not np.isfinite([of_amplitude, of_exponent]).all():
        return np.zeros_like(log_e)
    return np.hypot(of_amplitude / amplitude, of_exponent * log_e)
