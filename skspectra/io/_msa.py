"""Spectra in the EMSA/MAS standard file format (ISO 22029), .msa."""

import contextlib
import itertools
import re

import numpy as np

from skspectra.io._layout import decode

__all__ = ["read_msa"]

_LINE_ENDS_OF_PYTHON = re.compile("[\v\f\x1c-\x1e\x85\u2028\u2029]")
_KEYWORD = re.compile(r"^[ \t]*#[ \t]*(\w+)([^:\n]*):[ \t]*", re.MULTILINE)
_TOLD_ONCE = ("NPOINTS", "DATATYPE", "XUNITS", "XPERCHAN", "OFFSET", "CHOFFSET")
_DECIMAL_COMMA = re.compile(r"^([+-]?(?:0|\d+(?!,\d{3}$))),(\d+)$")  # 1,234 may be thousands


def read_msa(path):
    """Read a file as RosettaSciIO does, and compare what it says twice.

    RosettaSciIO reads the header. The numbers are read here: their decimal mark may be a comma, and
    the energies of a file of energies and intensities are compared with its header.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    signal : dict
        As readers of RosettaSciIO give it.

    Raises
    ------
    ValueError
        If there are not as many channels as the header tells, if a number is none, if it cannot be
        told whether commas are decimal marks, or if energies contradict the header.
    """
    from rsciio.msa._api import parse_msa_string

    text = _LINE_ENDS_OF_PYTHON.sub(" ", decode(path))
    text = _KEYWORD.sub(lambda line: f"#{line[1].upper()}{line[2]}: ", text)
    starts = list(re.finditer(r"^#\s*SPECTRUM\b.*$", text, re.MULTILINE | re.IGNORECASE))
    if len(starts) != 1:
        raise ValueError(
            f"there are {len(starts)} lines #SPECTRUM, wanted is one. Put each spectrum in a file"
            if starts
            else "there is no line #SPECTRUM before the numbers"
        )
    found = starts[0]
    header = [line for line in text[: found.end()].split("\n") if line.strip()]
    _refuse_two_values(header)
    (signal,) = parse_msa_string("\n".join(header))
    given = {re.match(r"\w*", key)[0]: value for key, value in signal["original_metadata"].items()}
    lines = [line for line in text[found.end() :].split("\n") if line.strip()]
    lines = [line for line in lines if not line.lstrip().startswith("#")]
    n_points = _number(given, "NPOINTS")
    kind = str(given.get("DATATYPE")).strip().upper()
    if kind not in ("Y", "XY"):
        raise ValueError(f"DATATYPE is {kind!r}, wanted is Y or XY")
    has_energies = kind == "XY"
    values = _values(lines, None if n_points is None else n_points * (1 + has_energies))
    if has_energies and values.size % 2:
        raise ValueError("the number of energies is not that of intensities; it may be cut short")
    n_found = values.size // (1 + has_energies)
    if n_points is None and "#ENDOFDATA" not in text[found.end() :]:
        raise ValueError("it may be cut short: there is neither NPOINTS nor #ENDOFDATA")
    if n_points is not None and n_found < n_points:
        raise ValueError(f"it is cut short: it holds {n_found} channels and promises {n_points:g}")
    if n_points is not None and n_found > n_points:
        raise ValueError(f"it holds {n_found} channels and promises {n_points:g}")
    (axis,) = signal["axes"]
    step, offset = _number(given, "XPERCHAN"), _number(given, "OFFSET")
    _compare_zero(_number(given, "CHOFFSET"), offset, step)
    if has_energies:
        energies, values = values[::2], values[1::2]
        _compare(energies, offset, step)
        axis["axis"] = energies
    elif step is None or offset is None:
        raise ValueError("XPERCHAN or OFFSET is missing, and there are no energies")
    elif step and values.size > 2 and _are_energies(values[::2], offset, step):
        raise ValueError("every other number is an energy, so DATATYPE must be XY, but is Y")
    signal["data"] = values
    axis |= {"size": values.size, "scale": step, "offset": offset}
    return signal


def _refuse_two_values(header):
    """Refuse an entry of the axis or the data that the header gives two values."""
    given = {}
    for line in header:
        entry = _KEYWORD.match(line)
        if entry and entry[1] in _TOLD_ONCE:
            value = line[entry.end() :].strip()
            if given.setdefault(entry[1], value) != value:
                raise ValueError(f"{entry[1]} is {given[entry[1]]!r} and {value!r} in one header")


def _number(header, key):
    """Header entry as a number, with a point or a comma, or None where it is missing or empty."""
    text = str(header.get(key, "")).strip()
    if text in ("", "None"):
        return None
    try:
        return float(_DECIMAL_COMMA.sub(r"\1.\2", text))
    except ValueError:
        raise ValueError(f"{key} is {text!r}, wanted is a number") from None


def _values(lines, n_wanted):
    """All numbers; a comma between digits is the decimal mark if that gives as many as wanted."""
    spaced = [line.replace(",", " ") for line in lines]
    if not any(re.search(r"\d,\d", line) for line in lines):
        return _numbers(spaced)
    points = [re.sub(r",(?=\s|$)", " ", line).replace(",", ".") for line in lines]
    ways = {}
    for way in (spaced, points):
        with contextlib.suppress(ValueError):
            values = _numbers(way)
            ways[values.size] = values
    if n_wanted in ways:
        return ways[n_wanted]
    if n_wanted is None and any("." in line for line in lines):
        return _numbers(spaced)
    raise ValueError(
        "commas may be decimal marks or stand between numbers: there are "
        f"{' or '.join(map(str, ways)) or 'no'} numbers, and the header promises "
        f"{'none' if n_wanted is None else format(n_wanted, 'g')}"
    )


def _numbers(lines):
    """Numbers of lines that hold equally many, but for the last."""
    fields = [line.split() for line in lines]
    for before, after in itertools.pairwise(fields):
        if len(after) > len(before) or (len(after) < len(before) and after is not fields[-1]):
            raise ValueError(f"a line holds {len(after)} numbers, the one before {len(before)}")
    return np.array(list(itertools.chain.from_iterable(fields)), dtype=np.float64)


def _compare_zero(channel, offset, step):
    """Refuse a channel of zero energy that is not that of the energies, by more than a channel."""
    if channel and step and offset is not None and abs(offset + channel * step) > abs(step):
        raise ValueError(
            f"CHOFFSET has channel {channel:g} at zero, but OFFSET and XPERCHAN channel "
            f"{-offset / step:g}. Correct the header, or leave CHOFFSET out"
        )


def _are_energies(values, offset, step):
    expected = offset + step * np.arange(values.size)
    return bool(np.all(np.abs(values - expected) <= abs(step) / 2))


def _compare(energies, offset, step):
    """Refuse energies that are not those of the header, by more than half a channel."""
    if step and offset is not None and not _are_energies(energies, offset, step):
        expected = offset + step * np.arange(energies.size)
        at = int(np.argmax(np.abs(energies - expected)))
        raise ValueError(
            f"energy {at + 1} is {energies[at]:g}, but OFFSET and XPERCHAN make it "
            f"{expected[at]:g}. Correct the header or the energies"
        )
