"""Rows of spectra as unmixing reads them, and what they must be."""

import numpy as np
from sklearn.utils.validation import check_array

from skspectra._input.stored import read_rows, row_blocks

__all__ = [
    "blocks_of",
    "check_counts",
    "check_n_components",
    "check_room",
    "rows_of",
    "rows_of_sample",
]

_BLOCK_BYTES = 1 << 25
_ROUNDING = 1e-14  # of squares from which those of the mean are subtracted; else its square


def check_counts(counts, X):
    """Return the counts from which a background was subtracted to give X, or raise."""
    if counts is None:
        return None
    counts = check_array(counts, dtype=[np.float64, np.float32], input_name="counts")
    if counts.shape != X.shape:
        raise ValueError(
            f"counts has shape {counts.shape}, but X has {X.shape}. Pass the counts of the same "
            "spectra and channels."
        )
    return counts


def check_n_components(n_components, X):
    """Raise where a simplex of so many corners has no room, or too few spectra."""
    n_spectra, n_channels = X.shape
    if n_components > min(n_spectra, n_channels + 1):
        raise ValueError(
            f"n_components={n_components} endmembers need as many spectra and one channel less, "
            f"got n_samples={n_spectra} spectra of {n_channels} channels. Lower n_components."
        )


def check_room(axes, n_components):
    """Raise where the spectra lie in fewer dimensions than their simplex would have."""
    size = axes.n_spectra * np.square(axes.mean / axes.scale).sum()
    rounding = size * (_ROUNDING if axes.brightness is not None else _ROUNDING**2)
    least = max(axes.values[0] * 1e-12, rounding)
    n_dimensions = int((axes.values > least).sum())
    if n_components - 1 > n_dimensions:
        raise ValueError(
            f"The spectra differ in {n_dimensions} dimensions only, too few for {n_components} "
            f"endmembers. Lower n_components to {n_dimensions + 1}."
        )


def blocks_of(X):
    """Slices of rows, and what is in them as float64."""
    for rows in row_blocks(X, max(1, _BLOCK_BYTES // (8 * X.shape[1]))):
        yield rows, np.asarray(read_rows(X, rows), dtype=np.float64)


def rows_of(X, indices):
    """Return some rows as float64, each read by itself where the spectra are not in memory."""
    rows = [read_rows(X, slice(i, i + 1)) for i in indices]
    return np.concatenate(rows).astype(np.float64)


def rows_of_sample(X, n_most, rng):
    """Return at most so many rows as float64, drawn from all of them, in their order."""
    drawn = np.ones(len(X), dtype=bool)
    if len(X) > n_most:
        drawn[rng.permutation(len(X))[n_most:]] = False
    return np.concatenate([block[drawn[rows]] for rows, block in blocks_of(X)])
