"""Spectra of known valence in folders and tables."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from skspectra._numerics.axis import dispersion
from skspectra._numerics.interpolation import resample_rows
from skspectra.io._files import spectra_in_files

__all__ = ["Labelled", "on_one_axis", "read_labelled", "valences_in_table"]


class Labelled(NamedTuple):
    """Spectra of known valence on one axis.

    Parameters
    ----------
    rows : ndarray of shape (n_spectra, n_channels)
        The spectra.
    axis : ndarray of shape (n_channels,)
        In eV.
    labels : ndarray of shape (n_spectra,) of str
        Their valences, such as "Mn2+", or "unknown".
    names : ndarray of shape (n_spectra,) of str
        Their names.
    group : str
        What was measured together: the file, or the spectrum of a table.
    """

    rows: np.ndarray
    axis: np.ndarray
    labels: np.ndarray
    names: np.ndarray
    group: str


def read_labelled(paths):
    """Read spectra of known valence.

    Parameters
    ----------
    paths : sequence of Path
        Folders, whose names are the labels of all files in them, and .csv tables with the columns
        spectrum and valence; spectra without a valence there are left out.

    Returns
    -------
    found : list of Labelled

    Raises
    ------
    OSError, ValueError
        If a path leads nowhere, a folder is empty, or a table has no such columns.
    """
    found = []
    for path in paths:
        found += _read_folder(path) if path.is_dir() else _read_table(path)
    return found


def on_one_axis(found):
    """Put spectra on the axis that all of them cover, in channels of the finest.

    Returns
    -------
    X : ndarray of shape (n_spectra, n_channels)
    y : ndarray of shape (n_spectra,) of str
    groups : ndarray of shape (n_spectra,) of str
    axis : ndarray of shape (n_channels,)
    """
    start = max(each.axis[0] for each in found)
    stop = min(each.axis[-1] for each in found)
    step = min(dispersion(each.axis) for each in found)
    if stop - start < 2 * step:
        raise ValueError("The spectra have no energies in common; leave out those of other edges.")
    axis = start + step * np.arange(int((stop - start) / step + 1e-6) + 1)
    X = np.concatenate([resample_rows(each.rows, each.axis, axis) for each in found])
    y = np.concatenate([each.labels for each in found])
    groups = np.concatenate([np.full(len(each.labels), each.group) for each in found])
    return X, y, groups, axis


def _read_folder(folder):
    files = sorted(path for path in folder.iterdir() if path.is_file() and path.name[0] != ".")
    if not files:
        raise ValueError(f"There are no files in the folder {folder}.")
    return [
        Labelled(
            spectra.rows.astype(float),
            spectra.axis,
            np.full(len(spectra.names), folder.name),
            np.array(spectra.names),
            f"{folder.name}/{spectra.names[0].partition('[')[0]}",
        )
        for spectra in spectra_in_files(files)
    ]


def valences_in_table(path):
    """Valence by name of spectrum, or None if a file is no .csv table with these two columns."""
    columns = {"spectrum", "valence"}
    if path.suffix.lower() != ".csv" or not columns <= set(pd.read_csv(path, nrows=0)):
        return None
    table = pd.read_csv(path, usecols=list(columns), dtype=str)
    return table.groupby("spectrum")["valence"].first().dropna().to_dict()


def _read_table(path):
    labels = valences_in_table(path)
    if labels is None:
        raise ValueError(
            f"{path} is neither a folder, whose name is a valence, nor a .csv table with the "
            "columns spectrum and valence."
        )
    found = []
    for spectra in spectra_in_files([path]):
        known = [name for name in spectra.names if name in labels]
        rows = spectra.rows[[spectra.names.index(name) for name in known]].astype(float)
        for name, row in zip(known, rows, strict=True):
            label, names = np.array([labels[name]]), np.array([name])
            found.append(Labelled(row[None], spectra.axis, label, names, f"{path.stem}/{name}"))
    return found
