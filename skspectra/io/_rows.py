"""Tables in which each row is a spectrum, below a row of energies."""

import numpy as np

from skspectra.io._layout import split
from skspectra.io._numbers import is_number, to_numbers
from skspectra.io._spectra import Spectra

__all__ = ["spectra_in_rows"]

_FEWEST = 3  # energies that make a first row an axis


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
    """
    if table.width < _FEWEST:
        return None
    header = titles or split(table.line(0)[1], table.place.delimiter)
    n_labels = next((i for i, title in enumerate(header) if _has_number(title)), len(header))
    energies = header[n_labels : table.width]
    if len(energies) < _FEWEST or not all(map(_has_number, energies)):
        return None
    axis = to_numbers([energies], table.decimal)[0]
    labels = table.frame.iloc[:, :n_labels]
    labels = labels if titles else labels.iloc[1:]
    values = np.array(table.numbers(list(range(n_labels, table.width)))).T
    rows = values if titles else values[1:]
    if n_labels:
        is_axis = _runs_one_way(axis) and not all(
            _may_be_energies(each) for _, each in labels.items()
        )
    else:
        is_axis = _is_regular(axis) and not _is_regular(rows[:, 0])
    if not len(rows) or not is_axis:
        return None
    order = slice(None) if axis[0] < axis[1] else slice(None, None, -1)
    label = header[0] if n_labels else ""
    names = _names(labels, len(rows), name)
    return Spectra(where, names, rows[:, order], axis[order], label)


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
    try:
        values = np.array(column, dtype=np.float64)
    except ValueError:
        return False
    return (
        len(values) > 1
        and _runs_one_way(values)
        and not np.array_equal(values, np.arange(len(values)))
    )


def _names(labels, n_rows, name):
    texts = [", ".join(str(text).strip() for text in row) for row in labels.to_numpy()]
    if all(texts) and len(set(texts)) == n_rows and labels.shape[1]:
        return texts
    return [name] if n_rows == 1 else [f"{name}[{i}]" for i in range(n_rows)]
