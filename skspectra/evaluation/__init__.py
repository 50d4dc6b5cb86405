"""How a classifier holds against noise, shift and other instruments."""

from skspectra.evaluation._robustness import robustness_curve

__all__ = ["robustness_curve"]
