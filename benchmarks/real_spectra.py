"""Train on simulated spectra alone and read measured ones.

Run ``python benchmarks/real_spectra.py FOLDER`` with the folder of measured Mn L2,3 spectra:
``mn_l23_literature.csv`` (columns spectrum, valence, energy_eV, intensity), ``mn2_acquired.npz``
(MnO; intensity, energy_eV) and ``lsmo_linescan.hspy``. What a folder lacks is left out.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline

from skspectra._interpolation import resample_rows, shift_rows
from skspectra.datasets import make_l23_spectra
from skspectra.io import read_spectra
from skspectra.neural import EnsembleClassifier, FullyConvClassifier
from skspectra.preprocessing import PeakAligner, PowerLawBackground, SpectrumNormalizer

IONS = ("Mn2+", "Mn3+", "Mn4+")
AXIS = 635 + 0.1 * np.arange(300)
WIDE = 615 + 0.1 * np.arange(700)


def variants(X, axis):
    """Spectra as other calibrations would have recorded them, on the axis of the nets."""
    yield from (
        (f"shift {shift:+d} eV", resample_rows(X, axis + shift, AXIS, outside="edge"))
        for shift in (-5, 0, 5)
    )
    for stretch in (-0.05, 0.05):
        stretched = 642 + (axis - 642) * (1 + stretch)
        yield f"dispersion {stretch:+.0%}", resample_rows(X, stretched, AXIS, outside="edge")


def literature(folder):
    path = folder / "mn_l23_literature.csv"
    X, names = read_spectra(path, WIDE, outside="edge")
    valence = pd.read_csv(path).groupby("spectrum")["valence"].first()[names].to_numpy()
    pure = np.isin(valence, IONS)
    return X[pure], valence[pure].astype(str)


def manganese_oxide(folder):
    data = np.load(folder / "mn2_acquired.npz")
    X = resample_rows(data["intensity"], data["energy_eV"].astype(float), WIDE, outside="edge")
    return X, np.repeat("Mn2+", len(X))


def line_scan(folder):
    """LSMO, its background removed and its L3 line moved to where the net looks for it."""
    X, _ = read_spectra(folder / "lsmo_linescan.hspy", WIDE)
    X = PowerLawBackground((615, 625), spectral_axis=WIDE).fit_transform(X)
    simulated, _ = make_l23_spectra(
        200, ions=IONS, spectral_axis=WIDE, shift=0, stretch=0, random_state=0, return_X_y=True
    )
    aligner = PeakAligner((625, 665), spectral_axis=WIDE).fit(simulated)
    return shift_rows(X, WIDE, aligner.shifts(X))


def recalls(model, X, y):
    predicted = model.predict(X)
    return {ion: np.mean(predicted[y == ion] == ion) for ion in IONS if (y == ion).any()}


def train(seed, n_per_class, max_epochs, n_members):
    """Fit the ensemble, whose members are the single nets, and a random forest."""
    X, y = make_l23_spectra(n_per_class, ions=IONS, random_state=seed, return_X_y=True)
    net = make_pipeline(SpectrumNormalizer(), FullyConvClassifier(max_epochs=max_epochs))
    ensemble = EnsembleClassifier(net, n_members, n_jobs=-1, random_state=seed).fit(X, y)
    forest = make_pipeline(SpectrumNormalizer(), RandomForestClassifier(200, random_state=seed))
    return ensemble, clone(forest).fit(X, y)


def report(name, models, variants_of_data, y):
    print(f"\n{name}: recall by class, accuracy (spread over the single nets)")
    for variant, X in variants_of_data:
        for title, group in models.items():
            rows = [recalls(model, X, y) for model in group]
            accuracy = [np.mean(model.predict(X) == y) for model in group]
            cells = "  ".join(f"{ion} {np.mean([r[ion] for r in rows]):.2f}" for ion in rows[0])
            spread = f"({min(accuracy):.2f} to {max(accuracy):.2f})" if len(group) > 1 else ""
            print(f"{variant:18}{title:16}{cells}   all {np.mean(accuracy):.3f} {spread}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--n-per-class", type=int, default=2000)
    parser.add_argument("--max-epochs", type=int, default=50)
    parser.add_argument("--n-members", type=int, default=6)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    ensemble, forest = train(
        options.seed, options.n_per_class, options.max_epochs, options.n_members
    )
    models = {"single nets": ensemble.members_, "ensemble": [ensemble], "random forest": [forest]}
    X, y = make_l23_spectra(500, ions=IONS, random_state=options.seed + 1, return_X_y=True)
    report("Simulated", models, [("as trained", X)], y)
    for name, read in (("Literature", literature), ("MnO, acquired", manganese_oxide)):
        try:
            X, y = read(options.folder)
        except FileNotFoundError as error:
            print(f"\n{name}: left out ({error})")
            continue
        report(name, models, variants(X, WIDE), y)
    if (options.folder / "lsmo_linescan.hspy").exists():
        X = resample_rows(line_scan(options.folder), WIDE, AXIS)
        share = ensemble.predict_proba(X).mean(axis=0)
        print("\nLSMO line scan, mean probability of the ensemble (nominal valence 3.3):")
        print("  ".join(f"{ion} {p:.2f}" for ion, p in zip(ensemble.classes_, share, strict=True)))


if __name__ == "__main__":
    main()
