"""Bring spectra of different dose to one scale."""

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from skspectra._input.spectra import SpectralMixin
from skspectra._numerics.blocks import blocks
from skspectra._sklearn import StrOptions, fit_context
from skspectra.exceptions import warn_spectra

__all__ = ["SpectrumNormalizer"]


def _trapezoids(axis):
    """Weights of the channels in the trapezoidal rule."""
    if axis.size == 1:
        return np.zeros(1)
    widths = np.diff(axis, prepend=axis[0], append=axis[-1])
    return (widths[:-1] + widths[1:]) / 2


_SCALES = {
    "minmax": lambda X, axis: np.ptp(X, axis=1),
    "max": lambda X, axis: X.max(axis=1),
    "area": lambda X, axis: np.abs(X) @ _trapezoids(axis).astype(X.dtype),
    "l2": lambda X, axis: np.sqrt(np.einsum("ij,ij->i", X, X)),
    "snv": lambda X, axis: np.sqrt(np.einsum("ij,ij->i", X, X) / X.shape[1]),  # X is centred
}


class SpectrumNormalizer(SpectralMixin, TransformerMixin, BaseEstimator):
    r"""Scale each spectrum by itself.

    .. math:: X'_i = (X_i - o_i) / c_i

    where the offset :math:`o_i` is the mean of the spectrum with ``center=True``, otherwise 0
    (``"minmax"``: its minimum), and the scale :math:`c_i` is measured after the offset is
    subtracted.

    Parameters
    ----------
    norm : {"minmax", "max", "area", "l2", "snv"}, default="minmax"
        The scale: ``"minmax"`` maximum less minimum, ``"max"`` the maximum, ``"area"`` the integral
        of the absolute values over the axis, ``"l2"`` the root of the sum of squares, ``"snv"`` the
        standard deviation about the mean (standard normal variate, always centred).
    center : bool, default=True
        Whether the mean of each spectrum is subtracted. With ``norm="minmax"`` this is the
        preprocessing of the article [1]_.
    spectral_axis : array-like of shape (n_channels,), default=None
        Axis of the spectra, used by ``norm="area"``; None takes it from numeric column names, else
        the channel numbers.

    Attributes
    ----------
    spectral_axis_ : ndarray of shape (n_channels,)
        The axis.
    n_features_in_ : int
        Number of channels seen at fit.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen at fit, where they are strings.

    Warns
    -----
    SpectrumWarning
        Once per call, with the count of the spectra that are flat (or, with ``norm="max"``, nowhere
        positive), or whose scale overflows their dtype: they become zeros.

    References
    ----------
    .. [1] M. Chatzidakis and G. A. Botton, "Towards calibration-invariant spectroscopy using deep
       learning", Scientific Reports 9, 2126 (2019), Methods.

    Examples
    --------
    >>> from skspectra.preprocessing import SpectrumNormalizer
    >>> SpectrumNormalizer().fit_transform([[0, 10, 20, 10]])
    array([[-0.5,  0. ,  0.5,  0. ]])
    >>> SpectrumNormalizer("max", center=False).fit_transform([[0, 10, 20, 10]])
    array([[0. , 0.5, 1. , 0.5]])
    """

    _parameter_constraints: dict = {
        "norm": [StrOptions(set(_SCALES))],
        "center": ["boolean"],
        "spectral_axis": ["array-like", None],
    }

    def __init__(self, norm="minmax", *, center=True, spectral_axis=None):
        self.norm = norm
        self.center = center
        self.spectral_axis = spectral_axis

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Resolve the axis; nothing is learned from the intensities.

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
        return self

    def transform(self, X):
        """Scale the spectra.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
            Spectra.

        Returns
        -------
        X_scaled : ndarray of shape (n_spectra, n_channels)
        """
        check_is_fitted(self, "spectral_axis_")
        X = self._validate_spectra(X, reset=False)
        out = np.empty_like(X, order="C")
        unscaled = np.empty(len(X), dtype=bool)
        for rows in blocks(X):
            unscaled[rows] = self._scale(X[rows], out[rows])
        warn_spectra(unscaled, "{count} are flat or overflow and have no scale; they become zeros.")
        return out

    def _scale(self, X, out):
        """Write the scaled spectra; return which have no scale."""
        unscaled = _are_flat(X)
        if self.center or self.norm == "snv":
            X = np.subtract(X, X.mean(axis=1, keepdims=True), out=out)
        elif self.norm == "minmax":
            X = np.subtract(X, X.min(axis=1, keepdims=True), out=out)
        with np.errstate(over="ignore"):
            scale = _SCALES[self.norm](X, self.spectral_axis_)
        unscaled |= ~((scale > 0) & (scale < np.inf))
        np.divide(X, np.where(unscaled, 1, scale).astype(out.dtype)[:, None], out=out)
        out[unscaled] = 0
        return unscaled


def _are_flat(X):
    """Whether the channels of each spectrum are all equal."""
    flat = X[:, 0] == X[:, -1]
    flat[flat] = (X[flat] == X[flat, :1]).all(axis=1)
    return flat
