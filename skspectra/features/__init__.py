"""Features of spectra: positions, widths and ratios of white lines."""

from skspectra.features._estimator import WhiteLineFeatures

__all__ = ["WhiteLineFeatures"]
