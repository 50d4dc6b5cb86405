"""Spectra as mixtures of others."""

from skspectra.unmixing._reference_fit import ReferenceFit, ReferenceFitParameters

__all__ = ["ReferenceFit", "ReferenceFitParameters"]
