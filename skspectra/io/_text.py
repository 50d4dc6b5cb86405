"""Spectra in text files: in columns, in rows, and in long tables with columns of names."""

import io
import re

import numpy as np

from skspectra._input.files import printable
from skspectra._input.foreign import advice_on
from skspectra._numerics.axis import is_uniform
from skspectra.io._columns import find_columns
from skspectra.io._layout import decode, find_table, find_titles, split, without_comments
from skspectra.io._numbers import BadNumber, is_number, sample_decimal, to_numbers, without_spaces
from skspectra.io._points import Repeated, spectra_of_points
from skspectra.io._rows import spectra_in_rows
from skspectra.io._spectra import naming

__all__ = ["read_text"]

_FEWEST_COUNTED = 8  # numbers in equal steps are no spectrum
_SAMPLE = 10_000  # characters in which a decimal comma shows


def read_text(path, name, *, unit="eV", columns=None, decimal=None):
    """Read the spectra of a text file.

    Parameters
    ----------
    path : Path
        The file. `skspectra.io.read_spectra` documents what it may hold.
    name : str
        What a single spectrum is called.
    unit : str, default="eV"
        Unit that is wanted; columns of other quantities are no energy.
    columns : sequence of int or str, default=None
        The energy and the spectra, where the titles do not tell them.
    decimal : {".", ","}, default=None
        The decimal mark, where the numbers do not tell it.

    Returns
    -------
    spectra : list of Spectra

    Raises
    ------
    ValueError
        If the file is not such a text; the message names it.
    """
    where = printable(path)
    with naming(where):
        text = decode(path)
        advice = advice_on(text[:64].encode())
        if advice:
            raise ValueError(f"This is no plain table.{advice}")
        table = _Table(text, find_table(text), decimal)
        titles, label = find_titles(table.place, table.width)
        if titles is None and table.names_rows():
            shorter, _ = find_titles(table.place, table.width - 1)
            titles = shorter and ["", *shorter]
        if {"valence", "mean_valence", "novelty"} <= {*(titles or ())}:
            raise ValueError("This is a table of answers, as skspectra classify writes it.")
        in_rows = None if columns else spectra_in_rows(table, titles, where=where, name=name)
    if in_rows:
        return [in_rows]
    numeric = [table.looks_numeric(i) for i in range(table.width)]
    try:
        found = find_columns(titles, numeric, unit, columns)
    except ValueError as error:
        raise ValueError(f"{where} {error}") from None
    with naming(where):
        energies, *values = table.numbers([found.energy, *found.intensities])
        if titles is None:
            _check_order(energies, values[0])
        groups = table.groups([(titles[i], i) for i in found.names])
    several = [titles[i].strip() if titles else str(i) for i in found.intensities]
    if not columns and len(several) > 1:
        _check_counters(several, values, where)
    try:
        return spectra_of_points(
            energies,
            np.array(values),
            label=label if titles is None else titles[found.energy],
            groups=groups,
            titles=several if len(several) > 1 else None,
            where=where,
            name=name,
        )
    except Repeated as error:
        texts = [repr(titles[i]) for i in range(table.width) if titles and not numeric[i]]
        listed = " or ".join(texts)
        hint = f" If {listed} tells the spectra apart, give that column the title 'spectrum'."
        raise ValueError(f"{error}{hint if texts else ''}") from None


class _Table:
    """The fields below the titles of a text, as numbers where they all are."""

    def __init__(self, text, place, decimal):
        self.place = place
        self.decimal = decimal
        self.body = without_comments(text[place.offset :])
        if place.delimiter:
            self.body = without_spaces(self.body)
        sampled = "." if place.delimiter == "," else sample_decimal(self.body[:_SAMPLE])
        self.frame = self._read(decimal=decimal or sampled)
        self.is_number = [dtype.kind in "iuf" for dtype in self.frame.dtypes]
        self.width = self.frame.shape[1]
        if not any(self.is_number):  # lines of nothing but delimiters are empty
            self.frame = self.frame.loc[~(self.frame == "").all(axis=1)]
        while self.width > 2 and (self.frame[self.width - 1] == "").all():
            self.width -= 1

    def _read(self, **options):
        import pandas as pd

        try:
            return pd.read_csv(
                io.BytesIO(self.body.encode()),
                sep=self.place.delimiter or r"\s+",
                header=None,
                na_filter=False,
                skipinitialspace=f"{self.place.delimiter} " in self.body,  # else it costs time
                low_memory=False,
                **options,
            )
        except ValueError as error:
            uneven = re.search(r"Expected (\d+) fields in line (\d+), saw (\d+)", str(error))
            if not uneven:
                raise ValueError(f"The table cannot be read ({error}).") from error
            expected, line, saw = map(int, uneven.groups())
            text = self.body.split("\n")[line - 1]
            raise self._uneven(self.place.line + line, text, saw, expected) from None

    def names_rows(self):
        """Whether the first column names or counts the rows, as R writes it without a title."""
        if self.width < 3 or not self.is_number[0]:
            return self.width > 2
        counts = bool((self.frame[0] == np.arange(1, len(self.frame) + 1)).all())
        others = [self.frame[i] for i in range(1, self.width) if self.is_number[i]]
        return counts and any((np.diff(each) > 0).all() for each in others)  # else it is the energy

    def looks_numeric(self, column):
        return self.is_number[column] or is_number(str(self.frame[column].iloc[0]))

    def numbers(self, columns):
        """Columns as numbers, with one decimal mark for all of them."""
        if all(self.is_number[column] for column in columns):
            return self.frame[columns].to_numpy(dtype=np.float64).T
        texts = self._read(dtype=str).loc[self.frame.index]
        try:
            return to_numbers([texts[column].tolist() for column in columns], self.decimal)
        except BadNumber as bad:
            raise self._bad_field(bad.row, bad.text) from None

    def groups(self, titled):
        """Name of each row by number, from columns of names, and the names; or None.

        None is returned where there are no such columns, and where they tell all rows apart.
        """
        import pandas as pd

        codes, names = np.zeros(len(self.frame), dtype=np.int64), [""]
        for title, column in titled:
            values = self.frame[column]
            if values.dtype.kind == "f":  # "1.1" and "1.10" are two names
                values = self._read(dtype={column: str}).loc[self.frame.index, column]
            numbers, found = pd.factorize(values)
            found = [str(name).strip() for name in found]
            if "" in found:
                line = self.line(int(np.argmax(numbers == found.index(""))))[0]
                raise ValueError(f"line {line}: the column {title!r} is empty.")
            codes, both = pd.factorize(codes * len(found) + numbers)
            pairs = [divmod(each, len(found)) for each in both]
            names = [f"{names[i]}, {found[j]}" if names[i] else found[j] for i, j in pairs]
        again, names = pd.factorize(np.array(names, dtype=object))
        return (again[codes], list(names)) if 0 < len(names) < len(codes) and titled else None

    def line(self, row):
        """Return the number and the text of the line of a row."""
        lines = [item for item in enumerate(self.body.split("\n"), 1) if item[1].strip(" ")]
        number, line = lines[self.frame.index[row]]
        return self.place.line + number, line

    def _bad_field(self, row, text):
        number, line = self.line(row)
        n_fields = len(split(line, self.place.delimiter))
        if n_fields < self.width:
            return self._uneven(number, line, n_fields, self.width)
        if not text.strip():
            return ValueError(f"line {number}: a field is empty where a number is wanted.")
        return ValueError(
            f"line {number}: {text!r} is not a number. Lines that are no data must start with '#'."
        )

    @staticmethod
    def _uneven(number, text, n_fields, width):
        return ValueError(
            f"line {number}, {text.strip()[:80]!r}, has {n_fields} field(s), the lines before have "
            f"{width}. Is the file cut short? Lines that are no data must start with '#'."
        )


def _check_counters(titles, values, where):
    """Refuse a column between spectra whose numbers are apart by one step, as no spectrum is."""
    for title, column in zip(titles, values, strict=True):
        if column.size < _FEWEST_COUNTED or column[0] == column[1]:
            continue
        if is_uniform(column[:_FEWEST_COUNTED]) and is_uniform(column):
            raise ValueError(
                f"{where}: the column {title!r} goes from {column[0]:g} to {column[-1]:g} in equal "
                "steps and is no spectrum. Choose the energy and the spectra by title or number, "
                "as in columns=('energy_eV', 'MnO', 'Mn2O3')."
            )


def _check_order(energies, values):
    """Refuse columns below their numbers, and two of which rather the second is an energy."""
    steps, other_steps = np.diff(energies), np.diff(values)
    is_far = steps.size > 1 and abs(steps[0]) > 3 * np.median(np.abs(steps))
    if (energies[0], values[0]) == (0, 1) and is_far:
        raise ValueError(
            "the first line may be the numbers of the columns, 0 and 1. Write titles such as "
            "'energy_eV' and 'counts' in its place, or delete it."
        )
    is_energy = (steps > 0).all() or (steps < 0).all()
    if steps.size > 1 and not is_energy and ((other_steps > 0).all() or (other_steps < 0).all()):
        raise ValueError(
            "the second column runs in one direction, the first does not. If the second is the "
            "energy, say so by columns=(1, 0), else by columns=(0, 1)."
        )
