"""Name the valence in measured spectra with the classifier that comes with the package."""

import warnings

import numpy as np
import pandas as pd
from scipy.ndimage import gaussian_filter1d

from skspectra._numerics.axis import window_channels
from skspectra._numerics.interpolation import shift_rows
from skspectra._numerics.peaks import refined_peak
from skspectra.datasets._library import l3_maximum
from skspectra.exceptions import SpectrumWarning
from skspectra.io import read_spectra
from skspectra.models import load_pretrained
from skspectra.preprocessing import PowerLawBackground

__all__ = ["classify_files", "read_without_background", "summary"]

WIDE_AXIS = 615 + 0.1 * np.arange(700)
PRE_EDGE = (615, 625)
WHITE_LINES = (625, 675)
MAX_SHIFT = 10.0  # eV; the classifier was trained with 12, and the ends of a range are novel
SMOOTHING = 0.3  # eV, finer than a white line
FAR = "far from training"


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
        the ``novelty`` (1 is the threshold) and a ``warning`` where that is above 1, else "".

    Raises
    ------
    OSError, ValueError
        If a file cannot be read.
    """
    X, names = read_without_background(paths, WIDE_AXIS, PRE_EDGE)
    model = load_pretrained("mn-l23")
    nominal = np.array([l3_maximum(ion) for ion in model.classes_])
    maxima = _l3_maxima(X)
    shifts = maxima - nominal.mean()
    moved = np.where(np.abs(shifts) > MAX_SHIFT, shifts, 0.0)
    seen = shift_rows(X, WIDE_AXIS, -moved)
    with warnings.catch_warnings():  # flat spectra are warned about in the table
        warnings.simplefilter("ignore", SpectrumWarning)
        probability, novelty = model.predict_proba(seen), model.novelty(seen)
    codes = probability.argmax(axis=1)
    return pd.DataFrame(
        {
            "spectrum": names,
            "valence": model.classes_[codes],
            "probability": probability.max(axis=1).round(4),
            "shift_eV": (maxima - nominal[codes]).round(1),
            "novelty": novelty.round(3),
            "warning": np.where(novelty > 1, FAR, ""),
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
    n_far = (table["warning"] != "").sum()
    return f"{len(table)} spectra: {found}; {n_far} {FAR}"


def _l3_maxima(X):
    """Energies of the highest white lines, in eV."""
    channels = window_channels(WIDE_AXIS, WHITE_LINES)
    step = WIDE_AXIS[1] - WIDE_AXIS[0]
    smooth = gaussian_filter1d(X[:, channels].astype(np.float64), SMOOTHING / step, axis=1)
    positions, _ = refined_peak(smooth, smooth.argmax(axis=1))
    return WIDE_AXIS[channels][0] + step * positions
