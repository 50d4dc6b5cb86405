"""Spectrum images and images of atoms: gain, spikes, phases, windows, neighbours, transitions."""
