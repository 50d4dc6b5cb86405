"""Windows before an edge: their channels, and whether the edge begins in one already."""

import numpy as np

from skspectra._numerics.axis import window_channels

__all__ = ["holds_edge", "pre_edge_channels"]

_LEAST_CHANNELS = 10
_MOST_BLOCKS = 40  # of channels: neighbours may have correlated noise, such blocks hardly do
_LEAST_SCORE = 1.8  # white noise reaches 1.6 in one spectrum of 50 000
_LEAST_SHARE = 0.01  # of the counts: no background is exactly a power law


def pre_edge_channels(axis, pre_edge):
    """Channels of a window before an edge: three at least, and others after them, or an error."""
    channels = window_channels(axis, pre_edge, name="pre_edge")
    if channels.stop - channels.start < 3 or channels.stop >= axis.size:
        raise ValueError(
            "pre_edge must hold at least three channels and end before the axis does; it holds "
            f"{channels.stop - channels.start} of {axis.size}."
        )
    return channels


def holds_edge(counts, background):
    r"""Tell which spectra turn upwards or downwards within the channels that were fitted.

    The residuals of a background that fits sum up to little wherever the sum ends; where an edge
    begins they first fall short and then exceed it. With the residuals :math:`d_i` of n blocks of
    channels, at most 40, and their variance :math:`v` from the differences of every second block,
    a spectrum is flagged where

    .. math:: \max_k \Big|\sum_{i \le k} d_i\Big| > 1.8 \sqrt{n v}

    and that maximum is over 1 % of its counts.

    Parameters
    ----------
    counts, background : ndarray of shape (n_spectra, n_fitted)
        Fitted channels, and the background in them.

    Returns
    -------
    flag : ndarray of shape (n_spectra,), bool
        Never True for fewer than ten channels.
    """
    n_channels = counts.shape[1]
    if n_channels < _LEAST_CHANNELS:
        return np.zeros(len(counts), dtype=bool)
    starts = np.arange(0, n_channels, -(-n_channels // _MOST_BLOCKS))
    blocks = np.add.reduceat(counts - background, starts, axis=1)
    variance = ((blocks[:, 2:] - blocks[:, :-2]) ** 2).mean(axis=1) / 2
    excess = np.abs(np.cumsum(blocks, axis=1)).max(axis=1)
    significant = excess > _LEAST_SCORE * np.sqrt(starts.size * variance)
    return significant & (excess > _LEAST_SHARE * np.abs(background.sum(axis=1)))
