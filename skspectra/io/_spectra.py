"""Spectra as they lie in a file."""

import contextlib
from typing import NamedTuple

import numpy as np

__all__ = ["Spectra", "naming"]


class Spectra(NamedTuple):
    """Spectra on one axis.

    Parameters
    ----------
    where : str
        The file, and the spectrum in it, for messages.
    names : list of str
        A name for each row.
    rows : ndarray of shape (n_spectra, n_channels)
        The spectra.
    axis : ndarray of shape (n_channels,)
        Strictly increasing.
    label : str
        What the file calls the axis, with its unit, or "".
    """

    where: str
    names: list
    rows: np.ndarray
    axis: np.ndarray
    label: str


@contextlib.contextmanager
def naming(where):
    """Say in a ValueError where it comes from."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from error
