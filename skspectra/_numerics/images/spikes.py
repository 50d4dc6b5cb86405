"""Spikes: single channels far above their neighbours in one spectrum and not in others."""

import numpy as np

__all__ = ["spikes"]

_DEVIATIONS = 10.0
_MOST_ALIKE = 2  # spectra with a spike at one place; a line of the sample is in more of them


def spikes(X, mean, gain=1.0):
    """Find counts that no neighbouring channel and no other spectrum explains.

    Parameters
    ----------
    X : ndarray of shape (n_spectra, n_channels)
        Counts.
    mean : ndarray of shape (n_channels,)
        Mean spectrum, which says how far a channel stands above its neighbours in all.
    gain : float, default=1.0
        Variance of the counts over their mean.

    Returns
    -------
    is_spike : ndarray of shape (n_spectra, n_channels), bool
        Channels 10 standard deviations above what the channels two away and the median of the five
        around them lead to expect.
    """
    around = np.median(_five(mean, np.arange(mean.size)), axis=-1)
    ratio = np.maximum(np.divide(mean, around, out=np.ones_like(mean), where=around > 0), 1)
    padded = np.pad(X, ((0, 0), (2, 2)), mode="edge")
    found = _stands_out(X, ratio * np.minimum(padded[:, :-4], padded[:, 4:]), gain)
    rows, channels = np.nonzero(found)
    median = np.median(_five(X[rows], channels), axis=-1)
    found[rows, channels] = _stands_out(X[rows, channels], ratio[channels] * median, gain)
    return found & (found.sum(axis=0) <= _MOST_ALIKE)


def _stands_out(values, expected, gain):
    return values - expected > _DEVIATIONS * np.sqrt(gain * (expected + 1))


def _five(values, channels):
    """Return the five values around one channel of each row, or around each channel of a row."""
    around = np.clip(channels[:, None] + np.arange(-2, 3), 0, values.shape[-1] - 1)
    return values[around] if values.ndim == 1 else np.take_along_axis(values, around, axis=1)
