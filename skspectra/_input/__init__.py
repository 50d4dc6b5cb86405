"""What comes in: spectra, targets, weights, stored arrays, files."""
