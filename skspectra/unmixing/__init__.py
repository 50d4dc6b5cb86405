"""Unmixing: endmembers, abundances and components of mixed spectra."""

from skspectra.unmixing._bayesian import BayesianUnmixer
from skspectra.unmixing._bootstrap import UnmixingUncertainty
from skspectra.unmixing._fcls import FCLS
from skspectra.unmixing._minimum_volume import MinimumVolumeUnmixer
from skspectra.unmixing._nfindr import NFINDR
from skspectra.unmixing._poisson_pca import PoissonPCA
from skspectra.unmixing._reference_fit import ReferenceFit, ReferenceFitParameters
from skspectra.unmixing._vca import VCA

__all__ = [
    "FCLS",
    "NFINDR",
    "VCA",
    "BayesianUnmixer",
    "MinimumVolumeUnmixer",
    "PoissonPCA",
    "ReferenceFit",
    "ReferenceFitParameters",
    "UnmixingUncertainty",
]
