"""Spectra that are not in memory: memory maps, zarr, h5py and dask arrays, read in blocks."""

from contextlib import nullcontext, suppress
from itertools import pairwise
from numbers import Integral
from pathlib import Path

import numpy as np
from sklearn.utils import check_consistent_length, gen_batches
from sklearn.utils.validation import validate_data

from skspectra._input.spectra import in_memory, noting_bad_rows, refuse_images, refuse_masks
from skspectra._input.targets import refuse_targets
from skspectra._numerics.column_names import refuse_columns_of_spectra, spectral_columns
from skspectra._sklearn import safe_indexing

__all__ = [
    "NARROW",
    "StoredSpectra",
    "read_rows",
    "row_blocks",
    "row_edges",
    "select_rows",
    "validate_spectra",
]

NARROW = tuple(map(np.dtype, (np.float16, np.uint8, np.int8, np.uint16, np.int16)))
_READ_WHOLE = 2**26  # bytes; an array that is not larger is read once and is then in memory
_MAPPED_SHARE = 0.5  # of the free memory; smaller memory maps are used as if in memory
_UNKNOWN_MEMORY = 2**32  # bytes taken for free where the system does not say


def _is_stored(X):
    """Whether X is an array that need not be in memory: a memory map, zarr, h5py or dask array."""
    in_chunks = all(hasattr(X, name) for name in ("shape", "dtype", "chunks", "__getitem__"))
    return isinstance(X, np.memmap) or (in_chunks and not hasattr(X, "columns"))


def validate_spectra(estimator, X, y="no_validation", *, reset=True, read=True, **checks):
    """Validate spectra as scikit-learn's `validate_data` does, those that are not in memory too.

    Parameters
    ----------
    estimator : estimator
        Learns the number and the names of the channels, or is compared with them.
    X : array-like of shape (n_spectra, n_channels)
        Spectra.
    y : array-like, default="no_validation"
        What belongs to each of them.
    reset : bool, default=True
        Whether the estimator learns.
    read : bool, default=True
        Whether spectra that are not in memory are read to look for NaN and infinity.
    **checks
        Further parameters of `validate_data`.

    Returns
    -------
    X : ndarray or StoredSpectra
        StoredSpectra where they are to be read in blocks: a memory map larger than half of the
        free memory, and any other stored array larger than 64 MiB.
    y : ndarray
        Only if it was given.

    Raises
    ------
    TypeError
        If they are a HyperSpy signal or sparse.
    ValueError
        If something else is wrong with the spectra, a masked entry and column names of which only
        some are numbers included. Of those that are read in blocks, the first one
        with NaN or infinity is named.
    """
    refuse_images(X)
    refuse_masks(X)
    refuse_targets(X, y)
    if spectral_columns(X) is None and reset:
        refuse_columns_of_spectra(X)
    spectra = _opened(X) if _is_stored(X) else X
    if not isinstance(spectra, StoredSpectra):
        with noting_bad_rows(spectra) if reset else nullcontext():  # else they may be a block
            return validate_data(estimator, spectra, y, reset=reset, **checks)
    has_y = not isinstance(y, str)
    if has_y:
        for_y = {name: checks[name] for name in ("multi_output", "y_numeric") if name in checks}
        y = validate_data(estimator, y=y, reset=reset, **for_y)
        check_consistent_length(X, y)
    validate_data(estimator, X, reset=reset, skip_check_array=True)
    if read:
        for rows in spectra.blocks(_READ_WHOLE // 16):
            spectra[rows]
    return (spectra, y) if has_y else spectra


class StoredSpectra:
    """Rows of an array that are read from where they are when they are asked for.

    Parameters
    ----------
    source : array-like of shape (n_spectra, n_channels)
        What has a shape, a dtype and, where it is stored so, chunks, and gives an array for a
        slice of rows.
    rows : ndarray of int, default=None
        The rows that there are, increasing; None is all of them.
    change : callable, default=None
        From spectra as they are read to those that are given out.

    Attributes
    ----------
    shape : tuple of (int, int)
        Number of spectra and of channels, before any change.
    dtype : dtype
        That of the source where it is narrow, else float32; before any change.
    """

    def __init__(self, source, rows=None, change=None):
        self.source = source
        self.rows = rows
        self.change = change
        self.shape = (source.shape[0] if rows is None else len(rows), source.shape[1])
        self.dtype = np.dtype(source.dtype if source.dtype in NARROW else np.float32)

    def __len__(self):
        return self.shape[0]

    @property
    def nbytes(self):
        """Bytes that all spectra take in memory."""
        return len(self) * self.row_bytes

    @property
    def row_bytes(self):
        """Bytes that a spectrum takes in memory."""
        return self.shape[1] * self.dtype.itemsize

    def select(self, rows):
        """Spectra of some rows of the source, which are increasing."""
        return StoredSpectra(self.source, rows, self.change)

    def through(self, change):
        """Spectra that are changed after they are read."""
        return StoredSpectra(self.source, self.rows, change)

    def read(self):
        """Read all of the spectra, block by block."""
        whole = np.empty(self.shape, self.dtype)
        for rows in self.blocks(_READ_WHOLE):
            whole[rows] = self[rows]
        return whole

    def blocks(self, n_bytes):
        """Slices of rows that are read well at a time: whole chunks, of `n_bytes` at least."""
        edges = row_edges(self.source, max(1, n_bytes // self.row_bytes))
        if self.rows is not None:
            edges = np.unique(np.searchsorted(self.rows, edges))
        return [slice(*pair) for pair in pairwise(edges)]

    def __getitem__(self, rows):
        """Read a slice of rows; a ValueError names the first one with NaN or infinity."""
        rows = np.arange(*rows.indices(len(self))) if self.rows is None else self.rows[rows]
        block = np.asarray(in_memory(self.source[rows[0] : rows[-1] + 1]))
        if len(block) > len(rows):
            block = block[rows - rows[0]]
        with np.errstate(over="ignore"):  # what overflows float32 is refused as infinite
            block = np.ascontiguousarray(block, self.dtype)
        finite = np.isfinite(block).all(axis=1)
        if not finite.all():
            raise ValueError(
                f"Row {rows[np.argmin(finite)]} of X contains NaN, infinity or a value too large "
                "for dtype('float32'). Leave such spectra out or mend them first."
            )
        return block if self.change is None else self.change(block)


def select_rows(X, rows):
    """Return some rows of spectra: all of them without a copy, stored ones without reading them.

    Rows of stored spectra are increasing.
    """
    if isinstance(X, StoredSpectra):
        return X.select(rows)
    if _is_stored(X):
        return StoredSpectra(X, rows)
    return X if len(rows) == len(X) else safe_indexing(X, rows)


def row_blocks(X, n_rows):
    """Slices of at most `n_rows` rows; of `StoredSpectra`, those that are read well at a time."""
    if isinstance(X, StoredSpectra):
        return X.blocks(n_rows * X.row_bytes)
    return list(gen_batches(len(X), n_rows))


def read_rows(X, rows):
    """Spectra of a slice of rows of `StoredSpectra`, of an array or of a frame."""
    return X[rows] if isinstance(X, StoredSpectra | np.ndarray) else safe_indexing(X, rows)


def row_edges(X, n_rows):
    """Rows at which blocks begin and end that hold whole chunks and, where they can, `n_rows`."""
    chunks = None if isinstance(X, np.ndarray) else getattr(X, "chunks", None)
    if chunks is None:
        edges = np.arange(0, X.shape[0], n_rows)
    elif isinstance(chunks[0], Integral):
        edges = np.arange(0, X.shape[0], -(-n_rows // chunks[0]) * chunks[0])
    else:
        edges = _merged(np.cumsum([0, *chunks[0]])[:-1], n_rows)
    return np.append(edges, X.shape[0])


def _merged(edges, n_rows):
    """Of increasing edges, the first and then those at least `n_rows` from the one before."""
    merged = [0]
    for edge in edges:
        if edge - merged[-1] >= n_rows:
            merged.append(edge)
    return np.array(merged)


def _opened(X):
    """X as an array in memory where it is small, or a memory map; else as StoredSpectra."""
    shape = tuple(X.shape)
    if not all(isinstance(length, Integral) for length in shape):
        raise ValueError(f"The shape of X must be known, got {shape}. Call compute_chunk_sizes().")
    if len(shape) != 2:
        raise ValueError(
            f"Expected 2D array, got an array of shape {shape}. One row is one spectrum."
        )
    if X.dtype.kind not in "buif":
        raise ValueError(f"X must hold real numbers, got dtype {X.dtype}.")
    if isinstance(X, np.memmap):
        return np.asarray(X) if X.nbytes <= _MAPPED_SHARE * _free_memory() else StoredSpectra(X)
    small = shape[0] * shape[1] * X.dtype.itemsize <= _READ_WHOLE
    return np.asarray(in_memory(X[:])) if small else StoredSpectra(X)


def _free_memory():
    """Bytes that can be had without swapping; what files are cached in counts."""
    with suppress(OSError, StopIteration):
        lines = Path("/proc/meminfo").read_text().splitlines()
        return 1024 * next(int(line.split()[1]) for line in lines if "MemAvailable" in line)
    return _UNKNOWN_MEMORY
