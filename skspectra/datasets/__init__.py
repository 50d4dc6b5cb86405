"""Spectra to train on and to read: simulated (`make_*`)."""

from skspectra.datasets import multiplet
from skspectra.datasets._l23 import make_l23_spectra

__all__ = ["make_l23_spectra", "multiplet"]
