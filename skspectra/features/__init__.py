"""What a spectroscopist measures on a spectrum by hand."""

from skspectra.features._estimator import WhiteLineFeatures

__all__ = ["WhiteLineFeatures"]
