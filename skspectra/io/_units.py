"""Units of spectral axes, compared by what they mean."""

import functools
import re

__all__ = ["conversion", "is_unit", "quantity_of", "unit_of"]

# The size of each unit in the first one of its quantity. Capitals matter only between units that
# differ in nothing else, such as meV and MeV.
_UNITS = {
    "energy": {"eV": 1.0, "meV": 1e-3, "keV": 1e3, "MeV": 1e6},
    "length": {"nm": 1.0, "um": 1e3, "mm": 1e6, "pm": 1e-3, "Å": 0.1},
    "wavenumber": {"1/cm": 1.0, "1/m": 0.01, "1/um": 1e4, "1/nm": 1e7, "1/Å": 1e8},
    "time": {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9, "ps": 1e-12, "fs": 1e-15, "min": 60.0},
    "frequency": {"Hz": 1.0, "kHz": 1e3, "MHz": 1e6, "GHz": 1e9, "THz": 1e12},
    "angle": {"rad": 1.0, "mrad": 1e-3, "°": 0.017453292519943295},
    "temperature": {"K": 1.0},
    "channel numbers": {"channel": 1.0},
}
_SPELLINGS = {
    "electron volt": "eV",
    "electronvolt": "eV",
    "kiloelectronvolt": "keV",
    "millielectronvolt": "meV",
    "nanometer": "nm",
    "nanometre": "nm",
    "micron": "um",
    "micrometer": "um",
    "angstrom": "Å",
    "a": "Å",
    "1/a": "1/Å",
    "second": "s",
    "sec": "s",
    "minute": "min",
    "deg": "°",
    "degree": "°",
    "kelvin": "K",
    "ch": "channel",
    "channel": "channel",
    "px": "channel",
    "pixel": "channel",
}
_WORDS = {
    "energy": r"\w*[eé]nerg(y|i|í)\w*|loss|verlust|perte|p[eé]rdida",
    "length": r"wave ?lengths?|lambda|λ|wellenlängen?|longueurs? d.onde|longitud de onda",
    "wavenumber": r"wave ?numbers?|raman|wellenzahl|nombre d.onde|número de onda",
    "time": r"time|zeit|temps|tiempo",
    "frequency": r"frequenc(y|ies)|frequenz|fréquence|frecuencia",
    "angle": r"angles?|2? ?theta|2θ|winkel|ángulo",
    "temperature": r"temperatures?|temperatur|température|temperatura",
    "channel numbers": r"channels?|pixels?|index|kanal|kanäle|canal|canaux|canales",
}
_SYMBOLS = {"k": "wavenumber", "q": "wavenumber", "r": "length"}  # that an axis is called alone
_BRACKETS = re.compile(r"[(\[{]\s*([^()\[\]{}]*?)\s*[)\]}]")
_AFTER_MARK = re.compile(r".*(?:\s/|/\s|,|\sin\s)\s*(\S+)$")
_LONGEST = 200  # characters of a label that are looked at
_NO_UNIT = re.compile(
    r"|none|<undefined>|(un)?(corrected|calibrated)|aligned|shifted|raw|loss|data|x"
)


def conversion(label, wanted, advice="to read others as they are, name their unit by unit="):
    """Return what the values of an axis are multiplied by to be in the unit that is wanted.

    Parameters
    ----------
    label : str
        Name of the axis, its unit in brackets or last: "Energy Loss (eV)", "energy_keV".
    wanted : str
        The unit: "eV".
    advice : str, default="to read others as they are, name their unit by unit="
        What to do with an axis of another quantity, at the end of the message.

    Returns
    -------
    factor : float or None
        None if the label tells no unit.

    Raises
    ------
    ValueError
        If the axis is of another quantity, or its unit is not known.
    """
    quantity, unit, size = _parse(label)
    wanted_quantity, wanted, wanted_size = _parse(f"({wanted})")
    label = re.sub(r"^\(([^()]*)\)$", r"\1", label)
    quantity = quantity or _SYMBOLS.get(label.strip().casefold())
    if unit is not None and wanted is not None and _normalize(unit) == _normalize(wanted):
        return 1.0
    if unit is not None and quantity is None:
        raise ValueError(
            f"The axis is in {unit!r}, which is not known. Wanted is an axis in {wanted}; {advice}."
        )
    if quantity not in (None, wanted_quantity):
        raise ValueError(
            f"The axis {label!r} holds {quantity}, no {wanted_quantity or wanted}. Wanted is an "
            f"axis in {wanted}; {advice}."
        )
    return None if unit is None else size / wanted_size


def is_unit(text):
    """Whether a text is a unit and nothing else, but for brackets."""
    return _parse_unit(text.strip(" ()[]{}"))[0] is not None


def quantity_of(label):
    """Return the quantity that the label of an axis names or has the unit of, or None."""
    return _parse(label)[0]


def unit_of(label):
    """Return the unit that the label of an axis tells, as it is written, or None."""
    return _parse(label)[1]


@functools.lru_cache(maxsize=1024)  # wide tables have many titles
def _parse(label):
    """Quantity, unit as it is written, and its size; None for what the label does not tell."""
    label = " ".join(label[:_LONGEST].replace("_", " ").split())
    for text in reversed(_BRACKETS.findall(label)):
        parsed = _parse_unit(text)
        if parsed[0] or not (_NO_UNIT.fullmatch(text.casefold()) or _quantity_named(text)):
            return parsed
    bare = " ".join(_BRACKETS.sub(" ", label).split())
    after_mark = _AFTER_MARK.fullmatch(bare)
    for text in (bare, after_mark[1] if after_mark else "", bare.rpartition(" ")[2]):
        if len(text) > 1 and not _quantity_named(text):
            parsed = _parse_unit(text)
            if parsed[0]:
                return parsed
    return _quantity_named(bare) or _quantity_named(label), None, None


def _quantity_named(text):
    for quantity, words in _WORDS.items():
        if re.search(rf"\b({words})\b", text.casefold()):
            return quantity
    return None


def _parse_unit(text):
    unit = _normalize(text)
    for found in (str.__eq__, lambda one, other: one.casefold() == other.casefold()):
        sizes = [
            (quantity, text, size)
            for quantity, units in _UNITS.items()
            for name, size in units.items()
            if found(name, unit)
        ]
        if len(sizes) == 1:
            return sizes[0]
    return None, text, None


def _normalize(unit):
    """One spelling of a unit: "cm^-1", "cm⁻¹" and "/cm" are "1/cm"."""
    unit = " ".join(unit.split()).translate(str.maketrans("µμÅ−⁻¹", "uuÅ--1", "^*"))
    inverse = re.fullmatch(r"1? ?/ ?(\w+)|(\w+) ?-1", unit)
    if inverse:
        unit = f"1/{inverse[1] or inverse[2]}"
    words = unit.casefold()
    return _SPELLINGS.get(words) or _SPELLINGS.get(words.removesuffix("s")) or unit
