"""Tables in which each row is a spectrum, below a row of energies."""

import re

import numpy as np

from skspectra.io._columns import is_energy, is_name
from skspectra.io._layout import split
from skspectra.io._numbers import is_number, to_numbers
from skspectra.io._spectra import Spectra
from skspectra.io._units import quantity_of

__all__ = ["spectra_in_rows"]

_FEWEST = 3  # energies that make a first row an axis
_INSIDE = re.compile(r"-?\d+(?:[.,]\d+)?")


def spectra_in_rows(table, titles, *, where, name):
    """Read the spectra of a table such as a data frame with energies as column names is saved as.

    Parameters
    ----------
    table : _Table of `skspectra.io._text`
        The fields of the file.
    titles : list of str or None
        Titles of its columns. Without titles the first row of the table holds the energies.
    where : str
        The file, for messages.
    name : str
        Name of a single spectrum.

    Returns
    -------
    spectra : Spectra or None
        None if the titles are no energies, or if the first column rather is the energies.

    Raises
    ------
    ValueError
        If both may be the energies, or if the title beside the energies holds one more.
    """
    if table.width < _FEWEST:
        return None
    header = (titles or split(table.line(0)[1], table.place.delimiter))[: table.width]
    numbered = [i for i, title in enumerate(header) if _has_number(title)]
    if len(numbered) < _FEWEST or numbered[-1] - numbered[0] >= len(numbered):
        return None
    axis = to_numbers([[header[i] for i in numbered]], table.decimal)[0]
    below = table.frame if titles else table.frame.iloc[1:]
    labels = below.drop(columns=numbered)
    values = np.array(table.numbers(numbered)).T
    rows = values if titles else values[1:]
    before = labels.iloc[:, : numbered[0]]
    if not len(rows) or _has_energies(header, before):
        return None
    if before.shape[1]:
        is_axis = _runs_one_way(axis)
        named = any(map(is_name, header[: numbered[0]]))
        if is_axis and not named and all(_may_be_energies(each) for _, each in before.items()):
            if titles:
                return None
            raise ValueError(
                "the first row and the first column may both be the energies. Give the first "
                "column the title 'energy_eV' if it is, else 'sample'."
            )
    else:
        is_axis = _is_regular(axis) and not _is_regular(rows[:, 0])
    if not is_axis:
        return None
    _refuse_hidden_energies(header, numbered, axis)
    order = slice(None) if axis[0] < axis[1] else slice(None, None, -1)
    label = _label_of_axis(header[0], before.iloc[:, 0].astype(str)) if before.shape[1] else ""
    names = _names(labels, len(rows), name)
    return Spectra(where, names, rows[:, order], axis[order], label)


def _refuse_hidden_energies(header, numbered, axis):
    """Refuse a title with the energy before or after those found, as "E = [640" and "660];"."""
    for position, energy, step in (
        (numbered[0] - 1, axis[0], axis[0] - axis[1]),
        (numbered[-1] + 1, axis[-1], axis[-1] - axis[-2]),
    ):
        title = header[position] if 0 <= position < len(header) else ""
        inside = [float(found.replace(",", ".")) for found in _INSIDE.findall(title)]
        if any(abs(number - energy - step) < abs(step) / 2 for number in inside):
            raise ValueError(
                f"{title!r} beside the energies {axis[0]:g} to {axis[-1]:g} seems to hold one more "
                "of them. Write numbers alone, without names, brackets or marks around them."
            )


def _has_energies(header, labels):
    """Whether a column before the numbers is called the energy, and does not name the rows."""
    return any(
        is_energy(title) and _numbers(labels[i]) is not None
        for i, title in enumerate(header[: labels.shape[1]])
    )


def _label_of_axis(title, labels):
    """Title above the labels, unless it is theirs, as that of a column of temperatures is."""
    if quantity_of(title) in ("time", "angle", "temperature") and all(map(is_number, labels)):
        return ""
    return title


def _has_number(title):
    return bool(title.strip()) and is_number(title)


def _runs_one_way(values):
    steps = np.diff(values)
    return bool((steps > 0).all() or (steps < 0).all())


def _is_regular(values):
    """Whether values stand apart by the same step, as those of an axis of energies do."""
    steps = np.diff(values)
    return steps.size >= _FEWEST and bool(np.ptp(steps) < 0.01 * abs(steps.mean()))


def _may_be_energies(column):
    """Whether a first column runs in one direction and does not just count the rows."""
    values = _numbers(column)
    return values is not None and len(values) > 1 and _runs_one_way(values)


def _numbers(column):
    """Values of a column, or None if they are no numbers or just count the rows."""
    try:
        values = np.array(column, dtype=np.float64)
    except ValueError:
        return None
    counted = np.arange(len(values))
    return None if any(np.array_equal(values, counted + first) for first in (0, 1)) else values


def _names(labels, n_rows, name):
    texts = [", ".join(str(text).strip() for text in row) for row in labels.to_numpy()]
    if all(texts) and len(set(texts)) == n_rows and labels.shape[1]:
        return texts
    return [name] if n_rows == 1 else [f"{name}[{i}]" for i in range(n_rows)]
