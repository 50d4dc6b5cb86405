"""Spectra in files of NumPy, .npy and .npz, with their energies."""

import math
import zipfile
from collections import Counter

import numpy as np

from skspectra._input.files import printable
from skspectra.io._columns import find_columns
from skspectra.io._points import spectra_of_points
from skspectra.io._safety import UnsafeFile, check_unpacked
from skspectra.io._spectra import naming

__all__ = ["load_arrays", "read_arrays"]


def read_arrays(path, name, *, unit="eV", columns=None):
    """Read the spectra of a .npz or .npy file.

    Parameters
    ----------
    path : Path
        The file.
    name : str
        What a single spectrum is called.
    unit : str, default="eV"
        Unit that is wanted; arrays of other quantities are no energy.
    columns : sequence of int or str, default=None
        The energy and the spectra, where the names of the arrays do not tell them.

    Returns
    -------
    spectra : list of Spectra
    """
    where = printable(path)
    energies, arrays, label, titles = load_arrays(path, unit=unit, columns=columns)
    spectra = []
    for data, title in zip(arrays, titles, strict=True):
        names = [
            (name if len(arrays) == 1 else title) + (str(list(index)) if index else "")
            for index in np.ndindex(data.shape[:-1])
        ]
        rows = data.reshape(len(names), energies.size)
        (one,) = spectra_of_points(
            energies, rows, label=label, groups=None, titles=names, where=where, name=name
        )
        spectra.append(one)
    return spectra


def load_arrays(path, *, unit="eV", columns=None):
    """Load the energies and the spectra of a .npz or .npy file.

    Returns
    -------
    energies : ndarray of shape (n_channels,), float64
    arrays : list of ndarray of shape (..., n_channels)
    label : str
        Name of the array of energies.
    titles : list of str
        Names of the other arrays.

    Raises
    ------
    ValueError
        If the file is no such file, holds other things than numbers, or shapes do not fit.
    """
    where = printable(path)
    with naming(where):
        arrays = _load(path)
    titles = list(arrays) if isinstance(next(iter(arrays)), str) else None
    arrays = list(arrays.values())
    widths = [array.shape[-1] if array.ndim else 0 for array in arrays]
    n_arrays = Counter(widths)
    of_one_width = [width > 1 and n_arrays[width] > 1 for width in widths]
    are_numbers = [array.dtype.kind in "iuf" for array in arrays]
    try:
        fits = [both[0] and both[1] for both in zip(of_one_width, are_numbers, strict=True)]
        found = find_columns(titles, fits, unit, columns)
    except ValueError as error:
        raise ValueError(f"{where} {error}{_described(titles, arrays)}") from None
    used = [found.energy, *found.intensities]
    energies, *spectra = (arrays[i] for i in used)
    if energies.ndim != 1 or any(each.shape[-1:] != energies.shape for each in spectra):
        raise ValueError(
            f"{where}: the energies have shape {energies.shape}, so spectra must have shape (..., "
            f"{energies.size}), got {', '.join(str(each.shape) for each in spectra)}."
        )
    if not all(are_numbers[i] for i in used):
        raise ValueError(f"{where}: energies and spectra must be real numbers.")
    label, *names = [titles[i] for i in used] if titles else ["", *map(str, found.intensities)]
    return energies.astype(np.float64), spectra, label, names


def _described(titles, arrays):
    """Shapes and dtypes of arrays, which may be why they are no spectra."""
    if titles is None:
        return ""
    both = zip(titles, arrays, strict=True)
    listed = ", ".join(f"{title!r} {array.shape} {array.dtype}" for title, array in both)
    return f" The file holds {listed}; spectra are real numbers of shape (..., n_channels)."


def _load(path):
    """Arrays of a file by name; the columns of a single array by number."""
    try:
        if not zipfile.is_zipfile(path):
            with path.open("rb") as file:
                _check_array(file, path.stat().st_size)
            array = np.array(np.load(path, mmap_mode="r", allow_pickle=False))
            if array.dtype.names:
                return {name: array[name] for name in array.dtype.names}
            if array.ndim == 2 and array.shape[0] == 2 < array.shape[1]:
                raise ValueError(
                    f"an array of shape {array.shape} has two rows. Wanted are two columns, energy "
                    "and intensity: save its transpose"
                )
            if array.ndim != 2 or array.shape[1] < 2:
                raise ValueError(
                    f"an array of shape {array.shape} has no energies. Wanted are the columns "
                    "energy and intensity, or a .npz with arrays such as energy_eV and intensity"
                )
            return dict(enumerate(array.T))
        with zipfile.ZipFile(path) as archive:
            _check_members(archive.infolist())
            for member in archive.infolist():
                with archive.open(member) as file:
                    _check_array(file, member.file_size)
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        if not arrays:
            raise ValueError("the file holds no arrays")
        return arrays
    except (OSError, UnsafeFile):
        raise
    except Exception as error:
        raise ValueError(f"the arrays cannot be read ({error}).") from error


def _check_members(members):
    """Refuse two arrays of one name, and those that are next to nothing until they are unpacked."""
    names = [member.filename.removesuffix(".npy") for member in members]
    if len(set(names)) < len(names):
        twice = max(names, key=names.count)
        raise ValueError(f"more than one array is called {twice!r}")
    for member in members:
        check_unpacked(member.filename, member.compress_size, member.file_size)


def _check_array(file, n_bytes):
    """Compare the size of an array with what its header says, before memory is taken for it."""
    version = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0
    if version != (1, 0):
        read = np.lib.format.read_array_header_2_0
    shape, _, dtype = read(file)
    if dtype.hasobject:
        raise ValueError("Python objects are not read: save names as text, not with dtype object")
    wanted = file.tell() + math.prod(shape) * dtype.itemsize
    if not dtype.itemsize or min(shape, default=0) < 0 or wanted != n_bytes:
        raise ValueError(
            f"{n_bytes} bytes are no array of shape {shape} and dtype {dtype}; is it cut short?"
        )
