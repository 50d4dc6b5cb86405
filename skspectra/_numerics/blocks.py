"""Rows in blocks: what is computed on the way takes little memory and stays in the cache."""

import numpy as np

__all__ = ["blocks", "in_blocks"]

_BLOCK_BYTES = 2**20  # of rows in float64; the thirty or so that a step may need are below 64 MiB


def blocks(X, n_bytes=None):
    """Slices of the rows of an array that are treated at a time.

    Parameters
    ----------
    X : array of shape (n_spectra, n_channels)
        Only its shape is looked at.
    n_bytes : int, default=None
        What a block takes in float64; None is 1 MiB.

    Returns
    -------
    blocks : list of slice
    """
    n_bytes = _BLOCK_BYTES if n_bytes is None else n_bytes
    step = max(1, n_bytes // (8 * max(1, X.shape[1])))
    return [slice(start, start + step) for start in range(0, X.shape[0], step)]


def in_blocks(function, X, n_columns=None):
    """Compute new rows from the rows of an array, block by block.

    Parameters
    ----------
    function : callable
        From a slice of rows to an array of shape (n_rows, n_columns).
    X : ndarray of shape (n_spectra, n_channels), or torch tensor
        Spectra in floating point. A tensor, which is a batch or on a GPU, is one block.
    n_columns : int, default=None
        Number of columns that come out; None is that of `X`.

    Returns
    -------
    out : array of shape (n_spectra, n_columns)
        In the dtype of `X`.
    """
    if not isinstance(X, np.ndarray):
        return function(slice(None))
    out = np.empty((len(X), X.shape[1] if n_columns is None else n_columns), dtype=X.dtype)
    for rows in blocks(X):
        out[rows] = function(rows)
    return out
