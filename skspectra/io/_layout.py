"""Where the table of a text begins, and the titles of its columns."""

import codecs
import csv
import itertools
import re
from typing import NamedTuple

from skspectra._input.foreign import advice_on
from skspectra.io._numbers import is_number, plain_numbers, without_spaces
from skspectra.io._units import is_unit

__all__ = ["decode", "find_table", "find_titles", "split", "without_comments"]

_ENCODINGS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_LAST_LINE = 10_000  # that may stand above a table
_MOST_COLUMNS = 20_000
_DECIMAL_COMMA = re.compile(r"[+-]?\d+(,\d+)?(e[+-]?\d+)?", re.IGNORECASE)
_COMMENT = re.compile(r"[ \t]*(?:[#%!*]|//).*")
_ENERGY = re.compile(r"(?<![^\W_])(energy|energie|loss|[mk]?ev)(?![^\W_])", re.IGNORECASE)


class Place(NamedTuple):
    """Where a table begins: characters and lines before it, its delimiter, what stands above."""

    offset: int
    line: int
    delimiter: str | None  # None is any space
    above: list  # numbers and texts of the lines before that are no comments
    comments: list  # texts of those that are


def decode(path):
    """Read a text of an encoding that shows, with one kind of line ends."""
    content = path.read_bytes()
    marked = next((name for mark, name in _ENCODINGS.items() if content.startswith(mark)), None)
    for encoding in (marked or _without_mark(content[:4096]), "utf-8", "latin-1"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            if "\r" in text:
                text = text.replace("\r\n", "\n").replace("\r", "\n")
            return plain_numbers(text)
        break
    raise ValueError(
        "This is not text: it holds binary data."
        + (
            advice_on(content[:64])
            or " If a microscope wrote it, give it the ending of its format."
        )
    )


def _without_mark(start):
    """Guess the encoding of a text without a mark: UTF-16 has a zero in every other byte."""
    for name, zeros in (("utf-16-le", start[1::2]), ("utf-16-be", start[::2])):
        if zeros and zeros.count(0) > 0.8 * len(zeros) and start.count(0) == zeros.count(0):
            return name
    return "utf-8"


def without_comments(text):
    """Text with its comments as empty lines."""
    if not any(mark in text for mark in "#%!*") and ("/" not in text or "//" not in text):
        return text
    return re.sub(rf"^{_COMMENT.pattern}$", "", text, flags=re.MULTILINE)


def find_table(text):
    """Find the first line with two numbers or more.

    Parameters
    ----------
    text : str
        The text.

    Returns
    -------
    place : Place

    Raises
    ------
    ValueError
        If there is none.
    """
    above, comments, offset, has_title = [], [], 0, False
    for number in itertools.count():
        if offset >= len(text) or number > _LAST_LINE:
            break
        line = text[offset : _line_end(text, offset)]
        if _COMMENT.match(line):
            comments.append(line.strip("#%!*/ \t"))
        elif line.strip():
            is_title = not has_title and _ENERGY.search(line) is not None
            has_title |= is_title
            for delimiter in [] if is_title else _delimiters(line):
                row = line if delimiter is None else without_spaces(line)
                fields = [field for field in split(row, delimiter) if field.strip()]
                if sum(map(is_number, fields)) > 1:
                    if len(fields) > _MOST_COLUMNS:
                        raise ValueError(
                            f"line {number + 1} has {len(fields)} fields, at most {_MOST_COLUMNS} "
                            "columns are read. Write one point in each line."
                        )
                    return Place(offset, number, delimiter, above, comments)
            above.append((number + 1, line))
        offset += len(line) + 1
    if not above:
        raise ValueError("The file is empty: it holds no line that is not a comment.")
    raise ValueError(
        f"The file holds no line with two numbers, its first line is {above[0][1][:80]!r}. Wanted "
        "are the energy and the intensity of a channel in each line, and the first of these lines "
        f"among the first {_LAST_LINE}."
    )


def _line_end(text, offset):
    end = text.find("\n", offset)
    return len(text) if end < 0 else end


def _delimiters(line):
    """Delimiters that may part the fields of a line, None for any space."""
    unquoted = re.sub(r'"[^"]*"', '""', line)
    marks = [mark for mark in ";\t," if mark in unquoted]
    words = unquoted.split()
    if len(words) > 1 and all(map(_DECIMAL_COMMA.fullmatch, words)):
        marks = [mark for mark in marks if mark == "\t"]
    return [*marks, None]


def split(line, delimiter):
    """Fields of a line."""
    if delimiter is None and '"' not in line:
        return line.split()
    if delimiter is None:
        line, delimiter = " ".join(line.split()), " "
    try:
        return next(csv.reader([line.strip(" ")], delimiter=delimiter, skipinitialspace=True))
    except csv.Error as error:
        raise ValueError(f"a line cannot be split into fields ({error}).") from error


def find_titles(place, width):
    """Find the titles of the columns of a table.

    Parameters
    ----------
    place : Place
        Where the table begins.
    width : int
        How many columns it has.

    Returns
    -------
    titles : list of str or None
        None if no line has as many titles as there are columns.
    label : str
        Without titles, the line above the table: it may tell a unit.

    Raises
    ------
    ValueError
        If a line above the table rather belongs to it.
    """
    if place.above:
        number, line = place.above[-1]
        titles = _titles(line, place.delimiter, width)
        fields = titles or split(line, place.delimiter)
        _check_titles(fields, number)
        if not titles and not re.search(r"[^\W\d_]", line):
            raise ValueError(f"line {number}: {line!r} is neither numbers nor titles.")
        if titles:
            return _with_titles_above(titles, place.above[:-1], place.delimiter), ""
        return None, line
    named = (re.fullmatch(r"column\.(\d+): *(.+)", each, re.I) for each in place.comments)
    by_number = {int(each[1]): each[2] for each in named if each}
    if sorted(by_number) == list(range(1, width + 1)):
        return [by_number[number] for number in sorted(by_number)], ""
    last = re.sub(r"^[LN] ", "", place.comments[-1]) if place.comments else ""
    titles = _titles(last, place.delimiter, width)
    if titles and any(is_number(title) for title in titles):
        titles = None
    return titles, ""


def _with_titles_above(titles, above, delimiter):
    """Join titles with those in the lines before, if one of them holds units or is incomplete."""
    lines, holds_units = [titles], [any(map(is_unit, titles))]
    for _, line in reversed(above):
        more = split(line, delimiter)
        first = next((i for i, field in enumerate(more) if field.strip()), 0)
        of_units = is_unit(more[first]) and (first == 0 or len(more[first].strip()) > 1)
        is_open = of_units or holds_units[0] or _is_open(lines[0])
        if len(more) != len(titles) or not is_open:
            break
        lines.insert(0, more)
        holds_units.insert(0, of_units)
    if len(lines) == 1:
        return titles
    lines = [
        [f"({each})" if of_units and is_unit(each) else each for each in line]
        for line, of_units in zip(lines, holds_units, strict=True)
    ]
    return [" ".join(filter(str.strip, parts)) for parts in zip(*lines, strict=True)]


def _is_open(titles):
    """Whether the first title is missing, or all others are, as below those of several levels."""
    first, *others = map(str.strip, titles)
    return not first or not any(others)


def _titles(line, delimiter, width):
    for parts in (
        split(line, delimiter),
        re.split(r" {2,}|\t", line.strip()),
        split(line, ","),
        line.split(),
    ):
        while len(parts) > width and not parts[-1].strip():
            parts = parts[:-1]
        if len(parts) == width:
            return parts
    return None


def _check_titles(fields, number):
    """Refuse a line with numbers above a table, unless it also tells the energy in words."""
    numbers = [field for field in fields if field.strip() and is_number(field)]
    words = [field for field in fields if field.strip() and not is_number(field)]
    if numbers and len(words) == 1 and not _ENERGY.search(words[0]):
        raise ValueError(
            f"line {number}: {words[0]!r} is not a number. Lines that are no data must "
            "start with '#'."
        )
