"""Name the valence in measured spectra with the readers that come with the package."""

import numpy as np
import pandas as pd

from skspectra.cli._readers import choose_reader
from skspectra.imaging._defects import repaired_with_counts
from skspectra.io._files import spectra_in_files

__all__ = ["classify_files", "printed", "summary"]

_COLUMNS = (
    "spectrum",
    "element",
    "valence",
    "probability",
    "mean_valence",
    "lower",
    "upper",
    "shift_eV",
    "novelty",
    "warning",
)
_RENAMED = {"shift": "shift_eV", "reason": "warning"}  # of what a reader says
_DIGITS = {"probability": 4, "mean_valence": 3, "lower": 3, "upper": 3, "shift_eV": 1, "novelty": 3}
UNKNOWN = "unknown"
_MOST_PRINTED = 60  # spectra of a file


def classify_files(paths, *, element="auto", model=None, signal=None):
    """Read the valences in files of spectra.

    Parameters
    ----------
    paths : sequence of Path
        Files as `skspectra.io.read_spectra` reads them.
    element : str, default="auto"
        Whose L2,3 edge is read; "auto" looks for one in the sum of the spectra that lie together in
        a file.
    model : str, default=None
        File of a reader, or the name of one that comes with the package.
    signal : str, default=None
        Number or title of the signal, where a file holds several.

    Returns
    -------
    table : DataFrame
        One row per spectrum: its name (``spectrum``), the ``element``, its ``valence`` or
        "unknown", the ``probability`` of that, the ``mean_valence`` with its interval from
        ``lower`` to ``upper``, how far the edge lies off its nominal energy (``shift_eV``), the
        ``novelty`` (1 is the threshold), and a ``warning``: why it is unknown, else "".

    Raises
    ------
    OSError, ValueError
        If a file cannot be read.
    """
    signal = int(signal) if signal is not None and signal.isdecimal() else signal
    tables = [
        _classify(spectra, element, model) for spectra in spectra_in_files(paths, signal=signal)
    ]
    table = pd.concat(tables, ignore_index=True)
    return table[list(_COLUMNS)].round(_DIGITS)


def printed(table):
    """Table for the terminal; of an image or a long scan only a line for all of its spectra."""
    lines = []
    sets = table.groupby(table["spectrum"].str.replace(r"\[[\d, ]+\]$", "", regex=True), sort=False)
    shown = table[sets["spectrum"].transform("size") <= _MOST_PRINTED]
    if len(shown):
        lines.append(shown.to_string(index=False, na_rep=""))
    lines += [f"{name}: {summary(part)}" for name, part in sets if len(part) > _MOST_PRINTED]
    return "\n".join(lines)


def summary(table):
    """Count the valences and the reasons to name none, in one line."""
    named = table.loc[table["valence"] != UNKNOWN, "valence"].value_counts().sort_index()
    reasons = table.loc[table["valence"] == UNKNOWN, "warning"].value_counts()
    found = [f"{valence} {count}" for valence, count in named.items()]
    if len(reasons):
        why = ", ".join(f"{count} {reason}" for reason, count in reasons.items())
        found.append(f"{UNKNOWN} {reasons.sum()} ({why})")
    noun = "spectrum" if len(table) == 1 else "spectra"
    return f"{len(table)} {noun}: {', '.join(found)}"


def _classify(spectra, element, model):
    """Table of spectra on one axis."""
    is_whole = np.isfinite(spectra.rows).all(axis=1)
    empty = dict.fromkeys(_COLUMNS, np.nan) | {"element": "", "valence": UNKNOWN}
    table = pd.DataFrame(empty | {"warning": "NaN in the spectrum"}, index=range(len(is_whole)))
    table["spectrum"] = spectra.names
    if np.iscomplexobj(spectra.rows):
        raise ValueError(f"{spectra.where}: the spectra are complex numbers, wanted are counts.")
    rows = spectra.rows[is_whole].astype(float)
    if not len(rows):
        return table
    settings = {"element": element, "model": model}
    chosen = choose_reader(rows.sum(axis=0), spectra.axis, **settings)
    if chosen is None:  # a spike may hide the edges of a thousand spectra
        rows = repaired_with_counts(rows)[:, :-1]
        chosen = choose_reader(rows.sum(axis=0), spectra.axis, **settings)
    if chosen is None:
        table.loc[is_whole, "warning"] = "no edge that a reader knows"
        return table
    try:
        read = chosen.reader.read(rows, spectra.axis).rename(columns=_RENAMED)
        read["valence"] = read["valence"].astype(str)  # labels may be numbers
    except ValueError as error:
        raise ValueError(f"{spectra.where}: {error}") from error
    for column in _COLUMNS[2:]:
        table.loc[is_whole, column] = read[column].to_numpy()
    table.loc[is_whole, "element"] = chosen.element
    return table
