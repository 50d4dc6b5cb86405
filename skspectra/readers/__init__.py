"""Readers, which name the valence of spectra, or say that it is unknown."""

from skspectra.readers._reader import ValenceReader

__all__ = ["ValenceReader"]
