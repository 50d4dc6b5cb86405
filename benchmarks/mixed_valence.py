"""How much of each valence: regression, classes and fits of references on the same mixtures.

Run ``python benchmarks/mixed_valence.py [FOLDER]``, see ``benchmarks/real_spectra.py`` for the
folder of measured spectra; without one, simulated mixtures are all. ``--quick`` for fewer spectra.

Mixtures are sums of simulated spectra of pure valence in known fractions, each part scaled by its
maximum. What is tested comes from points of the multiplet theory that nothing was trained on. Every
method is trained on as many spectra, and every spectrum is shifted by up to 5 eV and counted.
"""

import argparse
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from real_spectra import AXIS, IONS, WIDE, line_scan
from sklearn.ensemble import RandomForestRegressor
from sklearn.pipeline import make_pipeline

from skspectra._numerics.interpolation import resample_rows
from skspectra.augmentation import EnergyShift
from skspectra.datasets import make_l23_spectra
from skspectra.exceptions import SpectrumWarning
from skspectra.io import read_spectra
from skspectra.neural import FullyConvClassifier, FullyConvRegressor
from skspectra.preprocessing import PeakAligner, SpectrumNormalizer
from skspectra.sampling import RandomMixture, ValenceMixture
from skspectra.unmixing import ReferenceFit

VALENCE = np.array([2.0, 3.0, 4.0])
HALVES = {"Mn2.5+": {"Mn2+": 0.5, "Mn3+": 0.5}, "Mn3.5+": {"Mn3+": 0.5, "Mn4+": 0.5}}
DOSE = (20, 20_000)  # counts in the highest channel, drawn uniformly in the logarithm
COVERAGE = 0.9


def pure_spectra(n_per_class, seed):
    """Spectra of pure valence, neither shifted nor counted, and their parts: train, other, test."""
    spectra = make_l23_spectra(
        n_per_class,
        ions=IONS,
        spectral_axis=WIDE,
        shift=0,
        dose=None,
        gain_noise=0,
        readout_noise=0,
        random_state=seed,
    )
    tens = spectra.parameters["point"].to_numpy() % 10
    rows = {"train": tens < 6, "other": (tens >= 6) & (tens < 8), "test": tens >= 8}
    return {part: (spectra.data[each], spectra.target[each]) for part, each in rows.items()}


def record(X, rng):
    """Spectra as instruments would record them, and their doses."""
    shift = EnergyShift((-5, 5), window=(635, 664.95), spectral_axis=WIDE)
    X = shift.set_params(random_state=int(rng.integers(2**31))).fit_transform(X)
    dose = np.exp(rng.uniform(*np.log(DOSE), (len(X), 1)))
    return rng.poisson(dose * X.clip(0) / X.max(axis=1, keepdims=True)) / dose, dose[:, 0]


def any_mixtures(X, y, n_samples, rng):
    """Mixtures of all fractions; the spectra of pure valence come first."""
    mixture = RandomMixture(n_samples, spectral_axis=WIDE, random_state=int(rng.integers(2**31)))
    return mixture.fit_resample(X, (y[:, None] == IONS).astype(float))


def five_classes(X, y, n_samples, rng):
    """Make the article's classes; those of pure valence come first."""
    seed = int(rng.integers(2**31))
    mixture = ValenceMixture(HALVES, n_samples, spectral_axis=WIDE, random_state=seed)
    return mixture.fit_resample(X, y)


def train(X, y, n_samples, max_epochs, seed):
    """Fit all methods; return functions from spectra to fractions or mean valences, by name."""
    rng = np.random.default_rng(seed)
    params = {"max_epochs": max_epochs, "lr": 0.02, "schedule": "one-cycle", "dropout": 0.1}
    params |= {"random_state": seed}
    X_any, fractions = any_mixtures(X, y, n_samples, rng)
    X_any, _ = record(X_any, rng)
    X_five, five = five_classes(X, y, n_samples // 2, rng)
    X_five, _ = record(X_five, rng)
    rows = rng.integers(len(X), size=len(X_any))
    X_pure, _ = record(X[rows], rng)

    def net(estimator):
        return make_pipeline(SpectrumNormalizer(), estimator)

    regressor = FullyConvRegressor(validation_fraction=0.2, **params)
    values = net(regressor).fit(X_any, fractions @ VALENCE)
    shares = FullyConvRegressor(target="fractions", validation_fraction=0.2, **params)
    shares = net(shares).fit(X_any, fractions)
    classes = net(FullyConvClassifier(**params)).fit(X_five, five)
    three = net(FullyConvClassifier(**params)).fit(X_pure, y[rows])
    forest = RandomForestRegressor(100, max_features=1 / 3, random_state=seed)
    aligned = make_pipeline(PeakAligner((636, 664), spectral_axis=AXIS), net(forest))
    aligned.fit(X_any, fractions)
    inside = (WIDE > AXIS[0] - 0.05) & (WIDE < AXIS[-1] + 0.05)
    means = [X[y == ion].mean(axis=0)[inside] for ion in IONS]
    references = {ion: mean / mean.max() for ion, mean in zip(IONS, means, strict=True)}
    fit = ReferenceFit(references, shift=(-6, 6), spectral_axis=AXIS).fit(X_any)
    of_class = np.array([float(label[2:-1]) for label in classes.classes_])
    code = {label: number for number, label in enumerate(classes.classes_)}
    return (values, shares), {
        "regressor, values": values.predict,
        "regressor, fractions": shares.predict,
        "five classes, probabilities": lambda X: classes.predict_proba(X) @ of_class,
        "five classes, the class": lambda X: of_class[[code[c] for c in classes.predict(X)]],
        "three classes, probabilities": three.predict_proba,
        "reference fit": fit.transform,
        "random forest, L3 aligned": aligned.predict,
    }


def mean_valence(found):
    return found if found.ndim == 1 else found @ VALENCE


def tests(X, y, n_samples, rng):
    """Recorded spectra, their fractions and doses, by what is mixed."""
    pure = (y[:, None] == IONS).astype(float)
    X_any, fractions = any_mixtures(X, y, n_samples, rng)
    X_five, five = five_classes(X, y, n_samples // 2, rng)
    halves = {"Mn2.5+": (0.5, 0.5, 0.0), "Mn3.5+": (0.0, 0.5, 0.5)}
    given = {
        "pure": (X, pure),
        "halves": (X_five[len(X) :], np.array([halves[label] for label in five[len(X) :]])),
        "any": (X_any[len(X) :], fractions[len(X) :]),
    }
    return {name: (*record(X, rng), parts) for name, (X, parts) in given.items()}


def report_errors(runs):
    """Print mean absolute errors on simulated spectra, over all runs, and their spread."""
    rows = {}
    for run, (_, methods, spectra) in enumerate(runs):
        for name, method in methods.items():
            for kind, (X, _, fractions) in spectra.items():
                found = method(X)
                error = np.abs(mean_valence(found) - fractions @ VALENCE)
                rows[name, f"valence, {kind}", run] = error.mean()
                if found.ndim == 2:
                    rows[name, f"fractions, {kind}", run] = np.abs(found - fractions).mean()
    table = pd.Series(rows).groupby(level=[0, 1], sort=False)
    spread = table.max() - table.min()
    text = table.mean().map("{:.3f}".format) + spread.map(" ({:.3f})".format)
    print(f"Mean absolute error on simulated mixtures, {len(runs)} runs (highest less lowest)")
    print(text.unstack().reindex(list(runs[0][1])).fillna("").to_string())


def interval(pipeline, X):
    return pipeline[-1].predict_interval(pipeline[:-1].transform(X), COVERAGE)


def report_intervals(runs, others):
    """Print coverage and width of intervals, by what they were calibrated with."""
    print(f"\nIntervals of {COVERAGE:.0%} on simulated mixtures of any fraction, calibrated with:")
    print("coverage, width, width below 200 counts, width above 2000 counts")
    for title, calibrate in (("held-out mixtures", False), ("mixtures of other points", True)):
        for name, which in (("values", 0), ("fractions", 1)):
            rows = []
            for (pipelines, _, spectra), (X_other, parts) in zip(runs, others, strict=True):
                pipeline, truth = pipelines[which], spectra["any"][2]
                if calibrate:
                    target = parts if which else parts @ VALENCE
                    pipeline[-1].calibrate(pipeline[:-1].transform(X_other), target)
                truth = truth if which else truth @ VALENCE
                lower, upper = interval(pipeline, spectra["any"][0])
                dose, width = spectra["any"][1], upper - lower
                low, high = (width[dose < 200].mean(), width[dose > 2000].mean())
                inside = (lower <= truth) & (truth <= upper)
                rows.append((inside.mean(), width.mean(), low, high))
            figures = "  ".join(f"{each:.3f}" for each in np.mean(rows, axis=0))
            print(f"{name:12}{title:28}{figures}")


def measured(folder):
    """Measured spectra on the axis of the nets, and what is known of their mean valence."""
    path = folder / "mn_l23_literature.csv"
    X, names = read_spectra(path, WIDE, outside="edge")
    known = pd.read_csv(path).groupby("spectrum")[["compound", "valence"]].first().loc[names]
    valence = known["valence"].fillna("").to_numpy(str)
    pure = np.isin(valence, IONS)
    label = [f"published {ion}, {np.sum(valence == ion)}" for ion in IONS]
    groups = {
        name: (X[valence == ion], nominal)
        for name, ion, nominal in zip(label, IONS, ("2", "3", "4"), strict=True)
    }
    for row in np.flatnonzero(~pure):
        is_oxide = known["compound"].iloc[row] == "YBaMn3AlO7"
        groups[str(names[row])] = (X[[row]], "2 (charge balance)" if is_oxide else "3 to 4")
    if (folder / "lsmo_linescan.hspy").exists():
        groups["La0.7Sr0.3MnO3, line scan, 40"] = (line_scan(folder), "3.3")
    return {name: (resample_rows(X, WIDE, AXIS), known) for name, (X, known) in groups.items()}


def report_measured(runs, folder):
    """Print the mean valence that each method finds in measured spectra."""
    columns = {}
    for name, (X, nominal) in measured(folder).items():
        column = {"nominal": nominal}
        for method in runs[0][1]:
            found = [mean_valence(methods[method](X)).mean() for _, methods, _ in runs]
            spread = f" ({min(found):.2f} to {max(found):.2f})"
            column[method] = f"{np.mean(found):.2f}" + spread
        bounds = np.mean([np.mean(interval(pipelines[0], X), axis=1) for pipelines, *_ in runs], 0)
        column["interval of the values"] = f"{bounds[0]:.2f} to {bounds[1]:.2f}"
        columns[name] = column
    print("\nMean valence of measured spectra, mean over the runs (lowest to highest run)")
    print(pd.DataFrame(columns).T.to_string())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    warnings.simplefilter("ignore", SpectrumWarning)
    n_per_class, n_samples, max_epochs, n_runs = (500, 5000, 40, 3)
    if options.quick:
        n_per_class, n_samples, max_epochs, n_runs = (300, 2000, 30, 1)
    runs, others = [], []
    for seed in range(n_runs):
        parts = pure_spectra(n_per_class, seed)
        rng = np.random.default_rng(1000 + seed)
        pipelines, methods = train(*parts["train"], n_samples, max_epochs, seed)
        runs.append((pipelines, methods, tests(*parts["test"], 1500, rng)))
        X_other, fractions = any_mixtures(*parts["other"], 1000, rng)
        others.append((record(X_other, rng)[0], fractions))
    report_errors(runs)
    report_intervals(runs, others)
    if options.folder is not None:
        report_measured(runs, options.folder)


if __name__ == "__main__":
    main()
