"""Whole spectrum images."""

from skspectra.imaging._phases import PhaseSegmenter

__all__ = ["PhaseSegmenter"]
