"""Try the readers of the package on measured and simulated spectra, beside what is simpler.

Run ``python benchmarks/readers.py FOLDER`` with the folder of measured spectra: tables with the
columns spectrum, valence, energy_eV, intensity (``mn_l23_literature.csv``,
``fe_cr_co_l23_eelsdb.csv``), and ``mn2_acquired.npz`` (MnO; intensity, energy_eV). What a folder
lacks is left out; without FOLDER only simulated spectra are read. ``--quick`` reads few.

Pairs of measured spectra of different valence are also added in known proportion, and their mean
valence is read. Every row tells the accuracy of the most probable class, the share that is named
and its accuracy, the share called foreign, the log loss, and the expected calibration error in ten
bins. Simulated spectra are counts from points of the multiplet calculation that were not trained
on, also in channels of 0.5 eV that were interpolated to 0.1 eV; ions that a reader does not know
are simulated too. With ``--rivals``, others are trained on the same simulated edges, found and
aligned in the same way: a single invariant net, 15 neighbours, support vectors with a Gaussian and
a cosine kernel, a random forest, `ReferenceFit` of the mean edge of each class and, where sktime is
installed (``pip install -c constraints.txt ".[baselines]"``), MiniRocket with a ridge.
``--members`` leaves one, two and three of the three members of every ensemble, and shows what they
take on disk. ``--figure FILE`` draws the accuracy of the surest share of the simulated spectra
against that share.

Measured spectra are counted eight times each, in channels of 0.1 eV, with their lowest values as 0;
of MnO every fourth is read.
"""

import argparse
import copy
import tempfile
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from _measured import BACKGROUNDS, DOSES, changes, manganese_oxide, measured
from _rivals import against_rivals
from pretrained import INSTRUMENT, N_TRAINED, VALENCES, counted, simulate
from sklearn.metrics import log_loss

from skspectra.datasets import make_l23_spectra
from skspectra.datasets._atoms import element_of, known_ions
from skspectra.models import load_pretrained, save_model
from skspectra.readers._dense_nets import DenseNets

COVERAGES = (0.25, 0.5, 0.75, 0.9, 1)  # printed
CURVE = np.linspace(0.05, 1, 39)  # drawn


def read(reader, spectra, change):
    """Read spectra one by one on their own axes, each changed, into one table."""
    changed = [(*change(axis, row), label) for axis, row, label in spectra]
    tables = [reader.read(np.atleast_2d(rows), axis) for axis, rows, _ in changed]
    labels = [np.repeat(label, len(np.atleast_2d(rows))) for _, rows, label in changed]
    return pd.concat(tables, ignore_index=True), np.concatenate(labels)


def figures(table, y, classes):
    proba = table[list(classes)].to_numpy()
    right = classes[proba.argmax(axis=1)] == y
    named = (table["reason"] == "").to_numpy()
    return {
        "accuracy": right.mean(),
        "named": named.mean(),
        "of named": right[named].mean() if named.any() else np.nan,
        "foreign": (table["reason"] == "foreign").mean(),
        "log loss": log_loss(y, proba, labels=classes),
        "calibration": calibration_error(proba.max(axis=1), right),
        "n": len(y),
    }


def calibration_error(confidence, right):
    """Return the expected calibration error, in ten bins of equal width."""
    bins = np.minimum((10 * confidence).astype(int), 9)
    gaps = [abs((right - confidence)[bins == k].sum()) for k in np.unique(bins)]
    return sum(gaps) / len(right)


def risk_coverage(table, y, classes, shares):
    """Accuracy of the most probable shares."""
    proba = table[list(classes)].to_numpy()
    right = (classes[proba.argmax(axis=1)] == y)[np.argsort(-proba.max(axis=1))]
    return [right[: max(1, round(share * len(y)))].mean() for share in shares]


def show(name, values):
    cells = (
        f"{what} {value:.3f}" if what != "n" else f"n {value}" for what, value in values.items()
    )
    print(f"  {name:28}", *cells, sep="  ")


def mixed_pairs(reader, spectra, n_pairs, rng):
    """Read pairs of spectra of two valences, added in random proportion, as heights count."""
    valence = dict(zip(reader.classes_.tolist(), reader.valences_, strict=True))
    errors, covered = [], []
    for _ in range(n_pairs):
        first, second = (spectra[k] for k in rng.choice(len(spectra), 2, replace=False))
        if first[2] == second[2]:
            continue
        axis = np.arange(max(first[0][0], second[0][0]), min(first[0][-1], second[0][-1]), 0.1)
        share = rng.choice([0, 1]) if rng.uniform() < 0.4 else rng.uniform()
        parts = [np.interp(axis, each[0], each[1]) for each in (first, second)]
        parts = [part / part.max() for part in parts]
        true = share * valence[first[2]] + (1 - share) * valence[second[2]]
        row = reader.read([share * parts[0] + (1 - share) * parts[1]], axis).iloc[0]
        if np.isfinite(row["mean_valence"]):
            errors.append(abs(row["mean_valence"] - true))
            covered.append(row["lower"] - 1e-9 <= true <= row["upper"] + 1e-9)
    if errors:
        show("pairs in known proportion", {"error": np.mean(errors), "covered": np.mean(covered)})


def on_simulated(reader, n_per_class):
    """Print figures by dose and background; return the risk-coverage curves on 1x, by dose."""
    curves = {}
    element, rng = reader.element_, np.random.default_rng(0)
    X, y, points = simulate(element, n_per_class, 200)
    X, y = X[points >= N_TRAINED], y[points >= N_TRAINED]
    energies, axis = reader.spectral_axis_ / reader.energy_, reader.spectral_axis_
    for dose in DOSES:
        for background in BACKGROUNDS:
            table = reader.read(counted(X, energies, dose, background, rng), axis)
            show(f"{dose} counts on {background}x", figures(table, y, reader.classes_))
            if background == 1:
                curves[dose] = risk_coverage(table, y, reader.classes_, CURVE)
                curve = risk_coverage(table, y, reader.classes_, COVERAGES)
                cells = (f"{c:.0%} {r:.3f}" for c, r in zip(COVERAGES, curve, strict=True))
                print("      accuracy of the surest:", *cells, sep="  ")
                named = table["valence"].to_numpy()
                show(
                    "    named right, of", {c: (named == c)[y == c].mean() for c in reader.classes_}
                )
                table = reader.read(interpolated(X, energies, dose, rng), axis)
                show(f"{dose} counts, interpolated", figures(table, y, reader.classes_))
    return curves


def interpolated(X, energies, dose, rng, n_added=5):
    """Count edges on a background as high in channels so many times as wide, and interpolate."""
    wide = counted(X, energies, dose, 1, rng).reshape(len(X), -1, n_added).mean(axis=2)
    centres = energies.reshape(-1, n_added).mean(axis=1)
    return np.array([np.interp(energies, centres, row) for row in wide])


def other_valences(reader, n_spectra):
    """Print what is made of ions of the element that the reader was not trained on."""
    rng, axis = np.random.default_rng(0), reader.spectral_axis_
    for ion in known_ions():
        if element_of(ion) == reader.element_ and ion not in reader.classes_:
            X = make_l23_spectra(
                n_spectra,
                ions=(ion,),
                spectral_axis=axis,
                random_state=202,
                **INSTRUMENT | {"n_points": 50},
            ).data
            table = reader.read(counted(X, axis / reader.energy_, 1000, 1, rng), axis)
            show(ion, table["valence"].value_counts(normalize=True).to_dict())


def by_members(reader, n_per_class):
    """Print figures of simulated counts and the size of the file, by members of each ensemble."""
    X, y, points = simulate(reader.element_, n_per_class, 200)
    X, y, axis = X[points >= N_TRAINED], y[points >= N_TRAINED], reader.spectral_axis_
    for n_members in (1, 2, 3):
        small = copy.deepcopy(reader)
        for expert in (*small.experts_, *small.mixture_experts_, small.detector_):
            if isinstance(expert, DenseNets):
                expert.coefs_ = [layer[:n_members] for layer in expert.coefs_]
                expert.intercepts_ = [layer[:n_members] for layer in expert.intercepts_]
            else:
                ensemble = expert[-1]
                ensemble.members_ = ensemble.members_[:n_members]
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "reader.safetensors"
            save_model(small, path)
            size = path.stat().st_size / 1000
        for dose in (1000, 100, 20):
            rng = np.random.default_rng(0)
            table = small.read(counted(X, axis / reader.energy_, dose, 1, rng), axis)
            show(
                f"{n_members} members, {size:.0f} kB, {dose} counts",
                figures(table, y, reader.classes_),
            )


def draw(curves, path):
    """Draw risk-coverage curves, one panel for each element."""
    import matplotlib.pyplot as plt

    n_rows = -(-len(curves) // 4)
    figure, axes = plt.subplots(
        n_rows, 4, figsize=(11, 3 * n_rows), sharex=True, sharey=True, layout="constrained"
    )
    for ax in axes.flat[len(curves) :]:
        ax.remove()
    for ax, (element, of_doses) in zip(axes.flat, curves.items(), strict=False):
        colours = plt.cm.viridis(np.linspace(0, 0.9, len(of_doses)))
        for colour, (dose, curve) in zip(colours, of_doses.items(), strict=True):
            ax.plot(CURVE, curve, color=colour, label=f"{dose} counts")
        ax.set_title(element)
        ax.grid(alpha=0.3)
    axes.flat[0].legend(fontsize="small")
    axes.flat[0].set_ylim(0.5, 1.01)
    figure.supxlabel("Share of the spectra that is named")
    figure.supylabel("Accuracy of what is named")
    figure.savefig(path, dpi=120)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?", help="folder of measured spectra")
    parser.add_argument("--elements", nargs="+", default=list(VALENCES), choices=list(VALENCES))
    parser.add_argument("--figure", type=Path, help="file for the risk-coverage curves")
    parser.add_argument("--rivals", action="store_true", help="train the rivals too")
    parser.add_argument("--members", action="store_true", help="leave fewer members too")
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    n_per_class = 100 if options.quick else 2000
    curves = {}
    for element in options.elements:
        reader = load_pretrained(f"{element.lower()}-l23")
        print(f"\n{element}, simulated from points not trained on")
        curves[element] = on_simulated(reader, n_per_class)
        print(
            f"\n{element}, simulated ions not trained on, 1000 counts on 1x: what they are called"
        )
        other_valences(reader, n_per_class // 4)
        sets = {}
        if options.folder is not None:
            sets["published"] = measured(options.folder, reader)
            if element == "Mn":
                sets["MnO, acquired"] = manganese_oxide(options.folder)[
                    :: 20 if options.quick else 4
                ]
        for name, spectra in sets.items():
            if spectra:
                print(f"\n{element}, {name}")
                for change_name, change in changes(np.random.default_rng(0)):
                    table, y = read(reader, spectra, change)
                    show(change_name, figures(table, y, reader.classes_))
                if len({label for *_, label in spectra}) > 1:
                    n_pairs = 10 if options.quick else 300
                    mixed_pairs(reader, spectra, n_pairs, np.random.default_rng(0))
        if options.members:
            print(f"\n{element}, simulated, with fewer members, on 1x background")
            by_members(reader, n_per_class)
        if options.rivals:
            print(f"\n{element}, beside others: accuracy (log loss)")
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                against_rivals(reader, sets.get("published", []), n_per_class)
    if options.figure is not None:
        draw(curves, options.figure)


if __name__ == "__main__":
    main()
