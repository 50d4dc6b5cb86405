"""Ionisation edges in spectra: how strong, where, and whether in a window."""
