"""The main job: simulate, cross-validate, shift, and read real spectra."""

import time
import warnings
from typing import NamedTuple

import numpy as np
from joblib import Parallel, delayed
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import StratifiedKFold, train_test_split
from sklearn.pipeline import make_pipeline

import skspectra
from skspectra._numerics.axis import window_channels
from skspectra._numerics.interpolation import shift_rows
from skspectra._progress import Progress
from skspectra.augmentation import EnergyShift
from skspectra.cli._classify import classify_files
from skspectra.cli._demo_report import SHIPPED, draw, report, write_json
from skspectra.cli._labelled import valences_in_table
from skspectra.datasets import make_l23_spectra
from skspectra.evaluation import robustness_curve
from skspectra.exceptions import SpectrumWarning
from skspectra.io import read_spectra
from skspectra.neural import ConvDenseClassifier, DenseClassifier, FullyConvClassifier
from skspectra.preprocessing import PeakAligner, PowerLawBackground, SpectrumNormalizer

__all__ = ["run_demo"]

WIDE_AXIS = 615 + 0.1 * np.arange(700)
PRE_EDGE = (615, 625)
WINDOW = (635, 665)
MAX_SHIFT = 5.0
WHITE_LINES = (625, 665)
SHIFTS = np.linspace(-MAX_SHIFT, MAX_SHIFT, 41)
N_FOLDS = 10
MN_IONS = ("Mn2+", "Mn3+", "Mn4+")
ONE_INSTRUMENT = {  # that is calibrated, with thin specimens, as in the article
    "shift": 0,
    "stretch": 0,
    "resolution": (0.3, 1.6),
    "residual_background": (-0.05, 0.05),
    "thickness": 0,
}


class Size(NamedTuple):
    """How much is simulated and trained."""

    n_per_class: int  # to cross-validate
    n_per_class_real: int  # to train the models that read the measured spectra
    n_points: int
    max_epochs: int


FULL = Size(n_per_class=300, n_per_class_real=2000, n_points=200, max_epochs=50)
QUICK = Size(n_per_class=100, n_per_class_real=300, n_points=20, max_epochs=30)


def run_demo(out, spectra=(), *, quick=False, seed=0, progress=True):
    """Run the main job and write its figures and numbers.

    Parameters
    ----------
    out : Path
        Folder for ``results.json`` and the figures; made if it does not exist.
    spectra : sequence of Path
        Files with Mn L2,3 spectra to classify.
    quick : bool, default=False
        Whether to simulate and train less.
    seed : int, default=0
        Seed of everything that is drawn.
    progress : bool, default=True
        Whether to show progress.

    Returns
    -------
    report : str
        The tables for the terminal.

    Raises
    ------
    OSError, ValueError
        If a file cannot be read or `out` cannot be written; nothing is trained before that is
        known.
    """
    started = time.perf_counter()
    measured, names = _read(spectra)
    read = classify_files(spectra, element="Mn") if names else None
    known = {k: v for path in spectra for k, v in (valences_in_table(path) or {}).items()}
    out.mkdir(parents=True, exist_ok=True)
    size = QUICK if quick else FULL
    models = _classifiers(size.max_epochs, seed)
    n_steps = 2 + len(models) * (N_FOLDS + bool(len(names)))
    with Progress(progress, "simulating", n_steps, "step") as bar:
        X, y = _simulate(size.n_per_class, size.n_points, seed, **ONE_INSTRUMENT)
        bar.update()
        X_shifted, y_shifted = _simulate(
            size.n_per_class_real, size.n_points, seed + 1, shift=(-MAX_SHIFT, MAX_SHIFT)
        )
        bar.update()
        bar.update(0, what="cross-validating")
        curves = _shift_curves(models, X, y, seed, bar)
        bar.update(0, what="classifying")
        real, held_out = _classify(models, X_shifted, y_shifted, measured, names, known, bar)
    for record, (_, row) in zip(real, () if read is None else read.iterrows(), strict=True):
        record[SHIPPED] = {"label": row["valence"], "probability": float(row["probability"])}
    results = {
        "version": skspectra.__version__,
        "quick": quick,
        "seed": seed,
        **size._asdict(),
        "ions": MN_IONS,
        "shifts_eV": SHIFTS.tolist(),
        "accuracy": {name: curve.tolist() for name, curve in curves.items()},
        "accuracy_with_calibration_errors": held_out,
        "spectra": real,
        "seconds": round(time.perf_counter() - started, 1),
    }
    window, around = (window_channels(WIDE_AXIS, w) for w in (WINDOW, (630, 670)))
    simulated = WIDE_AXIS[window], X[:, window], y
    draw(out, results, simulated, (WIDE_AXIS[around], measured[:, around]))
    write_json(out / "results.json", results)
    return report(results, out)


def _classifiers(max_epochs, seed):
    settings = {"max_epochs": max_epochs, "schedule": "one-cycle", "lr": 0.01, "random_state": seed}
    models = {
        "fully convolutional": FullyConvClassifier(dropout=0.2, **settings),
        "fully conv, invariant": FullyConvClassifier(
            architecture="invariant", **settings | {"lr": 0.03}
        ),
        "conv + dense": ConvDenseClassifier(**settings),
        "dense": DenseClassifier(**settings),
        "random forest": RandomForestClassifier(200, random_state=seed),
    }
    return {name: make_pipeline(SpectrumNormalizer(), model) for name, model in models.items()}


def _simulate(n_per_class, n_points, seed, **recorded):
    """Spectra on the wide axis."""
    return make_l23_spectra(
        n_per_class,
        ions=MN_IONS,
        spectral_axis=WIDE_AXIS,
        n_points=n_points,
        random_state=seed,
        return_X_y=True,
        **recorded,
    )


def _shift_curves(models, X, y, seed, bar):
    """Accuracy of every model at every shift, shape (n_shifts, n_folds) each."""
    folds = list(StratifiedKFold(N_FOLDS, shuffle=True, random_state=seed).split(X, y))
    tasks = [(name, fold) for name in models for fold in folds]
    perturbation = EnergyShift(window=WINDOW, spectral_axis=WIDE_AXIS)
    columns = Parallel(n_jobs=-1, return_as="generator")(
        delayed(robustness_curve)(
            models[name],
            X,
            y,
            perturbation=perturbation,
            param_name="shift",
            param_range=SHIFTS,
            cv=[fold],
        )
        for name, fold in tasks
    )
    curves = {name: [] for name in models}
    for (name, _), column in zip(tasks, columns, strict=True):
        curves[name].append(column[:, 0])
        bar.update()
    return {name: np.stack(columns, axis=1) for name, columns in curves.items()}


def _read(paths):
    """Spectra of the files on the wide axis without their background, and their names."""
    if not paths:
        return np.empty((0, WIDE_AXIS.size)), []
    X, names = read_spectra(paths, WIDE_AXIS, outside="edge")
    background = PowerLawBackground(PRE_EDGE, spectral_axis=WIDE_AXIS, loss="least_squares")
    with warnings.catch_warnings():  # published spectra come without a background to fit
        warnings.simplefilter("ignore", SpectrumWarning)
        return background.fit_transform(X), names.tolist()


def _classify(models, X, y, measured, names, known, bar):
    """Train every model on spectra with calibration errors, and let it name the measured ones.

    Returns a record for every measured spectrum, and the accuracy of every model on a tenth of the
    simulated spectra that was held out.
    """
    if not names:
        return [], {}
    channels = window_channels(WIDE_AXIS, WINDOW)
    shifts = _coarse_shifts(X, measured)
    seen = shift_rows(measured, WIDE_AXIS, shifts)[:, channels]
    split = train_test_split(X[:, channels], y, test_size=0.1, stratify=y, random_state=0)
    trained = Parallel(n_jobs=-1, return_as="generator")(
        delayed(_fit_predict)(clone(model), *split, seen) for model in models.values()
    )
    records = [
        {"name": name, "valence": known.get(name), "moved_by_eV": round(float(shift), 1)}
        for name, shift in zip(names, shifts, strict=True)
    ]
    held_out = {}
    for model, (labels, confidence, accuracy) in zip(models, trained, strict=True):
        held_out[model] = accuracy
        for record, label, value in zip(records, labels, confidence, strict=True):
            record[model] = {"label": str(label), "probability": round(float(value), 4)}
        bar.update()
    return records, held_out


def _coarse_shifts(X, measured):
    """Shift that brings L3 back where it is looked for, if it is farther off than was trained."""
    aligner = PeakAligner(WHITE_LINES, spectral_axis=WIDE_AXIS).fit(X)
    shifts = aligner.shifts(measured)
    return np.where(np.abs(shifts) > MAX_SHIFT, shifts, 0.0)


def _fit_predict(model, X, X_held_out, y, y_held_out, measured):
    probability = model.fit(X, y).predict_proba(measured)
    labels = model.classes_[probability.argmax(axis=1)]
    return labels, probability.max(axis=1), model.score(X_held_out, y_held_out)
