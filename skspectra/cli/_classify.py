"""Name the valence in measured spectra with the classifier that comes with the package."""

import warnings

import numpy as np
import pandas as pd

from skspectra.exceptions import SpectrumWarning
from skspectra.io import read_spectra
from skspectra.models import load_pretrained
from skspectra.preprocessing import PowerLawBackground

__all__ = ["classify_files", "read_without_background", "summary"]

WIDE_AXIS = 615 + 0.1 * np.arange(700)
PRE_EDGE = (615, 625)


def classify_files(paths):
    """Classify Mn L2,3 spectra in files.

    Parameters
    ----------
    paths : sequence of Path
        Files as `skspectra.io.read_spectra` reads them.

    Returns
    -------
    table : DataFrame
        One row per spectrum: its name (``spectrum``), the most probable ``valence`` and its
        ``probability``, how far the L3 line lies off that valence's nominal energy (``shift_eV``),
        the ``novelty`` (1 is the threshold) and a ``warning``: why a valence is "unknown", else "".

    Raises
    ------
    OSError, ValueError
        If a file cannot be read.
    """
    X, names = read_spectra(paths, WIDE_AXIS, outside="edge")
    table = load_pretrained("mn-l23").read(X, WIDE_AXIS)
    return pd.DataFrame(
        {
            "spectrum": names,
            "valence": table["valence"],
            "probability": table["probability"].round(4),
            "shift_eV": table["shift"].round(1),
            "novelty": table["novelty"].round(3),
            "warning": table["reason"],
        }
    )


def read_without_background(paths, spectral_axis, pre_edge):
    """Read spectra on an axis and subtract the power law that fits them before the edge.

    Parameters
    ----------
    paths : sequence of Path
        Files; what they lack at the ends of the axis is filled with their first or last value.
    spectral_axis : ndarray of shape (n_channels,)
        The axis, in eV.
    pre_edge : tuple of (float, float)
        Where the background is fitted, in eV.

    Returns
    -------
    X : ndarray of shape (n_spectra, n_channels)
    names : ndarray of shape (n_spectra,) of str
    """
    X, names = read_spectra(paths, spectral_axis, outside="edge")
    background = PowerLawBackground(pre_edge, spectral_axis=spectral_axis, loss="least_squares")
    with warnings.catch_warnings():  # published spectra come without a background to fit
        warnings.simplefilter("ignore", SpectrumWarning)
        return background.fit_transform(X), names


def summary(table):
    """Count the valences in a table of `classify_files`, in one line."""
    counts = table["valence"].value_counts().sort_index()
    found = ", ".join(f"{valence} {count}" for valence, count in counts.items())
    return f"{len(table)} spectra: {found}"
