"""Spectra from files and from HyperSpy signals, and back to HyperSpy."""

from skspectra.io._files import read_spectra
from skspectra.io._signals import from_rows, to_matrix

__all__ = ["from_rows", "read_spectra", "to_matrix"]
