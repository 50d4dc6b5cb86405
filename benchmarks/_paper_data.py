"""Spectra of ``benchmarks/paper.py``: simulated, published, and of a folder."""

import warnings

import numpy as np
import pandas as pd

from skspectra.cli._demo import ONE_INSTRUMENT
from skspectra.datasets import fetch_mn_valence, make_l23_spectra
from skspectra.exceptions import SpectrumWarning
from skspectra.io import read_spectra
from skspectra.preprocessing import PowerLawBackground

IONS = ("Mn2+", "Mn3+", "Mn4+")
WIDE = 615 + 0.1 * np.arange(700)
PRE_EDGE = (615, 625)
LITERATURE = "mn_l23_literature.csv"
MIXED = {"Mn2+/Mn3+": "Mn2.5+", "Mn3+/Mn4+": "Mn3.5+", "mixed": "unknown"}
FEWEST = 20  # spectra of a class


def simulate(n_per_class, seed):
    """Spectra that are all calibrated, with the noise of a detector."""
    return make_l23_spectra(
        n_per_class,
        ions=IONS,
        spectral_axis=WIDE,
        random_state=seed,
        return_X_y=True,
        **ONE_INSTRUMENT,
    )


def without_background(X):
    """Spectra without their background, where there is one to fit."""
    background = PowerLawBackground(PRE_EDGE, spectral_axis=WIDE, loss="least_squares")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SpectrumWarning)
        return background.fit_transform(X)


def read_published(data_home=None):
    """Read the article's spectra and references, as two tuples; Nones if they are not there."""
    try:
        spectra = fetch_mn_valence(data_home=data_home, download_if_missing=False)
    except OSError:
        return None, None
    X = np.array([np.interp(WIDE, *points.T) for points in spectra.references])
    valence = np.array([MIXED.get(name, name) for name in spectra.reference_target])
    names = [f"{name} {i}" for i, name in enumerate(spectra.reference_target)]
    return (spectra.data, spectra.target), (without_background(X), valence, names)


def read_classes(folder):
    """Spectra of a folder with one subfolder per class, or None if it has no subfolders."""
    rows, labels = [], []
    for path in sorted(path for path in folder.glob("[!.]*") if path.is_dir()):
        X, _ = read_spectra(sorted(path.glob("[!.]*")), WIDE, outside="edge")
        rows.append(without_background(X))
        labels += [path.name] * len(X)
    if not rows:
        return None
    names, counts = np.unique(labels, return_counts=True)
    if len(names) < 2 or counts.min() < FEWEST:
        found = ", ".join(f"{n} in {name}" for name, n in zip(names, counts, strict=True))
        raise ValueError(
            f"{folder} must have two subfolders at least, one per class and each with {FEWEST} "
            f"spectra or more, to cross-validate on; found {found}."
        )
    return np.concatenate(rows), np.array(labels)


def read_literature(folder):
    """Read published spectra as ``(X, valence, names)``; None if the folder has no table."""
    path = folder / LITERATURE
    if not path.exists():
        return None
    X, names = read_spectra(path, WIDE, outside="edge")
    valence = pd.read_csv(path).groupby("spectrum")["valence"].first()[names]
    valence = valence.replace(MIXED).fillna("unknown").to_numpy(dtype=str)
    return without_background(X), valence, names


def at_most(n_per_class, X, y, seed):
    """Draw spectra of each class, not more than a number."""
    rng = np.random.default_rng(seed)
    classes = [rng.permutation(np.flatnonzero(y == name)) for name in np.unique(y)]
    rows = np.sort(np.concatenate([mine[:n_per_class] for mine in classes]))
    return X[rows], y[rows]
