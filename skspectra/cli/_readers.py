"""Which edge is to be read, and with what."""

from functools import cache
from typing import NamedTuple

from skspectra.imaging import find_edges
from skspectra.imaging._edges import ELEMENTS, nominal_l3
from skspectra.models import load_model, load_pretrained
from skspectra.readers import ValenceReader

__all__ = ["ChosenReader", "choose_reader", "load_reader"]

_NO_ELEMENT = ("no edge", "foreign")


class ChosenReader(NamedTuple):
    """A reader and the place of its edge.

    Parameters
    ----------
    element : str
        Whose edge it reads.
    reader : ValenceReader
        It.
    name : str
        Its file, or the name under which it comes with the package.
    energy : float
        Where the edge was found, in eV; where it should be if it was not.
    """

    element: str
    reader: object
    name: str
    energy: float


def choose_reader(spectrum, axis, *, element="auto", model=None, say=lambda line: None):
    """Choose the reader of a spectrum.

    Parameters
    ----------
    spectrum : ndarray of shape (n_channels,)
        With its background.
    axis : ndarray of shape (n_channels,)
        In eV.
    element : str, default="auto"
        Whose edge is read. "auto" tries the edges that are found, the strongest first, until a
        reader knows the spectrum as one of its element.
    model : str, default=None
        File of a reader or name of one that comes with the package; that of the element if None.
    say : callable
        Called with a line for every edge that is passed over.

    Returns
    -------
    chosen : ChosenReader or None
        None where no reader knows the spectrum as one of its element.
    """
    found = find_edges(spectrum, spectral_axis=axis).set_index("element")["energy"].to_dict()
    if model is not None:
        reader = load_reader(model)
        if element not in ("auto", reader.element_):
            raise ValueError(f"{model} reads {reader.element_ or 'numbers'}, not {element}.")
        energy = found.get(reader.element_, reader.energy_)
        return ChosenReader(reader.element_ or "edge", reader, str(model), energy)
    if element != "auto":
        name = shipped_name(element)
        energy = found.get(element, nominal_l3(element))
        return ChosenReader(element, load_reader(name), name, energy)
    within = [each for each in ELEMENTS if axis[0] < nominal_l3(each) < axis[-1]]
    for candidate in dict.fromkeys([*found, *within]):
        try:
            reader = load_reader(shipped_name(candidate))
        except ValueError:
            say(f"no reader of {candidate} comes with the package")
            continue
        reason = _reason(reader, spectrum, axis)
        energy = found.get(candidate, nominal_l3(candidate))
        if reason not in _NO_ELEMENT:
            return ChosenReader(candidate, reader, shipped_name(candidate), energy)
        if candidate in found:
            say(f"the edge at {energy:.1f} eV is not one of {candidate}: {reason}")
    return None


def _reason(reader, spectrum, axis):
    """Why a reader does not name a spectrum, "" if it does."""
    try:
        return reader.read(spectrum[None], axis)["reason"].iloc[0]
    except ValueError:  # the axis does not cover the edge
        return _NO_ELEMENT[0]


def shipped_name(element):
    """Name of the reader of an element that comes with the package."""
    return f"{element.lower()}-l23"


@cache
def load_reader(name):
    """Load a reader from a file, or one that comes with the package.

    Raises
    ------
    ValueError
        If there is none of that name, or the file holds another model.
    """
    if not str(name).endswith(".safetensors"):
        return load_pretrained(str(name))
    reader = load_model(name)
    if not isinstance(reader, ValenceReader):
        raise ValueError(
            f"{name} holds a {type(reader).__name__}, wanted is a ValenceReader, as "
            "skspectra train makes one."
        )
    return reader
