"""Measure estimators: folds, parameters, and robustness to noise and shifts."""

from skspectra.evaluation._cross_validation import cross_validate
from skspectra.evaluation._robustness import robustness_curve
from skspectra.evaluation._scorer import robustness_scorer
from skspectra.evaluation._validation_curve import validation_curve

__all__ = ["cross_validate", "robustness_curve", "robustness_scorer", "validation_curve"]
