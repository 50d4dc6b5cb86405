"""Readers: counts in, valence or "unknown" out."""

from skspectra.readers._reader import ValenceReader

__all__ = ["ValenceReader"]
