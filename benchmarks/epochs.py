"""Epochs: how many a training needs, and what it costs or gains on measured spectra.

Run ``OMP_NUM_THREADS=1 python benchmarks/epochs.py [FOLDER]`` with the folder of measured spectra
that ``real_spectra.py`` takes. The settings were chosen with the seeds 100 and 101 and simulated
spectra only; those of the report are 0 to 9.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from real_spectra import IONS, WIDE, literature, manganese_oxide, variants
from sklearn.base import clone
from sklearn.model_selection import StratifiedKFold, cross_val_score

from skspectra.cli._demo import ONE_INSTRUMENT
from skspectra.datasets import make_l23_spectra
from skspectra.neural import FullyConvClassifier
from skspectra.preprocessing import SpectrumNormalizer

WANTED = 0.998  # of the article, ten folds
PER_CLASS = 667  # 2001 spectra as in the article
RECIPES = {
    "the article's": (FullyConvClassifier.as_published(), (25, 50, 100, 200, 400, 800)),
    "constant": (
        FullyConvClassifier(schedule="constant", lr=0.003, batch_size=64),
        (10, 20, 50, 100, 200),
    ),
    "one cycle": (
        FullyConvClassifier(schedule="one-cycle", lr=0.03, batch_size=64),
        (5, 10, 20, 30, 50),
    ),
}
RULES = (("the article's", 100), ("constant", 100), ("one cycle", 30), ("one cycle", 50))


def simulate(n_per_class, seed, **params):
    X, y = make_l23_spectra(n_per_class, ions=IONS, random_state=seed, return_X_y=True, **params)
    return SpectrumNormalizer().fit_transform(X), y


def climb(seeds):
    """Train with more and more epochs until ten folds are named as well as in the article."""
    data = [simulate(PER_CLASS, seed, **ONE_INSTRUMENT) for seed in seeds]
    print(f"Ten folds on {3 * PER_CLASS} simulated spectra of one instrument, as the")
    print(
        f"article's: mean accuracy over {len(data)} draws of them in % (least), time of ten folds"
    )
    for name, (net, rungs) in RECIPES.items():
        for max_epochs in rungs:
            scores, start = [], time.perf_counter()
            for seed, (X, y) in zip(seeds, data, strict=True):
                folds = StratifiedKFold(10, shuffle=True, random_state=seed)
                model = clone(net).set_params(max_epochs=max_epochs, random_state=seed)
                scores.append(cross_val_score(model, X, y, cv=folds).mean())
            taken = (time.perf_counter() - start) / len(data)
            accuracy = f"{100 * np.mean(scores):.2f} ({100 * min(scores):.2f})"
            print(f"{name:16}{max_epochs:4d} epochs{accuracy:>18}{taken:8.1f} s", flush=True)
            if np.mean(scores) >= WANTED:
                break


def held_out(folder):
    """Spectra that no net is trained on: simulated, published, and MnO; as recorded and moved."""
    yield "simulated", *simulate(1000, 1000)
    for name, read in (("published", literature), ("MnO", manganese_oxide)):
        X, y = read(folder)
        recorded, *moved = variants_of(X)
        yield name, recorded, y
        yield f"{name}, moved", np.concatenate(moved), np.tile(y, len(moved))


def variants_of(X):
    """Spectra as recorded, then with other shifts and dispersions, as the nets take them."""
    each = dict(variants(X, WIDE))
    recorded = each.pop("shift +0 eV")
    return [SpectrumNormalizer().fit_transform(X) for X in (recorded, *each.values())]


def compare_on_measured(folder, seeds, n_per_class):
    """Train on simulated spectra with calibration errors, score what was held out."""
    tests = {name: (X, y) for name, X, y in held_out(folder)}
    scores = {rule: [] for rule in RULES}
    for seed in seeds:
        X, y = simulate(n_per_class, seed)
        for (name, max_epochs), rows in scores.items():
            net = clone(RECIPES[name][0]).set_params(max_epochs=max_epochs, random_state=seed)
            net.fit(X, y)
            rows.append([net.score(*test) for test in tests.values()])
    print(f"\nTrained on {3 * n_per_class} simulated spectra with calibration errors,")
    print(f"{len(seeds)} seeds: mean accuracy in % +- spread over the seeds")
    print(" " * 26 + "".join(f"{name:>18}" for name in tests))
    for (name, max_epochs), rows in scores.items():
        cells = zip(100 * np.mean(rows, axis=0), 100 * np.std(rows, axis=0), strict=True)
        text = "".join(f"{f'{mean:.1f} +- {spread:.1f}':>18}" for mean, spread in cells)
        print(f"{name:15}{max_epochs:4d} epochs{text}")
    print("difference to the constant rate, seed by seed, +- standard error of the mean")
    for (name, max_epochs), rows in scores.items():
        difference = 100 * np.subtract(rows, scores["constant", 100])
        error = difference.std(axis=0, ddof=1) / len(rows) ** 0.5
        cells = zip(difference.mean(axis=0), error, strict=True)
        text = "".join(f"{f'{mean:+.1f} +- {spread:.1f}':>18}" for mean, spread in cells)
        print(f"{name:15}{max_epochs:4d} epochs{text}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?", help="measured spectra")
    parser.add_argument("--quick", action="store_true", help="fewer seeds and spectra")
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.folder is not None:
        compare_on_measured(
            options.folder,
            seeds=range(3 if options.quick else 10),
            n_per_class=500 if options.quick else 2000,
        )
    climb(seeds=range(1 if options.quick else 3))
