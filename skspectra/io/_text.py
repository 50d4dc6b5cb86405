"""Spectra in text files: two columns, or long tables with a column of names."""

import csv
import re

import numpy as np

__all__ = ["read_text"]

_UNIT = re.compile(r"(?<![a-z])[mk]?ev(?![a-z])", re.IGNORECASE)
_INTENSITY = re.compile(r"(intensity|counts).*")
_ENERGY = re.compile(rf"(?!{_INTENSITY.pattern}).*(energy|loss|{_UNIT.pattern}).*")
_NAME = re.compile(r"spectrum|name")


def read_text(path):
    """Read the spectra of a text file.

    Parameters
    ----------
    path : Path
        The file. `skspectra.io.read_spectra` documents what it may hold.

    Returns
    -------
    spectra : dict of {str or None: ndarray of shape (2, n_points)}
        Increasing energies and the intensity at each, by name of the spectrum; None is the name
        where the file has no column of names.
    unit : str or None
        The unit of energy that the header gives.

    Raises
    ------
    ValueError
        If the file is not such a text; the message names it.
    """
    header, rows = _split_header(_read_rows(path), path)
    width = len(rows[0][1])
    name, energy, intensity = _find_columns(header, width, path)
    points = {}
    for number, fields in rows:
        point = [_number(fields[column], number, path) for column in (energy, intensity)]
        key = None if name is None else fields[name].strip()
        if key == "":
            raise ValueError(f"{path}, line {number}: the column {header[name]!r} is empty.")
        points.setdefault(key, []).append(point)
    spectra = {key: _sorted_spectrum(value, key, path) for key, value in points.items()}
    unit = _UNIT.search(header[energy] if len(header) == width else " ".join(header))
    return spectra, unit and unit[0]


def _read_rows(path):
    """Line numbers and fields of all lines that are neither blank nor comments."""
    lines = [
        (number, line)
        for number, line in enumerate(_decode(path).splitlines(), start=1)
        if line.strip() and not line.lstrip().startswith("#")
    ]
    if not lines:
        raise ValueError(f"{path} is empty: it holds no line that is not a comment.")
    first_lines = [line for _, line in lines[:2]]
    delimiter = next((mark for mark in ";\t," if all(mark in line for line in first_lines)), None)
    return [(number, _split(line, delimiter)) for number, line in lines]


def _decode(path):
    content = path.read_bytes()
    if b"\0" in content:
        raise ValueError(
            f"{path} is not text: it holds binary data. If it was written by a microscope, give it "
            "the file name ending of its format."
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _split(line, delimiter):
    if delimiter is None:
        return line.split()
    return next(csv.reader([line.strip(" ")], delimiter=delimiter, skipinitialspace=True))


def _split_header(rows, path):
    """Fields of the header, which holds no number, and the rows after it."""
    header = []
    if not any(_is_number(field) for field in rows[0][1]):
        (_, header), *rows = rows
    if not rows:
        raise ValueError(f"{path} holds a header and no numbers.")
    width = len(rows[0][1])
    for number, fields in rows:
        if len(fields) != width:
            raise ValueError(
                f"{path}, line {number}: {len(fields)} columns where the lines before have "
                f"{width}. Is the file cut short?"
            )
    return header, rows


def _find_columns(header, width, path):
    """Columns of name (None without one), energy and intensity."""
    titles = [field.strip().casefold() for field in header]
    named = len(titles) == width
    energy = _first_match(_ENERGY, titles) if named else None
    if energy is None and width == 2:
        return None, 0, 1
    if energy is not None:
        name = _first_match(_NAME, titles) if width > 2 else None
        rest = [column for column in range(width) if column not in (name, energy)]
        intensity = _first_match(_INTENSITY, titles)
        if intensity is None and len(rest) == 1:
            intensity = rest[0]
        if intensity is not None:
            return name, energy, intensity
    raise ValueError(
        f"{path} has {width} columns, {'named ' + ', '.join(header) if header else 'unnamed'}. "
        "Wanted are two columns, energy and intensity; or a header that names a column of energy "
        "('energy_eV'), one of 'intensity' and, for several spectra, one called 'spectrum'."
    )


def _first_match(pattern, titles):
    return next((i for i, title in enumerate(titles) if pattern.fullmatch(title)), None)


def _to_float(field):
    return float(field.replace(",", "."))


def _is_number(field):
    try:
        _to_float(field)
    except ValueError:
        return False
    return True


def _number(field, number, path):
    try:
        return _to_float(field)
    except ValueError:
        raise ValueError(
            f"{path}, line {number}: {field!r} is not a number. Lines that are no data must start "
            "with '#'."
        ) from None


def _sorted_spectrum(points, name, path):
    """Points in order of energy, with the mean intensity where an energy is repeated."""
    energies, intensities = np.array(points).T
    if not np.isfinite(energies).all():
        where = path if name is None else f"{path}, spectrum {name!r}"
        raise ValueError(f"{where}: an energy is NaN or infinite. Remove that line.")
    energies, group = np.unique(energies, return_inverse=True)
    return np.stack([energies, np.bincount(group, intensities) / np.bincount(group)])
