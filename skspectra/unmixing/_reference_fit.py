"""Spectra as mixtures of references, whatever their calibration."""

import reprlib
from numbers import Real
from typing import NamedTuple

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
from sklearn.utils import gen_batches
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from skspectra._input.spectra import SpectralMixin
from skspectra._input.targets import refuse_targets
from skspectra._numerics.axis import is_uniform
from skspectra._numerics.mixtures.linear import chi_square, expected_counts
from skspectra._numerics.random import check_range
from skspectra._progress import Progress
from skspectra._sklearn import Interval, check_y, fit_context
from skspectra.exceptions import warn_spectra
from skspectra.unmixing._rows import check_counts
from skspectra.unmixing._shifted import ShiftedReferences

__all__ = ["ReferenceFit", "ReferenceFitParameters"]

_CHUNK_BYTES = 1 << 23


class ReferenceFitParameters(NamedTuple):
    """Result of `ReferenceFit.parameters`.

    Attributes
    ----------
    fractions : ndarray of shape (n_spectra, n_references)
        Coefficients divided by their sum.
    coefficients : ndarray of shape (n_spectra, n_references)
        Amount of each reference, not negative.
    shift : ndarray of shape (n_spectra,)
        Shift of all references, in units of the axis; positive towards higher energy. At an end of
        the range the best shift may lie beyond.
    reference_shift : ndarray of shape (n_spectra, n_references)
        Shift of each reference: `shift`, plus its own shift within `spread`. `shift` where its
        coefficient is 0.
    residual : ndarray of shape (n_spectra,)
        Root mean square of the spectrum less its fit, in the units of X.
    chi_square : ndarray of shape (n_spectra,)
        Sum of squares, each divided by the counts that are expected (those of the fit and of the
        subtracted background, at least 1), over the degrees of freedom. About 1 if X or `counts`
        are counts and the references fit them. Otherwise compare the values with each other only.
    """

    fractions: np.ndarray
    coefficients: np.ndarray
    shift: np.ndarray
    reference_shift: np.ndarray
    residual: np.ndarray
    chi_square: np.ndarray


class ReferenceFit(SpectralMixin, ClassifierMixin, TransformerMixin, BaseEstimator):
    r"""Fit each spectrum by a mixture of shifted reference spectra.

    .. math:: X_i(E) \approx \sum_k a_{ik} R_k(E - s_i - \delta_{ik}), \qquad a_{ik} \ge 0, \quad
        |\delta_{ik}| \le d

    by least squares, as in fits of fine structure (ELNES fitting, "MLLS") [1]_, but with the shift
    :math:`s_i` found for each spectrum instead of by hand: every whole channel of the range is
    tried, and a parabola through the best and its neighbours gives the fraction. `transform`
    returns the fractions :math:`a_{ik} / \sum_k a_{ik}`, `predict` the reference with the largest.

    Parameters
    ----------
    references : dict of str to array-like of shape (n_channels,), default=None
        Reference spectrum of each class, on the axis of the spectra. None takes the mean of each
        class of the spectra in `fit`; align those first (`PeakAligner`), or the means are blurred.
    shift : float or tuple of (float, float), default=(-5, 5)
        Range of shifts in units of the axis, or one shift for all spectra; 0 is none. References
        are continued by the values at their ends.
    spread : float, default=0
        How far each reference may be shifted against the others :math:`d`, in units of the axis; 0
        keeps them together. References of several instruments are calibrated differently: two that
        are 1 eV off each other may be fitted by a third one that is not in the specimen. A spread
        takes about seven times as long.
    spectral_axis : array-like of shape (n_channels,), default=None
        Axis of the spectra, uniform where they are shifted; None takes it from numeric column
        names, else the channel numbers.
    verbose : int or bool, default=0
        Whether to show progress over blocks of the spectra that are fitted.

    Attributes
    ----------
    classes_ : ndarray of shape (n_references,)
        Names of the references.
    components_ : ndarray of shape (n_references, n_channels)
        The references.
    spectral_axis_ : ndarray of shape (n_channels,)
        The axis.
    n_features_in_ : int
        Number of channels seen at fit.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen at fit, where they are strings.

    Raises
    ------
    ValueError
        If a reference has another length than the spectra or holds NaN, or the axis is not
        uniform.

    Warns
    -----
    SpectrumWarning
        Once per call, with the count of the spectra that no reference fits, such as spectra of
        zeros: their fractions are equal.

    Notes
    -----
    The normalisation of the references decides what fractions mean: they are shares of atoms if all
    references are scaled to the same number of atoms, as by the continuum far above the edge.
    Subtract the background of spectra and references first.

    References
    ----------
    .. [1] H. Tan, J. Verbeeck, A. Abakumov and G. Van Tendeloo, Ultramicroscopy 116, 24 (2012).

    Examples
    --------
    >>> import numpy as np
    >>> from skspectra.unmixing import ReferenceFit
    >>> energy = np.arange(630.0, 660.0, 0.1)
    >>> def line(position):
    ...     return np.exp(-((energy - position) ** 2) / 4)
    >>> references = {"Mn2+": line(640) + 0.2 * line(652), "Mn4+": line(643) + 0.5 * line(652)}
    >>> fit = ReferenceFit(references, spectral_axis=energy).fit(list(references.values()))
    >>> X = [line(642) + 0.2 * line(654), line(642) + line(645) + 0.7 * line(654)]
    >>> fit.predict(X[:1])
    array(['Mn2+'], dtype='<U4')
    >>> fit.transform(X).round(2) + 0.0
    array([[1. , 0. ],
           [0.5, 0.5]])
    >>> fit.parameters(X).shift.round(1)
    array([2., 2.])
    """

    _parameter_constraints: dict = {
        "references": "no_validation",
        "shift": [Interval(Real, None, None, closed="neither"), tuple, list],
        "spread": [Interval(Real, 0, None, closed="left")],
        "spectral_axis": ["array-like", None],
        "verbose": ["verbose"],
    }

    def __init__(self, references=None, *, shift=(-5, 5), spread=0, spectral_axis=None, verbose=0):
        self.references = references
        self.shift = shift
        self.spread = spread
        self.spectral_axis = spectral_axis
        self.verbose = verbose

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Learn the references: those given, or the means of the classes.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
            Spectra.
        y : array-like of shape (n_spectra,), default=None
            Class labels; not used where `references` are given.

        Returns
        -------
        self : object
        """
        X = self._validate_spectra(X, reset=True, ensure_min_features=2)
        axis, shift = self.spectral_axis_, check_range(self.shift, "shift")
        if (shift != (0, 0) or self.spread) and not is_uniform(axis):
            raise ValueError(
                "References are shifted on a uniform spectral axis; put a SpectralResampler first, "
                "or set shift=0 and spread=0."
            )
        if self.references is None:
            self.classes_, self.components_ = _class_means(X, y)
        else:
            self.classes_, self.components_ = _check_references(self.references, X.shape[1])
        self._shifted = ShiftedReferences(self.components_, axis, shift, self.spread)
        return self

    def predict(self, X):
        """Name the reference with the largest fraction.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
            Spectra.

        Returns
        -------
        y : ndarray of shape (n_spectra,)
            Names from `classes_`.
        """
        largest = self.parameters(X).fractions.argmax(axis=1)
        return self.classes_[largest]

    def transform(self, X):
        """Return the fraction of each reference.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
            Spectra.

        Returns
        -------
        fractions : ndarray of shape (n_spectra, n_references)
            In the order of `classes_`; of sum 1.
        """
        return self.parameters(X).fractions

    def parameters(self, X, counts=None):
        """Return all fitted parameters.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
            Spectra.
        counts : array-like of shape (n_spectra, n_channels), default=None
            The counts as recorded, if a background was subtracted from them to give X; chi-square
            needs them. None if X are the counts.

        Returns
        -------
        parameters : ReferenceFitParameters
        """
        check_is_fitted(self, "components_")
        X = self._validate_spectra(X, reset=False)
        counts = check_counts(counts, X)
        bytes_per_spectrum = 8 * self.components_.size
        parts = []
        batches = list(gen_batches(len(X), max(1, _CHUNK_BYTES // bytes_per_spectrum)))
        for rows in Progress(self.verbose, "fitting references", len(batches), "block").over(
            batches
        ):
            block = X[rows].astype(np.float64, copy=False)
            parts.append(self._fit_rows(block, 0.0 if counts is None else counts[rows] - block))
        joined = map(np.concatenate, zip(*parts, strict=True))
        result = ReferenceFitParameters(*(part.astype(X.dtype, copy=False) for part in joined))
        warn_spectra(
            ~result.coefficients.any(axis=1),
            "{count} are explained by no reference; their fractions are all the same.",
        )
        return result

    def _output_names(self):
        return self.classes_.astype(str)

    def _fit_rows(self, X, subtracted):
        coefficients, shift, reference_shift, model = self._shifted.fit(X)
        total = coefficients.sum(axis=1, keepdims=True)
        equal = np.full_like(coefficients, 1 / len(self.classes_))
        fractions = np.divide(coefficients, total, out=equal, where=total > 0)
        residual = np.sqrt(((X - model) ** 2).mean(axis=1))
        shifted = self._shifted.limits[0] < self._shifted.limits[1]
        n_parameters = len(self.classes_) * (2 if self.spread else 1) + shifted
        variance = expected_counts(model, subtracted)
        chi2 = chi_square(X, model, variance, n_parameters)
        return fractions, coefficients, shift, reference_shift, residual, chi2

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.required = self.references is None
        tags.classifier_tags.poor_score = True  # blobs are no mixtures of their means
        return tags


def _class_means(X, y):
    if y is None:
        raise ValueError(
            "ReferenceFit requires y to be passed, but the target y is None. Pass the class of "
            "each spectrum, or references="
        )
    refuse_targets(X, y)
    y = check_y(y)
    check_consistent_length(X, y)
    check_classification_targets(y)
    classes, codes = np.unique(y, return_inverse=True)
    means = [X[codes == code].mean(axis=0, dtype=np.float64) for code in range(len(classes))]
    return classes, np.array(means)


def _check_references(references, n_channels):
    if not isinstance(references, dict):
        raise TypeError(
            "references must be a dict of spectra by their names, such as {'Mn2+': spectrum}, got "
            f"{reprlib.repr(references)}."
        )
    if not references:
        raise ValueError("references is empty; give one spectrum at least, by name.")
    spectra = {name: _as_numbers(name, each) for name, each in references.items()}
    for name, spectrum in spectra.items():
        if spectrum.shape != (n_channels,):
            raise ValueError(
                f"Reference {name!r} has shape {spectrum.shape}, but the spectra have {n_channels} "
                "channels. Resample it to their axis first."
            )
        if not np.isfinite(spectrum).all():
            raise ValueError(f"Reference {name!r} holds NaN or infinity.")
    return np.array(list(spectra)), np.array(list(spectra.values()))


def _as_numbers(name, reference):
    try:
        return np.asarray(reference, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"Reference {name!r} must hold numbers: {error}") from error
