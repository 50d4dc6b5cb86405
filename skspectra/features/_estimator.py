"""White-line features of L2,3 edges."""

from numbers import Real

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from skspectra._input.spectra import SpectralMixin
from skspectra._numerics.axis import dispersion, is_uniform, window_channels
from skspectra._numerics.blocks import in_blocks
from skspectra._numerics.random import check_pair
from skspectra._sklearn import Interval, StrOptions, fit_context
from skspectra.exceptions import warn_spectra
from skspectra.features._white_lines import (
    ENERGIES,
    SHAPES,
    Smoother,
    measure_lines,
    peak_energy,
)

__all__ = ["WhiteLineFeatures"]


class WhiteLineFeatures(SpectralMixin, TransformerMixin, BaseEstimator):
    r"""Measure the white lines of L2,3 edges: positions, heights, widths and ratios.

    The background must be subtracted first (`PowerLawBackground`). Offset and gain have no effect,
    except that heights are in the units of the spectra. L3 and L2 are the pair of maxima,
    `separation` apart, with the greatest sum in the smoothed spectrum. Zero is the mean of the
    `pre_edge` window. The continuum under the lines is two steps of 2:1 centred at them [1]_, with
    the mean of the `continuum` window as their sum, as horizontal as in [2]_ and with arctangents
    for steps as in [3]_. In thick specimens plural scattering fills that window up, so that the
    steps are made no higher than the valley between the lines, and the lowest fifth of the window,
    allow.

    The columns of the result are

    ===================  ==========================================================================
    ``onset_tenth``      energy at which the edge first reaches a tenth of its height at L3
    ``onset_half``       the same for the half, the midpoint of the rise [4]_
    ``onset_slope``      energy of the steepest rise before L3, the point of inflection [4]_
    ``l3_energy``        energy of the L3 maximum, the "chemical shift" of [5]_
    ``l2_energy``        energy of the L2 maximum
    ``l3_height``        height of L3 above the continuum, in the units of X; ``l2_height`` likewise
    ``l3_fwhm``          full width at half of it, at most to the valley between the lines;
                         ``l2_fwhm`` likewise
    ``separation``       distance of the maxima
    ``area_ratio``       L3/L2, the white-line ratio: areas above the continuum [1]_
    ``height_ratio``     L3/L2 of the heights
    ``curvature_ratio``  L3/L2 of the areas of the negative second derivative [6]_, which needs no
                         continuum
    ``oxygen_distance``  distance of L3 from the highest O K maximum [7]_, only with `oxygen_window`
    ``white_lines``      1 where there are white lines, else 0
    ===================  ==========================================================================

    Oxide Wizard uses one decision tree on such features [8]_.

    Parameters
    ----------
    window : tuple of (float, float), default=None
        Window in which both lines lie at any calibration error, in units of the axis. None is the
        whole axis, or the part after `oxygen_window`.
    separation : tuple of (float, float), default=(8, 15)
        Distances of L2 from L3 that are looked at, in units of the axis. The spin-orbit splitting
        of 2p is about 6 eV for Ti, 11 for Mn, 13 for Fe and 17 for Ni.
    oxygen_window : tuple of (float, float), default=None
        Where the O K edge lies; None for an axis without it.
    features : {"all", "shape"}, default="all"
        "shape" leaves out the energies; the other features do not depend on the calibration.
    smoothing : float, default=1.0
        Width in units of the axis of the sliding parabolas that smooth the spectra and give their
        derivatives.
    l3_window, l2_window : tuple of (float, float), default=(-5, 5) and (-4, 4)
        Integration windows relative to the maxima; those of [2]_.
    pre_edge : tuple of (float, float), default=(-10, -5)
        Window of zero, relative to L3.
    continuum : tuple of (float, float), default=(5, 15)
        Window of the continuum, relative to L2. Windows end where the axis does, and hold one
        channel at least.
    step_width : float, default=1.0
        Width of the steps in units of the axis; 0 makes them sharp, as in [1]_.
    spectral_axis : array-like of shape (n_channels,), default=None
        Uniform axis of the spectra; None takes it from numeric column names, else the channel
        numbers.

    Attributes
    ----------
    spectral_axis_ : ndarray of shape (n_channels,)
        The axis.
    n_features_in_ : int
        Number of channels seen at fit.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen at fit, where they are strings.

    Raises
    ------
    ValueError
        If the axis is not uniform or narrower than the least separation, or a window is empty or
        lies outside of it.

    Warns
    -----
    SpectrumWarning
        Once per call, with the count of the spectra without white lines: all of their features
        are 0. That is where L3 rises from the valley before L2 by less than 8 standard deviations
        of the smoothed noise or by less than 2 % of its height, where a line lies at an end of the
        axis, or where a width or an area of a line is not positive.

    Notes
    -----
    The second derivative multiplies noise: widen `smoothing` before using ``curvature_ratio`` on
    noisy spectra.

    References
    ----------
    .. [1] D. H. Pearson, C. C. Ahn and B. Fultz, Physical Review B 47, 8471 (1993).
    .. [2] T. Riedl, T. Gemming and K. Wetzig, Ultramicroscopy 106, 284 (2006).
    .. [3] P. A. van Aken and B. Liebscher, Physics and Chemistry of Minerals 29, 188 (2002).
    .. [4] R. F. Egerton, Electron Energy-Loss Spectroscopy in the Electron Microscope, 3rd ed.,
       Springer (2011).
    .. [5] H. Tan, J. Verbeeck, A. Abakumov and G. Van Tendeloo, Ultramicroscopy 116, 24 (2012).
    .. [6] G. A. Botton, C. C. Appel, A. Horsewell and W. M. Stobbs, Journal of Microscopy 180, 211
       (1995).
    .. [7] S. Zhang, K. J. T. Livi, A.-C. Gaillot, A. T. Stone and D. R. Veblen, American
       Mineralogist 95, 1741 (2010).
    .. [8] L. Yedra et al., Microscopy and Microanalysis 20, 698 (2014).

    Examples
    --------
    >>> import numpy as np
    >>> from skspectra.features import WhiteLineFeatures
    >>> energy = np.arange(630.0, 680.0, 0.1)
    >>> lines = [np.exp(-((energy - position) ** 2) / 2) for position in (642, 653)]
    >>> X = [3 * lines[0] + 2 * lines[1], 4 * lines[0] + lines[1]]
    >>> features = WhiteLineFeatures(spectral_axis=energy).set_output(transform="pandas")
    >>> features.fit_transform(X)[["l3_energy", "l3_fwhm", "separation", "area_ratio"]].round(2)
       l3_energy  l3_fwhm  separation  area_ratio
    0      642.0     2.36        11.0         1.5
    1      642.0     2.36        11.0         4.0
    """

    _parameter_constraints: dict = {
        "window": [tuple, list, np.ndarray, None],
        "separation": [tuple, list, np.ndarray],
        "oxygen_window": [tuple, list, np.ndarray, None],
        "features": [StrOptions({"all", "shape"})],
        "smoothing": [Interval(Real, 0, None, closed="neither")],
        "l3_window": [tuple, list, np.ndarray],
        "l2_window": [tuple, list, np.ndarray],
        "pre_edge": [tuple, list, np.ndarray],
        "continuum": [tuple, list, np.ndarray],
        "step_width": [Interval(Real, 0, None, closed="left")],
        "spectral_axis": ["array-like", None],
    }

    def __init__(
        self,
        window=None,
        *,
        separation=(8, 15),
        oxygen_window=None,
        features="all",
        smoothing=1.0,
        l3_window=(-5, 5),
        l2_window=(-4, 4),
        pre_edge=(-10, -5),
        continuum=(5, 15),
        step_width=1.0,
        spectral_axis=None,
    ):
        self.window = window
        self.separation = separation
        self.oxygen_window = oxygen_window
        self.features = features
        self.smoothing = smoothing
        self.l3_window = l3_window
        self.l2_window = l2_window
        self.pre_edge = pre_edge
        self.continuum = continuum
        self.step_width = step_width
        self.spectral_axis = spectral_axis

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Resolve the axis and the windows; nothing is learned from the intensities.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
            Spectra without background.
        y : None
            Ignored.

        Returns
        -------
        self : object
        """
        self._validate_spectra(X, reset=True, ensure_min_features=2)
        axis = self.spectral_axis_
        if not is_uniform(axis):
            raise ValueError(
                "White lines are measured on a uniform spectral axis; put a SpectralResampler "
                "first."
            )
        for name in ("separation", "l3_window", "l2_window", "pre_edge", "continuum"):
            check_pair(getattr(self, name), name)
        self._oxygen = self._channels("oxygen_window")
        self._edge = self._channels("window")
        if self._edge is None:
            self._edge = slice(self._oxygen.stop if self._oxygen else 0, axis.size)
        self._check_room(axis[self._edge])
        return self

    def transform(self, X):
        """Measure the spectra.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
            Spectra without background.

        Returns
        -------
        features : ndarray of shape (n_spectra, n_features)
            Named by `get_feature_names_out`.
        """
        check_is_fitted(self, "spectral_axis_")
        X = self._validate_spectra(X, reset=False)
        out = in_blocks(lambda rows: self._measure(X[rows]), X, len(self._output_names()))
        warn_spectra(out[:, -1] == 0, "{count} show no white lines; their features are 0.")
        return out

    def _output_names(self):
        energies = ENERGIES if self.features == "all" else ()
        oxygen = () if self.oxygen_window is None else ("oxygen_distance",)
        return (*energies, *SHAPES, *oxygen, "white_lines")

    def _channels(self, name):
        window = getattr(self, name)
        return None if window is None else window_channels(self.spectral_axis_, window, name=name)

    def _check_room(self, axis):
        if axis.size < 2 or not 0 < self.separation[0] < axis[-1] - axis[0]:
            raise ValueError(
                f"L2 is looked for {self.separation[0]:g} to {self.separation[1]:g} above L3, but "
                f"the axis has {axis.size} channels for both lines. Bring wider spectra, or set "
                "separation= to that of your element, above 0, or window= to where the lines are."
            )

    def _measure(self, X):
        X = X.astype(np.float64, copy=False)
        axis, edge = self.spectral_axis_, self._edge
        smoother = Smoother(axis, self.smoothing)
        step = dispersion(axis)
        least, most = (round(distance / step) for distance in self.separation)
        features, visible = measure_lines(
            X[:, edge],
            axis[edge],
            smoother,
            separation=(max(least, 1), most),
            l3_window=self.l3_window,
            l2_window=self.l2_window,
            pre_edge=self.pre_edge,
            continuum=self.continuum,
            step_width=self.step_width,
        )
        if self._oxygen is not None:
            oxygen = peak_energy(smoother(X), axis, self._oxygen)
            features["oxygen_distance"] = features["l3_energy"] - oxygen
        features["white_lines"] = visible
        return np.where(visible, [features[name] for name in self._output_names()], 0.0).T
