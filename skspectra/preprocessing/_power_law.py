"""Power-law background under an ionisation edge."""

from numbers import Integral
from typing import NamedTuple

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import check_is_fitted

from skspectra._input.spectra import SpectralMixin
from skspectra._numerics.axis import window_mask
from skspectra._numerics.blocks import blocks
from skspectra._numerics.edges.in_window import holds_edge
from skspectra._numerics.edges.onset import find_onset
from skspectra._numerics.power_law import (
    AT_BOUND,
    FITTED,
    HOLDS_EDGE,
    NO_COUNTS,
    exponent_table,
    fit_least_squares,
    fit_poisson,
    log_energy,
    power_law,
    standard_errors_least_squares,
    standard_errors_poisson,
    subtract_power_law,
)
from skspectra._numerics.random import check_pair
from skspectra._sklearn import StrOptions, fit_context
from skspectra.exceptions import warn_spectra

__all__ = ["PowerLawBackground", "PowerLawParameters"]

_CHUNK_BYTES = 1 << 24
_AUTO_WINDOW = (0.9, 0.98)  # of the onset
_LEAST_SIGNIFICANCE = 6.0  # of the rise at an onset; noise alone reaches 5


class PowerLawParameters(NamedTuple):
    """Result of `PowerLawBackground.parameters`: arrays of shape (n_spectra,).

    Attributes
    ----------
    amplitude : ndarray of shape (n_spectra,)
        Background at `PowerLawBackground.reference_energy_`, in the units of X.
    exponent : ndarray of shape (n_spectra,)
        Exponent r of ``E**-r``.
    amplitude_error, exponent_error : ndarray of shape (n_spectra,)
        Standard errors, infinite where there is nothing to estimate them from.
    flag : ndarray of shape (n_spectra,), int8
        0 fitted, 1 the exponent is at a bound, 2 no counts under the window: background 0, 3 an
        edge begins in the window, or the spectrum is no power law there for another reason.
    """

    amplitude: np.ndarray
    exponent: np.ndarray
    amplitude_error: np.ndarray
    exponent_error: np.ndarray
    flag: np.ndarray


class PowerLawBackground(SpectralMixin, TransformerMixin, BaseEstimator):
    r"""Subtract a power law fitted to the channels before an edge.

    .. math:: X'(E) = X(E) - A \left(\frac{E}{E_0}\right)^{-r}

    is fitted to each spectrum by itself over one or several windows [1]_, with :math:`E_0` the
    geometric mean energy of their channels.

    Parameters
    ----------
    window : "auto", tuple of (float, float) or sequence of such tuples
        Where the background is fitted, half-open, in units of the axis. ``"auto"`` searches for the
        most significant edge in the sum of the training spectra, where the counts in 4 units of the
        axis exceed a power law fitted to the 20 units before them. It fits between 0.9 and 0.98 of
        the energy at which this edge begins. Look at `window_` afterwards.
    spectral_axis : array-like of shape (n_channels,), default=None
        Axis of the spectra; None takes it from numeric column names. It must be positive, which
        channel numbers are not.
    loss : {"poisson", "least_squares"}, default="poisson"
        ``"poisson"`` is the maximum likelihood for counts, in closed form: as good as any unbiased
        estimate can be down to one count per channel, and the fastest. ``"least_squares"`` gives
        every channel the same weight, as most microscopes' software does; choose it for spectra
        that are not proportional to counts.
    exponent_bounds : tuple of (float, float), default=(0, 8)
        Least and greatest exponent. A fit that would exceed one is held there, with a flag and a
        warning.
    copy : bool, default=True
        If False, `transform` overwrites X where X is a floating-point array.
    n_jobs : int, default=None
        Number of threads that treat chunks of spectra, as in scikit-learn: None is one, -1 one for
        every core.

    Attributes
    ----------
    window_ : tuple of (float, float) or sequence of such tuples
        The window, as given or found.
    reference_energy_ : float
        Energy :math:`E_0` at which the amplitude is given, in units of the axis.
    window_mask_ : ndarray of shape (n_channels,), bool
        The fitted channels.
    spectral_axis_ : ndarray of shape (n_channels,)
        The axis.
    n_features_in_ : int
        Number of channels seen at fit.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen at fit, where they are strings.

    Raises
    ------
    ValueError
        If the axis is not positive or a window lies outside of it, or if ``window="auto"`` finds
        no edge.

    Warns
    -----
    SpectrumWarning
        Once per call for each of these, with the count of the spectra: there are no counts under
        the window, so that the background is 0; the exponent is held at a bound; an edge begins in
        the window. The last is detected by the cumulated residuals over the window, which then
        exceed those of noise.

    See Also
    --------
    SpectrumNormalizer : Usually the next step.

    Notes
    -----
    Spectra are treated in chunks, so that the memory needed beyond input and output is below
    64 MiB whatever their number (for each thread). float32 stays float32; integers become float64.

    References
    ----------
    .. [1] R. F. Egerton, Electron Energy-Loss Spectroscopy in the Electron Microscope, 3rd ed.,
       Springer (2011), section 4.4.

    Examples
    --------
    >>> import numpy as np
    >>> from skspectra.preprocessing import PowerLawBackground
    >>> energy = np.arange(600.0, 700.0)
    >>> edge = 50.0 * (energy >= 640)
    >>> X = [1e10 * energy**-3 + edge]
    >>> background = PowerLawBackground(window=(600, 635), spectral_axis=energy)
    >>> np.allclose(background.fit_transform(X), edge)
    True
    >>> print(f"{background.parameters(X).exponent[0]:.3f}")
    3.000
    """

    _parameter_constraints: dict = {
        "window": [StrOptions({"auto"}), tuple, list, np.ndarray],
        "spectral_axis": ["array-like", None],
        "loss": [StrOptions({"poisson", "least_squares"})],
        "exponent_bounds": [tuple, list],
        "copy": ["boolean"],
        "n_jobs": [Integral, None],
    }

    def __init__(
        self,
        window,
        *,
        spectral_axis=None,
        loss="poisson",
        exponent_bounds=(0, 8),
        copy=True,
        n_jobs=None,
    ):
        self.window = window
        self.spectral_axis = spectral_axis
        self.loss = loss
        self.exponent_bounds = exponent_bounds
        self.copy = copy
        self.n_jobs = n_jobs

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Resolve the axis and the windows; only ``window="auto"`` uses the intensities.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
            Spectra, with their background.
        y : None
            Ignored.

        Returns
        -------
        self : object
        """
        X = self._validate_spectra(X, reset=True, dtype="numeric", ensure_min_features=2)
        axis = self.spectral_axis_
        if axis[0] <= 0:
            raise ValueError(
                f"A power law needs a positive spectral axis, got one from {axis[0]:g} to "
                f"{axis[-1]:g}. Pass spectral_axis=, or a frame whose columns are energies."
            )
        check_pair(self.exponent_bounds, "exponent_bounds")
        self.window_ = self._auto_window(X) if isinstance(self.window, str) else self.window
        self.window_mask_ = window_mask(axis, self.window_)
        if self.window_mask_.sum() < 2:
            raise ValueError(
                f"A power law needs at least two channels; window {self.window_} holds one."
            )
        self._fitted = _as_slice(self.window_mask_)
        self._log_energy, self.reference_energy_ = log_energy(axis, self.window_mask_)
        self._table = exponent_table(self._log_energy[self._fitted], self.exponent_bounds)
        return self

    def transform(self, X):
        """Subtract the background.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
            Spectra, with their background.

        Returns
        -------
        X_edge : ndarray of shape (n_spectra, n_channels)
        """
        X = self._validate(X)
        in_place = not self.copy and X.dtype in (np.float32, np.float64) and X.flags.writeable
        out = X if in_place else np.empty(X.shape, _float_dtype(X))
        flags = np.empty(len(X), dtype=np.int8)

        def subtract(rows):
            amplitude, exponent, flags[rows] = self._fit_rows(X[rows])
            subtract_power_law(X[rows], amplitude, exponent, self._log_energy, out[rows])

        self._for_chunks(subtract, X)
        _warn(flags)
        return out

    def background(self, X):
        """Return the background over the whole axis.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
            Spectra, with their background.

        Returns
        -------
        background : ndarray of shape (n_spectra, n_channels)
        """
        X = self._validate(X)
        out = np.empty(X.shape, _float_dtype(X))
        flags = np.empty(len(X), dtype=np.int8)

        def evaluate(rows):
            amplitude, exponent, flags[rows] = self._fit_rows(X[rows])
            out[rows] = power_law(amplitude, exponent, self._log_energy, out.dtype)

        self._for_chunks(evaluate, X)
        _warn(flags)
        return out

    def parameters(self, X):
        """Return the fitted parameters with their standard errors.

        With ``loss="poisson"`` the errors are those of counts; for spectra that are counts times a
        gain g, multiply the errors by the square root of g.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
            Spectra, with their background.

        Returns
        -------
        parameters : PowerLawParameters
        """
        X = self._validate(X)
        chunks = self._for_chunks(lambda rows: self._parameters_of_rows(X[rows]), X)
        result = PowerLawParameters(*map(np.concatenate, zip(*chunks, strict=True)))
        _warn(result.flag)
        return result

    def _auto_window(self, X):
        axis = self.spectral_axis_
        channel, significance = find_onset(X.sum(axis=0, dtype=np.float64), axis)
        if significance < _LEAST_SIGNIFICANCE:
            raise ValueError(
                f"No edge stands out between {axis[0]:g} and {axis[-1]:g}. window='auto' "
                "wants one with channels before it: give the window as (start, stop)."
            )
        start, stop = np.array(_AUTO_WINDOW) * axis[channel]
        return max(float(axis[0]), float(start)), float(stop)

    def _validate(self, X):
        check_is_fitted(self, "window_mask_")
        return self._validate_spectra(X, reset=False, dtype="numeric")

    def _for_chunks(self, function, X):
        """Call a function with every chunk of rows, on as many threads as there may be."""
        threads = Parallel(n_jobs=self.n_jobs, prefer="threads", require="sharedmem")
        return threads(delayed(function)(rows) for rows in blocks(X, _CHUNK_BYTES))

    def _fit_rows(self, X):
        fit = fit_poisson if self.loss == "poisson" else fit_least_squares
        fitted, log_e = X[:, self._fitted], self._log_energy[self._fitted]
        amplitude, exponent, flag = fit(fitted, log_e, self._table)
        background = power_law(amplitude, exponent, log_e, _float_dtype(X))
        flag[(flag == FITTED) & holds_edge(fitted, background)] = HOLDS_EDGE
        return amplitude, exponent, flag

    def _parameters_of_rows(self, X):
        amplitude, exponent, flag = self._fit_rows(X)
        fitted, log_e = X[:, self._fitted], self._log_energy[self._fitted]
        if self.loss == "poisson":
            errors = standard_errors_poisson(amplitude, exponent, log_e)
        else:
            errors = standard_errors_least_squares(fitted, amplitude, exponent, log_e)
        return amplitude, exponent, *errors, flag


def _as_slice(mask):
    """Channels as a slice where they follow one another: a view of them costs no copy."""
    channels = np.flatnonzero(mask)
    if channels[-1] - channels[0] == channels.size - 1:
        return slice(int(channels[0]), int(channels[-1]) + 1)
    return mask


def _float_dtype(X):
    return np.float32 if X.dtype == np.float32 else np.float64


def _warn(flags):
    warn_spectra(
        flags == NO_COUNTS,
        "{count} have no counts under the background window; their background is 0.",
    )
    warn_spectra(
        flags == AT_BOUND,
        "{count} have a background whose exponent is held at a bound: what is left of them is no "
        "edge alone. Look at parameters(X).flag; move the window, or widen exponent_bounds.",
    )
    warn_spectra(
        flags == HOLDS_EDGE,
        "{count} are no power law in the background window, as where an edge begins in it. Look at "
        "parameters(X).flag, and end the window before the edge.",
    )
