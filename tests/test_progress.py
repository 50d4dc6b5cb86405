"""Everything that has `verbose` tells its progress in terminals and in logs, and only if asked."""

import importlib
import inspect
import io
import pkgutil
import re
from unittest import mock

import joblib
import numpy as np
import pytest
from line_reader import ENERGY, LineReader, line_image
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold

import skspectra
from skspectra._progress import Progress, ProgressSplitter
from skspectra.augmentation import EnergyShift
from skspectra.datasets import _mn_valence, fetch_mn_valence, make_l23_spectra
from skspectra.evaluation import cross_validate, robustness_curve, validation_curve
from skspectra.imaging import PhaseSegmenter, predict_image, read_image
from skspectra.io import read_spectra
from skspectra.neural import (
    ConvDenseClassifier,
    DenseClassifier,
    FullyConvClassifier,
    FullyConvRegressor,
    NetClassifier,
    NetRegressor,
)
from skspectra.readers import ValenceReader
from skspectra.sampling import KMeansCleaner
from skspectra.uncertainty import EnsembleClassifier
from skspectra.unmixing import BayesianUnmixer, MinimumVolumeUnmixer, ReferenceFit

X = np.repeat(np.eye(2, 24), 10, axis=0) + np.random.default_rng(0).normal(0, 0.01, (20, 24))
Y = np.repeat(["Mn2+", "Mn4+"], 10)
FOREST = LogisticRegression()
QUICK = {"max_epochs": 2, "device": "cpu", "random_state": 0}
MIXTURES = np.random.default_rng(0).poisson(
    np.random.default_rng(1).dirichlet([1, 1], 60) @ np.array([[90, 50, 10], [10, 50, 90]])
)


def simulated():
    axis = np.arange(615.0, 690.0, 0.25)
    found = make_l23_spectra(
        60, ions=("Mn2+", "Mn4+"), spectral_axis=axis, shift=0, n_points=2, random_state=0
    )
    return found.data, found.target, axis


def read_files(verbose, folder):
    path = folder / "MnO.csv"
    path.write_text("energy_eV,intensity\n635,0\n640,10\n660,0\n")
    read_spectra([path, path], np.linspace(636, 644, 5), verbose=verbose)


def download(verbose, folder):
    with mock.patch.object(_mn_valence, "_download"), pytest.raises(FileNotFoundError):
        fetch_mn_valence(data_home=folder, verbose=verbose)


def train_reader(verbose, folder):
    spectra, labels, axis = simulated()
    reader = ValenceReader(
        classifiers=[LogisticRegression()],
        detector=LogisticRegression(),
        random_state=0,
        verbose=verbose,
    )
    reader.fit(spectra, labels, spectral_axis=axis)


def clean(verbose, folder):
    energy = np.arange(600.0, 700.0)
    line = 300 * np.exp(-(((energy - 640) / 3) ** 2))
    counts = np.random.default_rng(0).poisson(500 * (energy / 600) ** -3 + [line] * 40)
    KMeansCleaner(2, spectral_axis=energy, random_state=0, verbose=verbose).fit(counts)


def curve(verbose, folder):
    robustness_curve(
        FOREST,
        X,
        Y,
        perturbation=EnergyShift(),
        param_name="shift",
        param_range=[0],
        cv=3,
        verbose=verbose,
    )


def fit_net(net, y=Y):
    return lambda verbose, folder: net.set_params(verbose=verbose).fit(X, y)


def predict(verbose, folder):
    image = np.zeros((3, 4, 24))
    predict_image(LogisticRegression().fit(X, Y), image, verbose=verbose)


WORKS = {
    "BayesianUnmixer": lambda verbose, folder: BayesianUnmixer(
        2, n_sweeps=300, burn_in=50, thin=1, random_state=0, verbose=verbose
    ).fit(MIXTURES),
    "ConvDenseClassifier": fit_net(
        ConvDenseClassifier(n_filters=(4,), kernel_sizes=(3,), hidden_layer_sizes=(4,), **QUICK)
    ),
    "DenseClassifier": fit_net(DenseClassifier(hidden_layer_sizes=(4,), **QUICK)),
    "EnsembleClassifier": lambda verbose, folder: EnsembleClassifier(
        FOREST, 3, random_state=0, verbose=verbose
    ).fit(X, Y),
    "FullyConvClassifier": fit_net(FullyConvClassifier(n_filters=(4,), kernel_sizes=(3,), **QUICK)),
    "FullyConvRegressor": fit_net(
        FullyConvRegressor(n_filters=(4,), kernel_sizes=(3,), **QUICK), np.arange(20.0)
    ),
    "KMeansCleaner": clean,
    "MinimumVolumeUnmixer.bootstrap": lambda verbose, folder: (
        MinimumVolumeUnmixer(2).fit(MIXTURES).bootstrap(MIXTURES, n_draws=3, verbose=verbose)
    ),
    "NetClassifier": fit_net(NetClassifier(architecture="dense", **QUICK)),
    "NetRegressor": fit_net(NetRegressor(architecture="dense", **QUICK), np.arange(20.0)),
    "PhaseSegmenter": lambda verbose, folder: PhaseSegmenter(
        2, random_state=0, verbose=verbose
    ).fit(np.random.default_rng(0).poisson(20, (6, 6, 8))),
    "ReferenceFit": lambda verbose, folder: (
        ReferenceFit(shift=0, verbose=verbose).fit(X, Y).predict(X)
    ),
    "ValenceReader": train_reader,
    "cross_validate": lambda verbose, folder: cross_validate(FOREST, X, Y, cv=3, verbose=verbose),
    "fetch_mn_valence": download,
    "make_l23_spectra": lambda verbose, folder: make_l23_spectra(
        1, n_points=2, random_state=0, verbose=verbose
    ),
    "predict_image": predict,
    "read_image": lambda verbose, folder: read_image(
        LineReader(), line_image((4, 6))[0], spectral_axis=ENERGY, verbose=verbose
    ),
    "read_spectra": read_files,
    "robustness_curve": curve,
    "validation_curve": lambda verbose, folder: validation_curve(
        FOREST, X, Y, param_name="C", param_range=[1, 2], cv=3, verbose=verbose
    ),
}


class Terminal(io.StringIO):
    def isatty(self):
        return True


def has_verbose(function):
    return inspect.isroutine(function) and "verbose" in inspect.signature(function).parameters


def public_works():
    for room in pkgutil.iter_modules(skspectra.__path__):
        if room.name.startswith("_") or room.name in ("exceptions", "pipeline"):
            continue
        module = importlib.import_module(f"skspectra.{room.name}")
        for name in getattr(module, "__all__", ()):
            value = getattr(module, name)
            if inspect.isclass(value):
                if "verbose" in inspect.signature(value).parameters:
                    yield name
                for method, function in inspect.getmembers(value):
                    if not method.startswith("_") and has_verbose(function):
                        yield f"{name}.{method}"
            elif has_verbose(value):
                yield name


def test_every_public_work_with_verbose_is_tried():
    assert set(public_works()) == set(WORKS)


@pytest.mark.parametrize("name", WORKS)
def test_progress_in_terminals_and_in_logs(name, tmp_path, monkeypatch, capfd):
    texts = []
    for stream, verbose in (
        (Terminal(), 1),
        (io.StringIO(), 2),
        (Terminal(), 0),
        (Terminal(), False),
    ):
        monkeypatch.setattr("sys.stderr", stream)
        WORKS[name](verbose, tmp_path)
        texts.append(stream.getvalue())
    bar, lines, *silent = texts
    assert re.search(r"(\d+)/\1 ", bar.rpartition("\r")[2]), "the last state of the bar stays"
    *_, last = lines.splitlines()
    assert re.fullmatch(r"[a-z -]+: 100%, (\d+) of \1 [a-z]+s, \d+ s(, .*)?", last)
    assert silent == ["", ""]
    assert capfd.readouterr() == ("", "")


def test_the_last_line_of_a_training_has_the_loss_and_the_time(capsys):
    net = DenseClassifier(hidden_layer_sizes=(4,), verbose=1, **QUICK).fit(X, Y)
    assert re.fullmatch(
        r"training: 100%, 2 of 2 epochs, \d+ s, train_loss [\d.e-]+\n", capsys.readouterr().err
    )
    joblib.hash(net)  # the bar does not keep the classifier from being pickled


def test_works_inside_another_leave_nothing_behind(capsys, monkeypatch):
    net = DenseClassifier(hidden_layer_sizes=(4,), verbose=1, **QUICK)
    ensemble = EnsembleClassifier(net, 2, verbose=1)
    ensemble.fit(X, Y)
    assert re.fullmatch(r"training members: 100%, 2 of 2 .*\n", capsys.readouterr().err)
    monkeypatch.setattr("sys.stderr", Terminal())
    with Progress(1, "outer", 2, "step") as outer:
        with Progress(1, "inner", 2, "step") as inner:
            inner.update()
            assert inner._bar.pos != outer._bar.pos and not inner._bar.leave
        assert outer._bar.leave


def test_lines_come_at_intervals_and_the_last_stays_after_an_error(capsys, monkeypatch):
    now = 0.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    with pytest.raises(KeyboardInterrupt), Progress(1, "counting", 100, "sheet") as progress:
        for _ in range(50):
            now += 1.0
            progress.update()
        raise KeyboardInterrupt
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "counting: 11%, 11 of 100 sheets, 11 s"
    assert len(lines) == 5 and lines[-1] == "counting: 50%, 50 of 100 sheets, 50 s"


def test_folds_that_are_at_work_do_not_count_as_done():
    progress = Progress(0, "scoring", 5, "fold")
    splitter = ProgressSplitter(KFold(5), 2, progress)
    assert [progress.done for _ in splitter.split(X)] == [0, 0, 1, 2, 3]
