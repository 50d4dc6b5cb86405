"""Spectra from files of many formats, on one common axis."""

import itertools
import os
import re
from pathlib import Path

import numpy as np

from skspectra._input.files import ARRAY_ENDINGS, TEXT_ENDINGS, beginning, check_readable, printable
from skspectra._numerics.axis import check_axis
from skspectra._numerics.interpolation import resample_rows
from skspectra._progress import Progress
from skspectra.exceptions import warn_spectra
from skspectra.io._arrays import read_arrays
from skspectra.io._formats import load_signals, one_of
from skspectra.io._signals import axis_label, to_matrix
from skspectra.io._spectra import Spectra, naming
from skspectra.io._text import read_text
from skspectra.io._units import conversion

__all__ = ["read_spectra", "spectra_in_files"]

_MSA = re.compile(rb"\W*FORMAT\s*:\s*EMSA", re.IGNORECASE)
_FEWEST_CHANNELS = 8  # fewer values are points, between which nothing is averaged


def read_spectra(
    paths,
    spectral_axis,
    *,
    outside="raise",
    unit="eV",
    columns=None,
    decimal=None,
    signal=None,
    reader=None,
    verbose=0,
):
    r"""Read spectra from files and put them on one axis.

    A channel of `spectral_axis` that is wider than those of the file gets the mean of the channels
    that it spans, so that no counts are thrown away. Otherwise spectra are interpolated linearly.

    Parameters
    ----------
    paths : path-like or iterable of path-like
        One file or several, of these kinds, told apart by the ending of the name:

        - any format that HyperSpy reads (.dm3, .dm4, .hspy, .msa, .emd and many more), with one
          spectrum, a line scan or a spectrum image;
        - text (.csv, .tsv, .txt, .dat, .xy, .asc, .prn, .xdi, .nor, .xmu) with two columns, energy
          and intensity;
        - text with titles above its columns: one of energy and one of intensity; one of energy and
          one for each spectrum; or one row per point with columns such as "spectrum", "sample" or
          "x" and "y" that tell the spectra apart. Errors and other known quantities are left out;
        - .npz with an array of energies and one of spectra, called as the columns of text would be,
          and .npy with the columns energy and intensity.

        Columns of text are separated by commas, semicolons, tabs or spaces, and lines starting with
        "#", "%", "!", "*" or "//" are comments. Points are sorted by energy; a few repeated
        energies, as in digitised figures, are averaged.
    spectral_axis : array-like of shape (n_channels,)
        Axis of the result, strictly increasing. Fewer than eight values are taken for points:
        nothing is averaged between them.
    outside : {"raise", "edge"}, default="raise"
        If a spectrum ends more than half of its channel width before `spectral_axis`, raise an
        error or repeat its first or last value. Many published spectra are a few eV short. A
        spectrum without any overlap is always an error.
    unit : str, default="eV"
        Unit of `spectral_axis`. Files in another unit of the same quantity, as in keV, are
        converted; those of another quantity are refused.
    columns : sequence of int or str, default=None
        Columns of text, or arrays of a .npz file, by number or title: the energy and then one or
        more of intensity. None finds them by their titles.
    decimal : {".", ","}, default=None
        The decimal mark of text. None finds it.
    signal : int or str, default=None
        Which signal to take from a file of several, by number or title; see `list_signals`. None
        takes the only one of spectra.
    reader : str, default=None
        HyperSpy's name of the format, such as "HSPY" or "USID", where the ending does not tell it.
    verbose : int or bool, default=0
        Whether to show progress over the files.

    Returns
    -------
    X : ndarray of shape (n_spectra, n_channels), float32 or float64
        The spectra, in the order of `paths`; of an image row by row. float32 if all files hold
        float32 or short integers.
    names : ndarray of shape (n_spectra,) of str
        A single spectrum is named after its file, without the ending: ``"MnO"``. One of several has
        its position after that, in numpy's order: ``"scan[3]"``, ``"image[row, column]"``; a
        spectrum of a table has its name or title there. A repeated name gets a number: ``"MnO
        (2)"``.

    Raises
    ------
    FileNotFoundError, IsADirectoryError, OSError
        If a path does not exist, or is a folder or another thing that is not a file, such as a
        pipe.
    ValueError
        If a file cannot be read, is cut short or is not safe to read, holds no or several sets of
        spectra, holds NaN or text in place of numbers, may be read in more than one way, does not
        reach `spectral_axis`, or is not in `unit`. The message names the file.
    ImportError
        If HyperSpy is needed and not installed.

    Warns
    -----
    SpectrumWarning
        If spectra come without a unit; their axis is taken to be in `unit`.

    See Also
    --------
    list_signals, read_signal : List the signals of a file; read one with its navigation axes.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from skspectra.io import read_spectra
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "MnO.csv"
    ...     _ = path.write_text("energy_eV,intensity\n635,0\n640,10\n660,0\n")
    ...     X, names = read_spectra(path, np.linspace(636, 644, 5))
    >>> X
    array([[ 2.,  6., 10.,  9.,  8.]])
    >>> names
    array(['MnO'], dtype='<U3')
    """
    spectral_axis = check_axis(spectral_axis)
    _check_options(outside, columns, decimal)
    options = {"unit": unit, "columns": columns, "decimal": decimal}
    found = spectra_in_files(paths, signal=signal, reader=reader, verbose=verbose, **options)
    resampled = [_resample(spectra, spectral_axis, outside) for spectra in found]
    names = [name for spectra in found for name in spectra.names]
    return np.concatenate(resampled), np.array(names)


def spectra_in_files(
    paths, *, unit="eV", columns=None, decimal=None, signal=None, reader=None, verbose=0
):
    """List the spectra in files on the axes that they have there; see `read_spectra`.

    Returns
    -------
    found : list of Spectra
        Sets of spectra that lie on one axis, which is in `unit`. No name comes twice.
    """
    found, without_unit = [], []
    paths = _check_paths(paths)
    for path in Progress(verbose, "reading files", len(paths), "file").over(paths):
        for spectra in _read_file(
            path, signal, reader, decimal, {"unit": unit, "columns": columns}
        ):
            if not len(spectra.rows):
                raise ValueError(f"{spectra.where} holds no spectra: it has shape (0, n_channels).")
            spectra, has_unit = _convert(spectra, unit)
            found.append(spectra)
            without_unit += [not has_unit] * len(spectra.names)
    names = _make_unique(name for spectra in found for name in spectra.names)
    found = [s._replace(names=list(itertools.islice(names, len(s.names)))) for s in found]
    without_unit = np.array(without_unit)
    every = [(name, spectra.axis) for spectra in found for name in spectra.names]
    name, axis = every[without_unit.argmax()]
    warn_spectra(
        without_unit,
        f"{{count}} come without a unit and are taken to be in {unit}, the first is "
        f"{str(name)!r}, from {axis[0]:g} to {axis[-1]:g} {unit}. A title such as 'energy_eV' "
        "tells the unit.",
    )
    return found


def _check_options(outside, columns, decimal):
    if outside not in ("raise", "edge"):
        raise ValueError(f"outside must be 'raise' or 'edge', got {outside!r}.")
    if decimal not in (None, ".", ","):
        raise ValueError(f"decimal must be '.', ',' or None, got {decimal!r}.")
    if columns is not None and (isinstance(columns, str) or len(columns) < 2):
        raise ValueError(
            "columns must name the energy and one or more columns of intensity, as in "
            f"('energy_eV', 'intensity'), got {columns!r}."
        )


def _check_paths(paths):
    if hasattr(paths, "read"):
        raise TypeError(f"paths must be names of files, got an open file, {paths!r}.")
    if isinstance(paths, (str, os.PathLike)):
        paths = [paths]
    paths = [Path(path) for path in paths]
    if not paths:
        raise ValueError("paths is empty; give at least one file.")
    for path in paths:
        check_readable(path)
    return paths


def _read_file(path, signal, reader, decimal, options):
    name, ending = printable(path.stem), path.suffix.lower()
    if reader is None and ending in TEXT_ENDINGS and _MSA.match(beginning(path)):
        reader = "MSA"
    if reader is None and ending in TEXT_ENDINGS:
        return read_text(path, name, decimal=decimal, **options)
    if reader is None and ending in ARRAY_ENDINGS:
        return read_arrays(path, name, **options)
    loaded = one_of(load_signals(path, reader=reader), signal, path)
    with naming(path):
        rows, axis, shape = to_matrix(loaded)
    names = [name + (str(list(index)) if index else "") for index in np.ndindex(shape)]
    return [Spectra(printable(path), names, rows, axis, axis_label(loaded))]


def _convert(spectra, unit):
    """Put the axis in the unit wanted, and say whether the file told its unit."""
    with naming(spectra.where):
        factor = conversion(spectra.label, unit)
    if factor in (None, 1.0):
        return spectra, factor is not None
    return spectra._replace(axis=spectra.axis * factor), True


def _resample(spectra, spectral_axis, outside):
    rows, axis = spectra.rows, spectra.axis
    if rows.dtype.kind not in "iuf":
        raise ValueError(
            f"{spectra.where}: the intensities have dtype {rows.dtype}, wanted are real numbers."
        )
    if not np.isfinite(rows).all():
        raise ValueError(
            f"{spectra.where}: the intensities are not all finite numbers. Remove or replace the "
            "channels that are NaN or infinite."
        )
    if axis.size < 2:
        raise ValueError(f"{spectra.where} holds a single energy, wanted are at least two.")
    if axis[0] > spectral_axis[-1] or axis[-1] < spectral_axis[0]:
        raise ValueError(
            f"{spectra.where} covers {axis[0]:g} to {axis[-1]:g}, none of the axis wanted, "
            f"{spectral_axis[0]:g} to {spectral_axis[-1]:g}. Is it in another unit, or another "
            "part of the spectrum?"
        )
    is_narrow = np.result_type(rows, np.float32) == np.float32
    rows = rows.astype(np.float32 if is_narrow else np.float64, copy=False)
    average = spectral_axis.size >= _FEWEST_CHANNELS
    with naming(spectra.where):
        return resample_rows(rows, axis, spectral_axis, outside=outside, average=average)


def _make_unique(names):
    """Names with a number behind each that came before."""
    seen = set()
    for name in names:
        numbered = (f"{name} ({number})" for number in itertools.count(2))
        unique = next(each for each in itertools.chain([name], numbered) if each not in seen)
        seen.add(unique)
        yield unique
