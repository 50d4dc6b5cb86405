"""What is known of each ion before anything is computed, read from the data files."""

import json
import re
import unicodedata
from functools import cache
from importlib.resources import files

__all__ = ["atomic_values", "check_ion", "element_of", "valence_of"]

_ROMAN = ("", "i", "ii", "iii", "iv", "v", "vi", "vii")


@cache
def read_data(name):
    """Content of one of the JSON files in ``skspectra/datasets/data``."""
    return json.loads(files("skspectra.datasets").joinpath("data", name).read_text("utf-8"))


def known_ions():
    """Names of all ions with atomic values, by element and valence."""
    return sorted(read_data("hartree_fock.json")["ions"])


def check_ion(ion):
    """Return `ion` if its atomic values are known, else raise with the list of those that are."""
    known = known_ions()
    if not isinstance(ion, str) or ion not in known:
        guess = _plain_name(str(ion))
        hint = f" Did you mean {guess!r}?" if guess in known else ""
        raise ValueError(f"{ion!r} is not a known ion.{hint} Known are {', '.join(known)}.")
    return ion


def _plain_name(ion):
    """Name of an ion that is written as "Mn(II)", "Mn II", "mn2+" or with superscripts."""
    parts = re.fullmatch(
        r"([a-z]{1,2})\W*?(\d|[iv]+)\W*", unicodedata.normalize("NFKC", ion).lower()
    )
    if parts is None:
        return None
    charge = _ROMAN.index(parts[2]) if parts[2] in _ROMAN else parts[2]
    return f"{parts[1].title()}{charge}+"


def atomic_values(ion):
    """Hartree-Fock Slater integrals and spin-orbit constants of `ion`, unscaled, in eV.

    Returns
    -------
    values : dict
        ``n_d``, and for the configurations ``initial`` and ``final`` a dict of F2dd, F4dd and
        zeta_3d; ``final`` also of F2pd, G1pd, G3pd and zeta_2p.
    """
    return read_data("hartree_fock.json")["ions"][check_ion(ion)]


def element_of(ion):
    """Chemical symbol: ``"Mn"`` of ``"Mn2+"``."""
    return re.match("[A-Za-z]+", ion)[0]


def valence_of(ion):
    """Charge of the ion: 2 of ``"Mn2+"``."""
    return int(re.search("[0-9]+", ion)[0])
