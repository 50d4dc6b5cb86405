"""Models and measurements of ``benchmarks/paper.py``."""

from typing import NamedTuple

import numpy as np
from _paper_data import IONS, WIDE
from joblib import Parallel, delayed
from sklearn.base import clone
from sklearn.metrics import confusion_matrix
from sklearn.model_selection import StratifiedKFold
from sklearn.neighbors import KNeighborsClassifier
from tqdm import tqdm

from skspectra.augmentation import EnergyShift, PCANoise
from skspectra.neural import ConvDenseClassifier, DenseClassifier, FullyConvClassifier
from skspectra.pipeline import Pipeline
from skspectra.preprocessing import SpectralCrop, SpectrumNormalizer
from skspectra.sampling import Augment, ValenceMixture

WINDOW = (635, 665)
AXIS = WIDE[200:500]  # what the nets see
FRACTIONS = {"Mn2.5+": {"Mn2+": 0.5, "Mn3+": 0.5}, "Mn3.5+": {"Mn3+": 0.5, "Mn4+": 0.5}}

PUBLISHED, INVARIANT = "fully conv, published", "fully conv, invariant"
NETS = {
    PUBLISHED: FullyConvClassifier(),
    INVARIANT: FullyConvClassifier(architecture="invariant"),
    "conv + dense": ConvDenseClassifier(),
    "dense": DenseClassifier(),
}
SCATTER = "scatter 0.8 eV"
TRAININGS = {  # shifted copies that are trained on, and by how many eV at most
    "plain": (0, 0.0),
    SCATTER: (1, 0.8),
    "shift 1x": (1, 5.0),
    "shift 3x": (3, 5.0),
    "shift 10x": (10, 5.0),
    "PCA noise": (0, 0.0),
}
WAYS = ("", " as published")  # of training: the defaults, and the article's
AS_PUBLISHED = {"lr": 0.001, "schedule": "constant", "batch_size": 128}
N_NOISY = 25  # copies with PCA noise, of the thesis's 25 to 60


class Size(NamedTuple):
    """How much is simulated, trained and measured."""

    n_per_class: int  # simulated
    most_per_class: int | None  # measured
    n_folds: int
    max_epochs: int
    n_shifts: int
    n_noises: int
    n_timed: int  # spectra of the epoch that is timed


FULL = Size(667, None, n_folds=10, max_epochs=100, n_shifts=101, n_noises=11, n_timed=100_000)
QUICK = Size(200, 200, n_folds=3, max_epochs=120, n_shifts=51, n_noises=11, n_timed=100_000)

MOVES = (-3, 0, 3)  # eV; the article's references lay about 3 eV from its training spectra


def shifts_of(size):
    return np.linspace(-5, 5, size.n_shifts)


def noise_scales_of(size):
    return np.linspace(0, 5, size.n_noises)


def make_model(net, training, max_epochs, seed, first=None, way="", **params):
    """Make a pipeline from wide spectra to labels.

    ``shift 1x`` to ``shift 10x`` train on one to ten shifted copies in place of the spectra, ten
    copies for a tenth of the epochs: the number of steps stays the same. The scatter is one copy
    too, as far as a session at one instrument may be off; the simulated spectra have none at all.
    ``PCA noise`` is drawn afresh for every batch, on what the net sees.

    Trained as published, nets have the article's rate and batches, twice the epochs, and with PCA
    noise 25 copies that are made beforehand, for a 25th of the epochs.
    """
    n_copies, most = TRAININGS[training]
    is_noisy = training == "PCA noise"
    if way:
        params = {**AS_PUBLISHED, **params}
        max_epochs = 2 * max_epochs // (N_NOISY if is_noisy else 1)
    steps = [first] if first else []
    if n_copies:
        shift = EnergyShift((-most, most), spectral_axis=WIDE)
        copies = Augment([shift], n_copies, keep_original=False, random_state=seed)
        steps.append(("shift", copies))
    classifier = clone(NETS[net]).set_params(
        max_epochs=max(1, max_epochs // (n_copies or 1)),
        augment=[PCANoise()] if is_noisy and not way else None,
        random_state=seed,
        **params,
    )
    crop = SpectralCrop(WINDOW, spectral_axis=WIDE)
    steps.append(("crop", crop))
    if is_noisy and way:
        noisy = Augment([PCANoise()], N_NOISY, keep_original=False, random_state=seed)
        steps.append(("noise", noisy))
    return Pipeline([*steps, ("normalize", SpectrumNormalizer()), ("classify", classifier)])


def mixture(n_samples, seed):
    return ValenceMixture(FRACTIONS, n_samples, spectral_axis=WIDE, random_state=seed)


def make_mixed_model(net, max_epochs, n_samples, seed, way):
    """Make a model of five classes, with half the epochs for three times the spectra."""
    mix = ("mix", mixture(n_samples, seed))
    return make_model(net, "plain", max_epochs // 2, seed, first=mix, way=way, dropout=0.1)


def score_fold(model, X, y, train, test, size):
    """Fit once, and score the held-out spectra as they are, shifted, and with scaled noise."""
    model.fit(X[train], y[train])
    learned = model.score(X[train], y[train])
    X, y = X[test], y[test]
    seen = model[:-1].transform(X)
    noise = PCANoise(n_components=min(10, len(test) // 2)).fit(seen)
    rng = np.random.default_rng(0)
    noisy = (noise.set_params(scale=float(k)).perturb(seen, rng) for k in noise_scales_of(size))
    shifted = (EnergyShift(shift, spectral_axis=WIDE).fit_transform(X) for shift in shifts_of(size))
    return {
        "training accuracy": learned,
        "accuracy": model.score(X, y),
        "confusion": confusion_matrix(y, model.predict(X), labels=model.classes_),
        "shift": [model.score(each, y) for each in shifted],
        "noise": [model[-1].score(each, y) for each in noisy],
    }


def score_mixed_fold(model, X, y, train, test, seed):
    """Fit with mixtures of the training spectra, score mixtures of the held-out ones."""
    model.fit(X[train], y[train])
    X, y = mixture(len(test) // 3, seed).fit_resample(X[test], y[test])
    matrix = confusion_matrix(y, model.predict(X), labels=model.classes_)
    return {"accuracy": model.score(X, y), "confusion": matrix}


def label_references(model, X, y, references):
    """Fit to all spectra and name the references after each move, shape (n_moves, n_spectra)."""
    model.fit(X, y)
    return [model.predict(each) for each in moved(references)]


def moved(references):
    """Spectra as instruments that are off by each of the moves would have given them."""
    return [EnergyShift(move, spectral_axis=WIDE).fit_transform(references) for move in MOVES]


def neighbour_shares(model, X, y, references):
    """Share of the references, after each move, that their nearest training spectra name right.

    Nearest by what the net of a fitted model sees, and by the features that it makes of that.
    """
    known = np.isin(references[1], y)
    if not known.any():
        return {}
    seen = model[:-1].transform
    spaces = {"inputs": seen, "features": lambda X: model[-1].embed(seen(X))}
    return {
        name: [
            KNeighborsClassifier().fit(space(X), y).score(space(each), references[1][known])
            for each in moved(references[0][known])
        ]
        for name, space in spaces.items()
    }


def time_epoch(X, y, n_timed):
    """Seconds of an epoch with batches of 2048, the second one."""
    rows = np.arange(n_timed) % len(X)
    model = make_model(PUBLISHED, "plain", 2, 0, batch_size=2048).fit(X[rows], y[rows])
    return model[-1].history_[-1]["duration"]


def measure(X, y, references, size, seed, title, way=""):
    """Everything that is measured on one set of spectra, as lists and numbers."""
    n_folds = min(size.n_folds, np.unique(y, return_counts=True)[1].min() // 5)
    folds = list(StratifiedKFold(n_folds, shuffle=True, random_state=seed).split(X, y))
    cells = [(net, training) for net in NETS for training in TRAININGS]
    mixable = set(IONS) == set(y)
    n_mixed = len(y) * 3 // 4  # as 1500 of 2001
    fully_conv = [net for net, each in NETS.items() if isinstance(each, FullyConvClassifier)]
    mixed_nets = fully_conv if mixable else []
    tasks = [
        delayed(score_fold)(
            make_model(*cell, size.max_epochs, seed + i, way=way), X, y, *fold, size
        )
        for cell in cells
        for i, fold in enumerate(folds)
    ]
    tasks += [
        delayed(score_mixed_fold)(
            make_mixed_model(net, size.max_epochs, n_mixed, seed + i, way), X, y, *fold, seed
        )
        for net in mixed_nets
        for i, fold in enumerate(folds)
    ]
    if references:
        models = [make_model(*cell, size.max_epochs, seed, way=way) for cell in cells]
        models += [make_mixed_model(net, size.max_epochs, n_mixed, seed, way) for net in mixed_nets]
        tasks += [delayed(label_references)(model, X, y, references[0]) for model in models]
    done = Parallel(n_jobs=-1, return_as="generator")(tasks)
    done = iter(tqdm(done, total=len(tasks), desc=title, unit="fit", disable=None))
    return {
        "n_spectra": dict(zip(*np.unique(y, return_counts=True), strict=True)),
        "n_folds": n_folds,
        "nets": _nested(cells, [_by_measure(done, n_folds) for _ in cells]),
        "mixed": {net: _by_measure(done, n_folds) for net in mixed_nets},
        "references": _nested(cells, [next(done) for _ in cells]) if references else {},
        "mixed_references": {net: next(done) for net in mixed_nets} if references else {},
    }


def _by_measure(done, n_folds):
    """Gather the folds: accuracies, one confusion matrix, curves of shape (n_values, n_folds)."""
    scored = [next(done) for _ in range(n_folds)]
    measures = {name: np.array([each[name] for each in scored]) for name in scored[0]}
    measures["confusion"] = measures["confusion"].sum(axis=0)
    return measures | {name: measures[name].T for name in ("shift", "noise") if name in measures}


def _nested(cells, values):
    nested = {net: {} for net, _ in cells}
    for (net, training), value in zip(cells, values, strict=True):
        nested[net][training] = value
    return nested
