"""Spectra from files and from HyperSpy signals, and back to HyperSpy."""

from skspectra.io._files import read_spectra
from skspectra.io._read_signal import list_signals, read_signal
from skspectra.io._signals import from_rows, to_matrix

__all__ = ["from_rows", "list_signals", "read_signal", "read_spectra", "to_matrix"]
