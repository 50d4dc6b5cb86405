"""Spectra to train on and to read: simulated (`make_*`) and downloaded (`fetch_*`)."""

from skspectra.datasets import multiplet
from skspectra.datasets._featureless import make_featureless_edges
from skspectra.datasets._l23 import make_l23_spectra
from skspectra.datasets._mn_valence import fetch_mn_valence
from skspectra.datasets._particle import make_particle_image

__all__ = [
    "fetch_mn_valence",
    "make_featureless_edges",
    "make_l23_spectra",
    "make_particle_image",
    "multiplet",
]
