"""Perturbations for training and for testing robustness, on numpy and torch arrays."""

from skspectra.augmentation._base import Augmenter
from skspectra.augmentation._energy import AxisStretch, EnergyShift
from skspectra.augmentation._noise import PCANoise, PoissonNoise

__all__ = ["Augmenter", "AxisStretch", "EnergyShift", "PCANoise", "PoissonNoise"]
