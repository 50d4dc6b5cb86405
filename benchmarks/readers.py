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
from baselines import TimeSeriesClassifier, time_series_classifiers
from pretrained import INSTRUMENT, N_TRAINED, VALENCES, counted, simulate, training_set
from scipy.ndimage import gaussian_filter1d
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import log_loss
from sklearn.metrics.pairwise import cosine_similarity
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from skspectra.datasets import make_l23_spectra
from skspectra.datasets._atoms import element_of, known_ions
from skspectra.models import load_pretrained, save_model
from skspectra.readers._dense_nets import DenseNets
from skspectra.readers._edges import aligned_axis, smooth_by_noise
from skspectra.readers._experts import default_classifiers
from skspectra.unmixing import ReferenceFit

DOSES = (10, 20, 100, 1000, 10_000)
BACKGROUNDS = (0, 1, 5, 20)
SHIFTS = (-10, -5, 5, 10)
STRETCHES = (-0.05, 0.05)
RESOLUTIONS = (0.5, 1, 2, 3.5)  # eV, added to that of the measurement
N_DRAWS = 8  # of the counts of each measured spectrum
COVERAGES = (0.25, 0.5, 0.75, 0.9, 1)  # printed
CURVE = np.linspace(0.05, 1, 39)  # drawn


def measured(folder, reader):
    """Measured spectra of the element of a reader: axis, intensity and label of each."""
    spectra = []
    for path in sorted(folder.glob("*.csv")):
        for _, rows in pd.read_csv(path).groupby("spectrum", sort=False):
            label = rows["valence"].iloc[0]
            if label in reader.classes_:
                rows = rows.sort_values("energy_eV").drop_duplicates("energy_eV")
                spectra.append((rows["energy_eV"].to_numpy(), rows["intensity"].to_numpy(), label))
    return spectra


def manganese_oxide(folder):
    data = np.load(folder / "mn2_acquired.npz")
    axis = data["energy_eV"].astype(float)
    return [(axis, row, "Mn2+") for row in data["intensity"].astype(float)]


def read(reader, spectra, change):
    """Read spectra one by one on their own axes, each changed, into one table."""
    changed = [(*change(axis, row), label) for axis, row, label in spectra]
    tables = [reader.read(np.atleast_2d(rows), axis) for axis, rows, _ in changed]
    labels = [np.repeat(label, len(np.atleast_2d(rows))) for _, rows, label in changed]
    return pd.concat(tables, ignore_index=True), np.concatenate(labels)


def as_counts(axis, intensity, dose, background, rng, n_draws=1):
    """Count a spectrum so many times in its maximum, on a background that high at its middle."""
    low, high = np.percentile(intensity, (2, 99.5))
    edge = np.clip((intensity - low) / (high - low), 0, None)
    expected = dose * (edge + background * (axis / axis.mean()) ** -3.3)
    return rng.poisson(expected, (n_draws, axis.size))


def in_fine_channels(axis, intensity):
    """Bring a spectrum to channels of 0.1 eV, as those of EELS often are."""
    fine = np.arange(axis[0], axis[-1], 0.1)
    return fine, np.interp(fine, axis, intensity)


def changes(rng):
    """Yield what is done to measured spectra, by name."""
    yield "as they are", lambda axis, x: (axis, x)
    for shift in SHIFTS:
        yield f"shift {shift:+d} eV", lambda axis, x, s=shift: (axis + s, x)
    for stretch in STRETCHES:
        yield (
            f"dispersion {stretch:+.0%}",
            lambda axis, x, t=stretch: (axis.mean() + (axis - axis.mean()) * (1 + t), x),
        )
    for width in RESOLUTIONS:
        yield (
            f"blurred by {width} eV",
            lambda axis, x, w=width: (axis, _blurred(axis, x, w)),
        )
    for dose in DOSES[1:-1]:
        for background in BACKGROUNDS[1:]:
            yield (
                f"{dose} counts on {background}x",
                lambda axis, x, d=dose, b=background: _counted_finely(axis, x, d, b, rng),
            )


def _counted_finely(axis, x, dose, background, rng):
    fine, row = in_fine_channels(axis, x)
    return fine, as_counts(fine, row, dose, background, rng, N_DRAWS)


def _blurred(axis, x, fwhm):
    fine = np.linspace(axis[0], axis[-1], 8 * axis.size)
    sigma = fwhm / 2.355 / (fine[1] - fine[0])
    return np.interp(axis, fine, gaussian_filter1d(np.interp(fine, axis, x), sigma, mode="nearest"))


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


def rivals():
    """Return simple classifiers of aligned edges."""
    components = PCA(25, random_state=0)
    simple = {
        "single net": default_classifiers("mixed", 1)[1],
        "15 neighbours": make_pipeline(components, KNeighborsClassifier(15)),
        "SVC": make_pipeline(components, SVC(C=10, probability=True, random_state=0)),
        "SVC, cosine": SVC(kernel=cosine_similarity, C=100, probability=True, random_state=0),
        "forest": RandomForestClassifier(200, random_state=0),
    }
    rocket = time_series_classifiers().get("MiniRocket + ridge")
    return simple if rocket is None else simple | {"MiniRocket": TimeSeriesClassifier(rocket)}


def against_rivals(reader, spectra, n_per_class):
    """Read the same aligned edges by all; rivals were trained on edges of 200 counts and more."""
    rng, element = np.random.default_rng(1), reader.element_
    X, y, _ = training_set(element)
    known = np.flatnonzero(y != "unknown")
    rows = rng.choice(known, min(n_per_class * reader.classes_.size, known.size), replace=False)
    edges = reader._find(X[rows], reader.spectral_axis_)
    trained = reader._views(edges.spectra, rng)[0]
    models = {
        name: model.fit(smooth_by_noise(trained), y[rows]) for name, model in rivals().items()
    }
    means = {label: edges.spectra[y[rows] == label].mean(axis=0) for label in reader.classes_}
    axis = aligned_axis(reader.window_)
    models["reference fit"] = ReferenceFit(means, spectral_axis=axis, shift=(-1, 1)).fit(
        edges.spectra
    )
    X, y, points = simulate(element, n_per_class, 201)
    is_new = points >= N_TRAINED
    tested = {"simulated": ([(reader.spectral_axis_, row) for row in X[is_new]], y[is_new])}
    if spectra:
        tested["measured"] = [(a, x) for a, x, _ in spectra], np.array([t for *_, t in spectra])
    for kind, (rows, labels) in tested.items():
        for dose in (None, 1000, 100, 20):
            name = f"{kind}, {'as they are' if dose is None else f'{dose} counts'}"
            counts = [x if dose is None else as_counts(a, x, dose, 1, rng)[0] for a, x in rows]
            found = [
                reader._find(np.asarray(x, float)[None], a)
                for x, (a, _) in zip(counts, rows, strict=True)
            ]
            seen = np.concatenate([smooth_by_noise(each) for each in found])
            noise = np.concatenate([each.noise for each in found])
            proba = {"reader": reader._probabilities(seen, noise)}
            proba |= {each: _probabilities(model, seen) for each, model in models.items()}
            cells = []
            for each, p in proba.items():
                accuracy = np.mean(reader.classes_[p.argmax(axis=1)] == labels)
                loss = log_loss(labels, np.clip(p, 1e-6, 1), labels=reader.classes_)
                cells.append(f"{each} {accuracy:.3f} ({loss:.2f})")
            print(f"  {name:28}", *cells, sep="  ")


def _probabilities(model, spectra):
    """Return probabilities of a classifier, 1 and 0 where it only predicts, or fractions."""
    if hasattr(model, "predict_proba"):
        return model.predict_proba(spectra)
    if not hasattr(model, "transform"):
        return (model.predict(spectra)[:, None] == model.classes_).astype(float)
    fractions = np.maximum(model.transform(spectra), 1e-3)
    return fractions / fractions.sum(axis=1, keepdims=True)


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
