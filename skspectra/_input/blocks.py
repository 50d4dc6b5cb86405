"""Rows in blocks: what is computed on the way takes little memory and stays in the cache."""

import numpy as np

__all__ = ["blocks", "in_blocks"]

_BLOCK_BYTES = 2**20  # of rows in float64; the thirty or so that a step may need are below 64 MiB


def blocks(X):
    """Slices of the rows of an array that are treated at a time."""
    step = max(1, _BLOCK_BYTES // (8 * max(1, X.shape[1])))
    return [slice(start, start + step) for start in range(0, len(X), step)]


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
