"""Spectra from files of many formats, on one common axis."""

import contextlib
import itertools
import os
from pathlib import Path
from typing import NamedTuple

import numpy as np

from skspectra._numerics.axis import check_axis
from skspectra._numerics.interpolation import resample_rows
from skspectra.io._hyperspy import import_hyperspy, quiet_hyperspy
from skspectra.io._signals import to_matrix
from skspectra.io._text import read_text

__all__ = ["read_spectra"]

_TEXT_ENDINGS = (".csv", ".tsv", ".txt", ".dat", ".xy", ".asc")
_MSA_ENDINGS = (".msa", ".emsa", ".ems", ".mas")


class _Spectra(NamedTuple):
    """Spectra on one axis, as they lie in a file."""

    where: str
    names: list
    rows: np.ndarray
    axis: np.ndarray
    unit: str | None


def read_spectra(paths, spectral_axis, *, outside="raise"):
    r"""Read spectra from files and put them on one axis, by linear interpolation.

    Parameters
    ----------
    paths : path-like or iterable of path-like
        One file or several, of these kinds, told apart by the ending of the name:

        - any format that HyperSpy reads (.dm3, .dm4, .hspy, .msa, .emd and many more), with one
          spectrum, a line scan or a spectrum image;
        - text (.csv, .tsv, .txt, .dat, .xy, .asc) with two columns, energy and intensity;
        - text with a header and one row per point, whose columns are found by their names in any
          case: energy contains "energy", "loss" or the unit "eV"; intensity starts with
          "intensity" or "counts", or is the only column left; "spectrum" or "name", if there is
          one of these, tells the spectra apart. Others are ignored.

        Columns are separated by commas, semicolons, tabs or spaces, and lines starting with "#"
        are comments. Points of text are sorted by energy; repeated energies, as digitised figures
        have them, are averaged.
    spectral_axis : array-like of shape (n_channels,)
        The axis wanted, strictly increasing, in the unit of the files.
    outside : {"raise", "edge"}, default="raise"
        What happens to a spectrum that ends more than half of its channel width before
        `spectral_axis` does: an error, or its first or last value repeated. Many published
        spectra are a few eV short. A spectrum without any overlap is always an error.

    Returns
    -------
    X : ndarray of shape (n_spectra, n_channels), float32 or float64
        The spectra, in the order of `paths`; of an image row by row. float32 if all files hold
        float32 or short integers.
    names : ndarray of shape (n_spectra,) of str
        A single spectrum is called after its file, without the ending: ``"MnO"``; one of several
        has its position behind that, in numpy's order: ``"scan[3]"``, ``"image[row, column]"``;
        one of a table has its name there. A name that came before gets a number: ``"MnO (2)"``.

    Raises
    ------
    FileNotFoundError, IsADirectoryError
        If a path leads nowhere, or to a folder.
    ValueError
        If a file cannot be read or is cut short, holds no or several sets of spectra, holds NaN
        or text in place of numbers, does not reach `spectral_axis`, or has another unit than a
        file before it (text without a unit is taken as it is). The message names the file.
    ImportError
        If HyperSpy is needed and not installed.

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
    if outside not in ("raise", "edge"):
        raise ValueError(f"outside must be 'raise' or 'edge', got {outside!r}.")
    resampled, names, units = [], [], {}
    for path in _check_paths(paths):
        for spectra in _read_file(path):
            _check_unit(spectra, units)
            resampled.append(_resample(spectra, spectral_axis, outside))
            names += spectra.names
    return np.concatenate(resampled), np.array(list(_make_unique(names)))


def _check_paths(paths):
    if isinstance(paths, (str, os.PathLike)):
        paths = [paths]
    paths = [Path(path) for path in paths]
    if not paths:
        raise ValueError("paths is empty; give at least one file.")
    for path in paths:
        if not path.exists():
            raise FileNotFoundError(f"There is no file {path}.")
        if path.is_dir() and path.suffix != ".zspy":
            raise IsADirectoryError(
                f"{path} is a folder; give the files in it, such as {path / '*.dm3'} in a shell or "
                f"sorted(Path({str(path)!r}).glob('*.dm3')) in Python."
            )
    return paths


def _read_file(path):
    if path.suffix.lower() in _TEXT_ENDINGS:
        return _read_text_file(path)
    return [_read_hyperspy_file(path)]


def _read_text_file(path):
    spectra, unit = read_text(path)
    return [
        _Spectra(
            str(path) if name is None else f"{path}, spectrum {name!r}",
            [path.stem if name is None else name],
            intensities[np.newaxis],
            energies,
            unit,
        )
        for name, (energies, intensities) in spectra.items()
    ]


def _read_hyperspy_file(path):
    signal = _load_signal(path)
    _check_complete(path, signal)
    with _naming(path):
        rows, axis, shape = to_matrix(signal)
    names = [path.stem + (str(list(index)) if index else "") for index in np.ndindex(shape)]
    return _Spectra(str(path), names, rows, axis, _unit(signal))


def _load_signal(path):
    """Return the one signal of spectra in a file that HyperSpy reads."""
    hs = import_hyperspy()
    _check_ending(path)
    try:
        with quiet_hyperspy():
            loaded = hs.load(path, signal_type="")
    except (ImportError, MemoryError, PermissionError):
        raise
    except Exception as error:
        raise ValueError(
            f"{path} cannot be read as a {path.suffix} file ({type(error).__name__}: {error}). It "
            "may be cut short, or have the wrong ending."
        ) from error
    signals = loaded if isinstance(loaded, list) else [loaded]
    spectra = [signal for signal in signals if signal.axes_manager.signal_dimension == 1]
    if len(spectra) != 1:
        raise ValueError(
            f"{path} holds {len(spectra)} signals of spectra, wanted is one. It holds: "
            f"{', '.join(map(repr, signals)) or 'nothing'}. Load it with hyperspy.api.load and "
            "save the one that you want by itself, with its energy axis as the signal axis."
        )
    return spectra[0]


def _check_ending(path):
    from rsciio import IO_PLUGINS

    endings = {ending.lower() for plugin in IO_PLUGINS for ending in plugin["file_extensions"]}
    if path.suffix.lower().removeprefix(".") not in endings:
        raise ValueError(
            f"{path} cannot be read: HyperSpy has no format with the ending {path.suffix!r}, and "
            f"text must end in one of {', '.join(_TEXT_ENDINGS)}."
        )


def _check_complete(path, signal):
    """Compare with the header of an .msa file, whose reader takes as many numbers as there are."""
    n_channels = signal.axes_manager.signal_axes[0].size
    is_msa = path.suffix.lower() in _MSA_ENDINGS
    promised = signal.original_metadata.get_item("NPOINTS", 1) if is_msa else 1
    if n_channels < promised:
        raise ValueError(
            f"{path} is cut short: it holds {n_channels} channels and should hold {promised:g}."
        )


def _unit(signal):
    """Return the unit of the signal axis, or None; some formats spell a missing one out."""
    unit = str(signal.axes_manager.signal_axes[0].units or "").strip()
    return None if unit in ("", "None", "<undefined>") else unit


def _check_unit(spectra, seen):
    """Remember in `seen` where a unit was met first; a second unit is an error."""
    if spectra.unit:
        seen.setdefault(spectra.unit.casefold(), f"{spectra.where} is in {spectra.unit}")
    if len(seen) > 1:
        first, other = seen.values()
        raise ValueError(
            f"The files have different units of energy: {first}, {other}. Convert one, or read "
            "each with an axis in its own unit."
        )


def _resample(spectra, spectral_axis, outside):
    rows, axis = spectra.rows, spectra.axis
    if rows.dtype.kind not in "biuf" or not np.isfinite(rows).all():
        raise ValueError(
            f"{spectra.where}: the intensities are not all finite numbers (dtype {rows.dtype}). "
            "Remove or replace the channels that are NaN or infinite."
        )
    if axis.size < 2:
        raise ValueError(f"{spectra.where} holds a single energy, wanted are at least two.")
    if axis[0] > spectral_axis[-1] or axis[-1] < spectral_axis[0]:
        covered = f"{axis[0]:g} to {axis[-1]:g} {spectra.unit or ''}".rstrip()
        raise ValueError(
            f"{spectra.where} covers {covered}, none of the axis wanted, {spectral_axis[0]:g} to "
            f"{spectral_axis[-1]:g}. Is it in another unit, or another part of the spectrum?"
        )
    rows = rows.astype(np.result_type(rows, np.float32), copy=False)
    with _naming(spectra.where):
        return resample_rows(rows, axis, spectral_axis, outside=outside)


@contextlib.contextmanager
def _naming(where):
    """Say in a ValueError where it comes from."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from error


def _make_unique(names):
    """Names with a number behind each that came before."""
    seen = set()
    for name in names:
        numbered = (f"{name} ({number})" for number in itertools.count(2))
        unique = next(each for each in itertools.chain([name], numbered) if each not in seen)
        seen.add(unique)
        yield unique
