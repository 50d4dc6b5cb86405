"""How a classifier holds against noise, shift and other instruments."""

from skspectra.evaluation._robustness import robustness_curve
from skspectra.evaluation._scorer import robustness_scorer

__all__ = ["robustness_curve", "robustness_scorer"]
