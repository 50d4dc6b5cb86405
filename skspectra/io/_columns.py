"""Which columns of a table are the energy and the spectra, from their titles."""

import re
from typing import NamedTuple

from skspectra.io._units import quantity_of

__all__ = ["Columns", "find_columns", "is_energy", "is_name"]

_ERROR = re.compile(
    r".*\b(err(or|eur|ore|ori|o)?s?|unc(ertaint(y|ies))?|sigma|std|stdev|sd|se|sem|esd|variance|"
    r"var|rms|deviation|noise|plus.?minus|fehler|unsicherheit|abweichung|incert\w*|desv\w*|"
    r"deviazione|écart|ecart|fout|onzekerheid)\b.*"
    r"|.*([±σ]|\+ ?/? ?-$).*|(d|delta|δ) ?(e|i|y|energy|intensity|counts)|y ?err(or)?"
)
_ERROR_OF = ("d", "D", "e", "u", "s", "σ", "δ", "Δ", "delta", "err")  # before another title
_ERROR_AFTER = ("err", "error", "Err", "Error", "std", "Std", "sd", "SD", "unc", "sigma")
_INTENSITY = re.compile(
    r"\b(intens\w*|counts?|zähl\w*|coups|cuentas|conteggi|signal|yield|absorption|absorbance|"
    r"xmu|mu|tey|tfy|cps)\b"
)
_NO_SPECTRUM = re.compile(
    r".*\b(i0|monitor|background|bkg\w*|nbkg|fbkg|bgd?|dark|gain|dwell|live|dead|bad|resolution|"
    r"width|fwhm|offset|dispersion|drift|weights?|mask|flag|quality|snr|residuals?|diff(erence)?|"
    r"fit|model|comment|note|source|compound|valence|temperature|current|voltage|pressure|power|clock|date|"
    r"unnamed)\b.*"
)
_INCIDENT = re.compile(r"i ?[0o]")  # counted before the specimen, and behind or beside it
_BEHIND = re.compile(r"i ?[tf]|i ?(trans|fluo|ref)\w*")
_BEHIND_I0 = re.compile(r"i ?[1-9r]|trans\w*")
_VERSION = re.compile(
    r"\b(raw|net|gross|norm\w*|corrected|smooth\w*|filtered|deconvolved|subtracted|flat\w*|mean|"
    r"average|total|sum|deriv\w*|nder|chi\w*|log|per|rate|reference|ref)\b"
)
_NAME = re.compile(
    r"(spectr(um|a)|variable|sample|name|label|scan|series|"
    r"file( ?name)?|id|region|run|frame|slice|cycle|pos(ition)?|point|pixel|row|col(umn)?|"
    r"no|nr|number|i?x|i?y|z)( ?(id|name|number|no|nr|label|x|y))?\.?"
)
_ENERGY = ("e", "axis", "spectral axis")  # titles that tell no quantity
_SHORT = (("i", "data", "spectra"), ("x", "y"))  # names of an intensity, the first ones rather
_LONGEST = 200  # characters of a title that are looked at


class Columns(NamedTuple):
    """Positions of columns: the energy, one or more spectra, and those that tell spectra apart."""

    energy: int
    intensities: list
    names: list


def find_columns(titles, is_number, unit, chosen=None):
    """Find the columns of a table.

    Parameters
    ----------
    titles : list of str or None
        Titles of the columns; None if there are none.
    is_number : list of bool
        Which columns hold numbers.
    unit : str
        Unit wanted for the energy; a column of another quantity is no energy.
    chosen : sequence of int or str, default=None
        The energy and the spectra, by position or title, in place of what the titles say.

    Returns
    -------
    columns : Columns

    Raises
    ------
    ValueError
        If more than one column may be the energy or the spectrum, or none.
    """
    plain = [_plain(title) for title in titles or [""] * len(is_number)]
    if chosen is not None:
        energy, *intensities = (_position(column, titles, len(is_number)) for column in chosen)
        if energy in intensities:
            raise ValueError("has one column chosen by columns= as its energy and its intensity.")
    elif titles is None:
        if len(is_number) != 2:
            raise ValueError(
                f"has {len(is_number)} columns without titles. Wanted are two, energy and "
                "intensity. Write titles such as 'energy_eV' and 'counts' above them, or choose "
                "by number, as in columns=(0, 1)."
            )
        energy, intensities = 0, [1]
    else:
        energy = _find_energy(titles, plain, quantity_of(f"({unit})"))
        intensities = _find_intensities(titles, plain, is_number, energy)
    used = {energy, *intensities}
    names = [i for i, title in enumerate(plain) if i not in used and _NAME.fullmatch(title)]
    return Columns(energy, intensities, names)


def is_energy(title):
    """Whether a title is that of energies."""
    return quantity_of(title) == "energy" or _plain(title) in _ENERGY


def is_name(title):
    """Whether a title is that of what spectra are called or differ in."""
    plain = _plain(title)
    return plain != "x" and bool(_NAME.fullmatch(plain) or _NO_SPECTRUM.fullmatch(plain))


def _plain(title):
    """Title in small letters, with spaces between its words and without its unit."""
    title = re.sub(r"(?<=\S)[ _]*[(\[{].*", "", title[:_LONGEST].strip())
    title = re.sub(r"(?<=[a-z])(?=[A-Z][a-z])", " ", title)
    return " ".join(title.replace("_", " ").casefold().split())


def _position(column, titles, n_columns):
    if isinstance(column, str):
        found = [i for i, title in enumerate(titles or []) if title.strip() == column.strip()]
        if len(found) == 1:
            return found[0]
        raise ValueError(
            f"has {len(found)} columns called {column!r}; its columns are "
            f"{_listed(titles) if titles else 'without titles'}."
        )
    if not -n_columns <= column < n_columns:
        raise ValueError(f"has {n_columns} columns, and none of number {column}.")
    return column % n_columns


def _is_energy(title, plain, quantity):
    spoken_of = _ERROR.fullmatch(plain) or _INTENSITY.search(plain) or _NO_SPECTRUM.fullmatch(plain)
    if quantity == "energy" and re.search(r"\b[mk]?ev\b", plain):
        return not spoken_of
    return not spoken_of and quantity_of(title) == quantity


def _find_energy(titles, plain, quantity):
    both = list(enumerate(zip(titles, plain, strict=True)))
    found = [i for i, (title, text) in both if _is_energy(title, text, quantity)]
    if not found and quantity == "energy":
        found = [i for i, text in enumerate(plain) if text in _ENERGY]
    if not found:
        others = [i for i, (title, _) in both if quantity_of(title)]
        found = [
            i for i in others if not (_INTENSITY.search(plain[i]) or _VERSION.search(plain[i]))
        ]
    if not found and any(re.fullmatch(r"y ?\d*", text) for text in plain):
        found = [i for i, text in enumerate(plain) if text == "x"]
    if not found and len(titles) == 2:
        found = [i for i, text in enumerate(plain) if not _INTENSITY.search(text)][:1]
    if len(found) != 1:
        raise _ambiguous("energy", titles, found)
    return found[0]


def _find_intensities(titles, plain, is_number, energy):
    letters = [re.sub(r"[\W_]", "", title[:_LONGEST]) for title in titles]
    errors = {mark + text for mark in _ERROR_OF for text in letters if text}
    errors |= {text + mark for mark in _ERROR_AFTER for text in letters if text}
    rest = [
        i
        for i, text in enumerate(plain)
        if i != energy and is_number[i] and not (_ERROR.fullmatch(text) or letters[i] in errors)
    ]
    incident = [i for i in rest if _INCIDENT.fullmatch(plain[i])]
    behind = [i for i in rest if _BEHIND.fullmatch(plain[i])]
    behind += [i for i in rest if incident and _BEHIND_I0.fullmatch(plain[i])]
    rest = [i for i in rest if i not in {*incident, *behind}]
    found = [i for i in rest if _INTENSITY.search(plain[i])]
    is_first = "ii" in plain  # spectra I, II and III
    for words in () if is_first else _SHORT:
        found = found or [i for i in rest if plain[i] in words]
        if len(found) > 1 and plain[found[0]] in words:  # X and y of one length, say
            raise _ambiguous("intensity", titles, found)
    if not found:
        found = [i for i in rest if plain[i] and not _NO_SPECTRUM.fullmatch(plain[i])]
        found = [i for i in found if _is_amount(plain[i]) or not quantity_of(titles[i])]
        if len(titles) > 2:
            found = [i for i in found if not _NAME.fullmatch(plain[i])]
    if behind and not found:
        raise ValueError(
            f"has no column of absorption, only counts of detectors: {_listed(titles)}. Absorption "
            "is ln(I0 / It) or If / I0: write it into a column, or choose a column as it is, as in "
            f"columns=({titles[energy]!r}, {titles[behind[0]]!r})."
        )
    whole = [titles[i][:_LONGEST].replace("_", " ").casefold() for i in found]
    named = {" ".join(_INTENSITY.sub(" ", text).split()) for text in whole} - {""}
    are_versions = any(_VERSION.search(text) for text in whole)
    if not found or (len(found) > 1 and (are_versions or len(named) < len(found))):
        raise _ambiguous("intensity", titles, found)
    return found


def _is_amount(plain):
    """Whether a title ends with a number and a unit, "300 K", as names of samples do."""
    return re.search(r"\d ?[^\W\d]+$", plain) is not None


def _ambiguous(what, titles, found):
    said = f"more than one column that may be the {what}: " if found else f"no column of {what}: "
    listed = [titles[i] for i in found] if found else titles
    example = "('energy_eV', 'intensity')" if all(map(str.strip, titles)) else "(0, 1)"
    return ValueError(
        f"has {said}{_listed(listed)}. Choose the energy and the intensity by title or number, as "
        f"in columns={example}."
    )


def _listed(titles):
    return ", ".join(repr(title[:_LONGEST]) for title in titles[:10]) + (
        ", ..." if len(titles) > 10 else ""
    )
