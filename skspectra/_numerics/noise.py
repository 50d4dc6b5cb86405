"""Noise of spectra, estimated from the spectra themselves."""

from math import comb, sqrt

import numpy as np

__all__ = ["median_difference", "noise_deviation"]

_MEDIAN_OF_NORMAL = 0.6745  # of absolute values, over the standard deviation


def noise_deviation(X, order=2):
    """Estimate the standard deviation of the white noise of each spectrum from differences.

    The median of their absolute values feels neither slopes nor, where most channels lie outside of
    them, lines.

    Parameters
    ----------
    X : ndarray of shape (..., n_channels)
        Spectra of more channels than the order.
    order : int, default=2
        Order of the differences.

    Returns
    -------
    deviation : ndarray of shape (...)
    """
    median = np.median(np.abs(np.diff(X, order, axis=-1)), axis=-1)
    return median / median_difference(order)


def median_difference(order):
    """Median of the absolute differences, of some order, of white noise of unit variance.

    Those of order k have the variance (2k)! / k!^2.
    """
    return _MEDIAN_OF_NORMAL * sqrt(comb(2 * order, order))
