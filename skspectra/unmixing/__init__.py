"""Spectra as mixtures of others."""

from skspectra.unmixing._fcls import FCLS
from skspectra.unmixing._reference_fit import ReferenceFit, ReferenceFitParameters

__all__ = ["FCLS", "ReferenceFit", "ReferenceFitParameters"]
