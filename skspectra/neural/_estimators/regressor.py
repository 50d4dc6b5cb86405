"""What the neural regressors share."""

from dataclasses import dataclass
from numbers import Real
from typing import ClassVar

import numpy as np
from scipy.special import softmax
from sklearn.base import RegressorMixin
from sklearn.utils.validation import check_is_fitted

from skspectra._input.stored import select_rows
from skspectra._input.targets import refuse_labels
from skspectra._input.weights import check_weights
from skspectra._numerics.conformal import conformal_scores, score_quantile
from skspectra._sklearn import (
    Interval,
    StrOptions,
    fit_context,
    safe_indexing,
    validate_params,
)
from skspectra.neural._accelerators import predictor
from skspectra.neural._estimators.base import SpectralNetEstimator
from skspectra.neural._estimators.outputs import collect_outputs
from skspectra.neural._modules.losses import FractionLoss, ValueLoss
from skspectra.neural._training.net import SpectralNet

__all__ = ["SpectralNetRegressor"]

_LOSSES = {"values": ValueLoss, "fractions": FractionLoss}
_LEAST_SCALE = 1e-3  # of an error, in units of the spread of the targets


@dataclass(kw_only=True, eq=False, repr=False)
class SpectralNetRegressor(RegressorMixin, SpectralNetEstimator):
    """Base class of the neural regressors; see `NetRegressor`."""

    target: str = "values"

    _net_class = SpectralNet
    _y_checks: ClassVar[dict] = {"multi_output": True, "y_numeric": True}

    _parameter_constraints: ClassVar[dict] = {
        **SpectralNetEstimator._parameter_constraints,
        "target": [StrOptions(set(_LOSSES))],
    }

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None):
        """Train the net, and calibrate its intervals where spectra are held out.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
            Spectra; cast to float32.
        y : array-like of shape (n_spectra,) or (n_spectra, n_targets)
            Values, or fractions: one column for each component, not negative, rows of sum 1.
        sample_weight : array-like of shape (n_spectra,), default=None
            Weight of each spectrum, not negative.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If spectra or targets hold NaN or infinity, targets are labels, spectra are too narrow
            for the kernels, fractions are negative or do not sum to 1, parameters contradict each
            other, or the loss becomes infinite.
        """
        _refuse_labels(y)
        held_out = self._train(X, y, sample_weight)
        self.calibration_scores_ = None
        if held_out is not None:
            rows = np.sort(held_out)
            self.calibrate(select_rows(X, rows), safe_indexing(y, rows))
        return self

    def calibrate(self, X, y):
        """Set the width of the intervals by spectra that the net was not trained on.

        `fit` does so with the spectra it holds out. If these are more alike than the spectra to be
        predicted, as those of one specimen are, calibrate with spectra of other specimens:
        intervals hold for spectra like those of the calibration.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
            Spectra.
        y : array-like of shape (n_spectra,) or (n_spectra, n_targets)
            Their targets.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If spectra or targets are not of the kind that the net was fitted to.
        """
        check_is_fitted(self, "net_")
        _refuse_labels(y)
        _, y = self._validate(X, y, reset=False, **self._y_checks)
        predicted, scale = self._predict_with_scale(X)
        self.calibration_scores_ = conformal_scores(self._check_targets(y), predicted, scale)
        return self

    def predict(self, X):
        """Predict values or fractions.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
            Spectra.

        Returns
        -------
        y : ndarray of shape (n_spectra,) or (n_spectra, n_targets), float64
            As y was at fit.
        """
        predicted, _ = self._predict_with_scale(X)
        return self._like_y(predicted)

    @validate_params(
        {"coverage": [Interval(Real, 0, 1, closed="neither")]}, prefer_skip_nested_validation=True
    )
    def predict_interval(self, X, coverage=0.9):
        """Predict an interval that holds the truth with a given probability.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
            Spectra.
        coverage : float, default=0.9
            Share of spectra like those that the intervals were calibrated with, whose truth lies
            within; for each target by itself.

        Returns
        -------
        lower, upper : ndarray of shape (n_spectra,) or (n_spectra, n_targets), float64
            As y was at fit. Fractions stay between 0 and 1.

        Raises
        ------
        ValueError
            If no spectra were held out, or too few for the coverage.
        """
        check_is_fitted(self, "net_")
        if self.calibration_scores_ is None:
            raise ValueError(
                "Intervals are calibrated with spectra that the net was not trained on, but none "
                "were held out: set validation_fraction, for example to 0.2, or call calibrate."
            )
        predicted, scale = self._predict_with_scale(X)
        margin = scale * score_quantile(self.calibration_scores_, coverage)
        lower, upper = predicted - margin, predicted + margin
        if self.target == "fractions":
            lower, upper = lower.clip(0, 1), upper.clip(0, 1)
        return self._like_y(lower), self._like_y(upper)

    @property
    def _criterion(self):
        return _LOSSES[self.target]

    @property
    def _n_outputs(self):
        return 2 * self.n_outputs_  # each with the size of its error

    def _weigh(self, X, y, sample_weight):
        return check_weights(sample_weight, X)

    def _strata(self, y):
        return None

    def _encode(self, y, weight, reset):
        """Targets as the net is trained on them: values are standardised."""
        if reset:
            self._is_flat = y.ndim == 1
            self.n_outputs_ = y[:1].size
            self._mean, self._spread = np.zeros(self.n_outputs_), np.ones(self.n_outputs_)
        y = self._check_targets(y)
        if reset and self.target != "fractions":
            self._mean = np.average(y, axis=0, weights=weight)
            spread = np.sqrt(np.average((y - self._mean) ** 2, axis=0, weights=weight))
            self._spread = np.where(spread > 0, spread, 1)
        return ((y - self._mean) / self._spread).astype(np.float32)

    def _check_targets(self, y):
        """Return targets of shape (n_spectra, n_outputs_), or raise what is wrong with them."""
        if (y.ndim == 1) != self._is_flat or y[:1].size != self.n_outputs_:
            wanted = "" if self._is_flat else self.n_outputs_
            raise ValueError(
                f"y has shape {y.shape}, but the net was fitted to (n_spectra, {wanted})."
            )
        y = y.reshape(len(y), -1).astype(np.float64)
        if self.target == "fractions":
            _check_fractions(y)
        return y

    def _predict_with_scale(self, X):
        """Predictions and the size of their errors, both of shape (n_spectra, n_outputs_)."""
        outputs = collect_outputs(self, predictor, X)[""].astype(np.float64)
        predicted, log_variance = np.split(outputs, 2, axis=1)
        if self.target == "fractions":
            predicted = softmax(predicted, axis=1)
        scale = np.maximum(np.exp(log_variance / 2), _LEAST_SCALE)
        return self._mean + self._spread * predicted, self._spread * scale

    def _like_y(self, values):
        return values[:, 0] if self._is_flat else values

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        tags.target_tags.single_output = self.target != "fractions"
        tags.regressor_tags.poor_score = True  # where the target hangs on one channel, not a shape
        return tags


def _refuse_labels(y):
    refuse_labels(
        y,
        instead="Map each label to a number, such as its valence; or use NetClassifier, which "
        "takes labels.",
    )


def _check_fractions(y):
    if y.shape[1] < 2:
        raise ValueError(
            "target='fractions' takes a column of y for each component, two at least, but y has "
            "one. For a single number, such as the mean valence, use target='values'."
        )
    sums = y.sum(axis=1)
    wrong = (y < 0).any(axis=1) | (np.abs(sums - 1) > 1e-4)
    if wrong.any():
        row = wrong.argmax()
        raise ValueError(
            f"Fractions are not negative and sum to 1, but row {row} of y is {y[row].tolist()}, of "
            f"sum {sums[row]:g}. Divide the rows by their sums, or use target='values'."
        )
