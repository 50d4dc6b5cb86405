"""Quantiles that depend on how noisy a spectrum is."""

import numpy as np

__all__ = ["log_noise", "quantile_by_noise", "quantile_curve"]

N_BINS = 6
FLOOR = 1e-3  # of the noise, below which it does not matter


def log_noise(noise):
    """Decimal logarithm of the noise, held at a floor."""
    return np.log10(np.maximum(noise, FLOOR))


def quantile_curve(values, noise, quantile):
    """Quantiles of values in bins of noise that hold equally many.

    Parameters
    ----------
    values, noise : ndarray of shape (n_spectra,)
        What is looked at, and the noise of its spectrum.
    quantile : float
        In (0, 1). Of n values it is the ceil((n + 1) quantile)-th smallest, at most the greatest.

    Returns
    -------
    curve : ndarray of shape (2, n_bins)
        Median logarithm of the noise, ascending, and the quantile, of every bin.
    """
    order = np.argsort(noise, kind="stable")
    bins = np.array_split(order, min(N_BINS, max(1, len(order) // 20)))
    ranks = [min(int(np.ceil((len(rows) + 1) * quantile)), len(rows)) - 1 for rows in bins]
    levels = [np.sort(values[rows])[rank] for rows, rank in zip(bins, ranks, strict=True)]
    return np.array([[np.median(log_noise(noise[rows])) for rows in bins], levels])


def quantile_by_noise(curve, noise):
    """Value of a `quantile_curve` at each noise, held at its ends."""
    return np.interp(log_noise(noise), *curve)
