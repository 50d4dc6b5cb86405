"""Spectra as mixtures of endmembers."""
