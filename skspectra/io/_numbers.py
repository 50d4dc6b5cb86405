"""Numbers in text, with one decimal mark for a whole file."""

import re

import numpy as np

__all__ = [
    "BadNumber",
    "is_number",
    "plain_numbers",
    "sample_decimal",
    "to_numbers",
    "without_spaces",
]

_EITHER = re.compile(
    r"\s*([+-]?(\d[\d.,]*|[.,]\d+)(e[+-]?\d+)?|[+-]?(nan|inf(inity)?))?\s*", re.IGNORECASE
)
_NO_THOUSANDS = re.compile(r"(?<!\d)0\d*,\d|\d{4},\d|\d,\d{1,2}(?!\d)|\d,\d{4}")
_SPACED = re.compile(  # a whole field, with spaces between thousands
    r"(?:^|(?<=[;,\t\"])) *[+-]?[1-9]\d{0,2}(?: \d{3})+(?=(?:[.,]\d*)? *(?:$|[;,\t\"]))",
    re.MULTILINE,
)
_BETWEEN = re.compile(r" (?<=\d )\d{3}(?!\d)")  # begins with a space: many times faster
_SPELLINGS = (
    ("\N{MINUS SIGN}", re.compile("\N{MINUS SIGN}(?=[.,]?\\d)"), "-"),
    *(  # marks between thousands
        (mark, re.compile(rf"(?<=\d){mark}(?=\d{{3}}(?!\d))"), "")
        for mark in "'\N{RIGHT SINGLE QUOTATION MARK}\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}"
        "\N{THIN SPACE}"
    ),
    *(  # exponents of Fortran's double precision
        (mark + sign, re.compile(rf"(?<=\d|\.){mark}(?=[+-]\d{{2,3}}(?![^\W_]))"), "e")
        for mark in "Dd"
        for sign in "+-"
    ),
)


class BadNumber(ValueError):
    """A field that is no number: its text, and its row and column among the fields."""

    def __init__(self, text, row, column):
        super().__init__(text)
        self.text, self.row, self.column = text, row, column


def plain_numbers(text):
    """Text with its numbers spelt as Python does, but for the decimal mark."""
    for sign, pattern, plain in _SPELLINGS:
        if sign[0] in text and sign in text:  # one character is found much faster than two
            text = pattern.sub(plain, text)
    return text


def without_spaces(text):
    """Text whose fields are parted by no spaces, without those between thousands."""
    if _BETWEEN.search(text) is None:
        return text
    return _SPACED.sub(lambda found: found[0].replace(" ", ""), text)


def is_number(field):
    """Whether a field is empty or may be a number, whatever the decimal mark."""
    return _EITHER.fullmatch(field) is not None


def sample_decimal(text):
    """Decimal mark that some lines of text settle; a point where they settle none."""
    return "," if "." not in text and _NO_THOUSANDS.search(text) else "."


def to_numbers(columns, decimal=None):
    """Convert columns of text to numbers, reading the marks in all of them alike.

    One of point and comma is the decimal mark, the other may part thousands: of the two ways the
    one is taken in which every field is a number.

    Parameters
    ----------
    columns : list of sequence of str
        The columns.
    decimal : {".", ","}, default=None
        The decimal mark; None finds it.

    Returns
    -------
    values : list of ndarray of float64

    Raises
    ------
    BadNumber
        If a field is no number, whatever the mark.
    ValueError
        If both ways are open, or neither though every field is a number in one of them.
    """
    texts = ["\n".join(column) for column in columns]
    bad = {mark: _first_bad(texts, mark) for mark in ([decimal] if decimal else ".,")}
    open_ways = [mark for mark, at in bad.items() if at is None]
    if len(open_ways) == 2 and any("," in text for text in texts):
        example = next(field for column in columns for field in column if "," in field)
        raise ValueError(
            f"{example!r} and all other numbers can be read with a decimal comma and with a comma "
            "between thousands. Say which by decimal=',' or decimal='.'."
        )
    if not open_ways:
        raise _why_not(columns, bad)
    return [_convert(text, open_ways[0]) for text in texts]


def _numbers(decimal):
    """Pattern of as many lines with a number as there are."""
    dot, between = re.escape(decimal), re.escape("." if decimal == "," else ",")
    whole = rf"(?>[1-9]\d{{0,2}}(?:{between}\d{{3}})+|\d+)(?:{dot}\d*)?|{dot}\d+"
    number = rf"[ \t]*[+-]?(?:(?:{whole})(?:e[+-]?\d+)?|nan|inf(?:inity)?)[ \t]*"
    return re.compile(rf"(?:{number}(?:\n|\Z))*+", re.IGNORECASE)


def _first_bad(texts, decimal):
    """Column and place of the first field that is no number, or None."""
    numbers = _numbers(decimal)
    for column, text in enumerate(texts):
        end = numbers.match(text).end()
        if end < len(text) or text.endswith("\n"):
            return column, text.count("\n", 0, end)
    return None


def _why_not(columns, bad):
    fields = [columns[column][row] for column, row in bad.values()]
    at = next(
        (at for field, at in zip(fields, bad.values(), strict=True) if not is_number(field)), None
    )
    if at is None and len(bad) == 2 and fields[0] != fields[1] and all(fields):
        return ValueError(
            f"the decimal mark is a comma in {fields[0]!r} and a point in {fields[1]!r}. A file "
            "has one decimal mark; the other may stand between thousands, as in '1,234.5'."
        )
    column, row = at or next(iter(bad.values()))
    return BadNumber(columns[column][row], row, column)


def _convert(text, decimal):
    text = text.replace("," if decimal == "." else ".", "").replace(decimal, ".")
    return np.array(text.split("\n"), dtype=np.float64)
