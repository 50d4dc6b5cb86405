"""Which edge is to be read, and with what."""

from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from skspectra.imaging import find_edges
from skspectra.imaging._edges import ELEMENTS, nominal_l3
from skspectra.models import load_model, load_pretrained
from skspectra.readers import ValenceReader

__all__ = ["ChosenReader", "choose_reader", "choose_readers", "load_reader"]

_NO_ELEMENT = ("no edge", "foreign")
_MOST_APART = 4.0  # eV between the shifts of two edges of one axis


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


def choose_reader(spectrum, axis, *, element="auto", model=None):
    """Choose the reader of a spectrum: the first of `choose_readers`, None where there is none."""
    return next(_choices(spectrum, axis, element, model, lambda line: None), None)


def choose_readers(spectrum, axis, *, element="auto", model=None, say=print):
    """Choose a reader for every edge of a spectrum.

    Parameters
    ----------
    spectrum : ndarray of shape (n_channels,)
        With its background.
    axis : ndarray of shape (n_channels,)
        In eV.
    element : str, default="auto"
        Whose edge is read. "auto" takes the edges that are found, the strongest first, where a
        reader knows the spectrum as one of its element, and all lie off their energies alike.
    model : str, default=None
        File of a reader or name of one that comes with the package; that of the element if None.
    say : callable, default=print
        Called with a line for every edge that is passed over.

    Returns
    -------
    chosen : list of ChosenReader
        Empty where no reader knows the spectrum as one of its element.
    """
    chosen = []
    for each in _choices(spectrum, axis, element, model, say):
        shift = each.energy - nominal_l3(each.element) if each.element in ELEMENTS else 0.0
        if not chosen:
            first_shift = shift
        elif abs(shift - first_shift) > _MOST_APART:
            say(
                f"the edge at {each.energy:.1f} eV is not taken for {each.element}: it would lie "
                f"{shift:+.1f} eV off, but {chosen[0].element} lies {first_shift:+.1f} eV off"
            )
            continue
        chosen.append(each)
    return chosen


def _choices(spectrum, axis, element, model, say):
    """Readers that a spectrum may be read with, as they are tried."""
    found = find_edges(spectrum, spectral_axis=axis).set_index("element")["energy"].to_dict()
    if model is not None:
        reader = load_reader(model)
        if element not in ("auto", reader.element_):
            raise ValueError(f"{model} reads {reader.element_ or 'numbers'}, not {element}.")
        energy = found.get(reader.element_) or _read(reader, spectrum, axis)[1]
        yield ChosenReader(reader.element_ or "edge", reader, str(model), energy)
        return
    if element != "auto":
        name = shipped_name(element)
        reader = load_reader(name)
        energy = found.get(element) or _read(reader, spectrum, axis)[1]
        yield ChosenReader(element, reader, name, energy)
        return
    is_known = False
    for candidate in found:
        reader = load_reader(shipped_name(candidate))
        reason, _ = _read(reader, spectrum, axis)
        if reason in _NO_ELEMENT:
            say(f"the edge at {found[candidate]:.1f} eV is not one of {candidate}: {reason}")
            continue
        is_known = True
        yield ChosenReader(candidate, reader, shipped_name(candidate), found[candidate])
    if not is_known:
        yield from _hidden(spectrum, axis, [each for each in ELEMENTS if each not in found])


def _hidden(spectrum, axis, elements):
    """Yield the reader of the first element whose edge does not jump, but a reader knows it."""
    for candidate in elements:
        if axis[0] < nominal_l3(candidate) < axis[-1]:
            reader = load_reader(shipped_name(candidate))
            reason, energy = _read(reader, spectrum, axis)
            if reason not in _NO_ELEMENT:
                yield ChosenReader(candidate, reader, shipped_name(candidate), energy)
                return


def _read(reader, spectrum, axis):
    """Why a reader does not name a spectrum, "" if it does, and where it sees the white line."""
    try:
        row = reader.read(spectrum[None], axis).iloc[0]
    except ValueError:  # the axis does not cover the edge
        return _NO_ELEMENT[0], reader.energy_
    shift = row["shift"] if np.isfinite(row["shift"]) else 0.0
    return row["reason"], reader.energy_ + shift


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
        if Path(name).exists():
            raise ValueError(f"{name} is no file of a reader, which ends in .safetensors.")
        return load_pretrained(str(name))
    reader = load_model(name)
    if not isinstance(reader, ValenceReader):
        raise ValueError(
            f"{name} holds a {type(reader).__name__}, wanted is a ValenceReader, as "
            "skspectra train makes one."
        )
    return reader
