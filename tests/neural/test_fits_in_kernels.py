import importlib
import logging
import pickle
import sys
from contextlib import contextmanager

import numpy as np
import pytest
import torch
from kernel_modules import BLOCKS, CLASSIFIERS, SeeGradients
from skorch.callbacks import Callback, EpochScoring, Freezer

from skspectra.augmentation import EnergyShift
from skspectra.neural import DenseClassifier, FullyConvClassifier, _kernels


@contextmanager
def capture_log():
    """List of the messages that the package logs."""
    messages = []
    handler = logging.Handler()
    handler.emit = lambda record: messages.append(record.getMessage())
    logger = logging.getLogger("skspectra")
    level = logger.level
    logger.addHandler(handler), logger.setLevel("INFO")
    try:
        yield messages
    finally:
        logger.removeHandler(handler), logger.setLevel(level)


@pytest.fixture
def always(monkeypatch):
    """Fuse however few spectra there are."""
    monkeypatch.setattr(_kernels, "_PAYS_FROM", 0)
    monkeypatch.setattr(_kernels, "_PREDICTION_PAYS_FROM", 0)


class SeeBatches(Callback):
    def on_batch_end(self, net, batch=None, y_pred=None, **kwargs):
        assert y_pred.shape == (len(batch[1]), 3)


def test_callbacks_see_batches():
    X, y = np.random.default_rng(0).normal(size=(60, 8)), np.arange(60) % 3
    DenseClassifier(max_epochs=1, callbacks=[SeeBatches]).fit(X, y)


def test_frozen_weights_stay(spectra):
    freeze = Freezer("features.dense_1.linear.*")
    clf = DenseClassifier(max_epochs=1, callbacks=[freeze], random_state=0).fit(*spectra)
    clf.set_params(callbacks=None, warm_start=True)
    before = [parameter.clone() for parameter in clf.net_.module_.parameters()]
    after = [*clf.fit(*spectra).net_.module_.parameters()]
    assert [parameter.requires_grad for parameter in after].count(False) == 2
    for old, new in zip(before, after, strict=True):
        assert torch.equal(old, new) != new.requires_grad


@pytest.mark.parametrize("classifier", CLASSIFIERS.values(), ids=CLASSIFIERS)
def test_fit_is_the_same_either_way(classifier, spectra, monkeypatch):
    X, y = spectra
    clf = classifier(
        **BLOCKS,
        max_epochs=3,
        batch_size=13,
        augment=EnergyShift(shift=(-1, 1), window=(1, 22)),
        class_weight={"Mn2+": 3.0},
        validation_fraction=0.2,
        callbacks=[SeeGradients, EpochScoring("accuracy", name="scored", use_caching=False)],
        random_state=0,
    )
    results = []
    for pays_from in (0, 1e9):
        monkeypatch.setattr(_kernels, "_PAYS_FROM", pays_from)
        monkeypatch.setattr(_kernels, "_PREDICTION_PAYS_FROM", pays_from)
        SeeGradients.norms.clear()
        clf.fit(X, y, sample_weight=np.linspace(0.5, 2, 60))
        assert clf.net_.compute is None
        record = [list(SeeGradients.norms)]
        record += [[epoch[name] for epoch in clf.history_] for name in sorted(clf.history_[0])[1:]]
        results.append((list(clf.history_[0]), record, clf.predict_proba(X)))
    (names, record, proba), (plain_names, plain_record, plain_proba) = results
    assert names == plain_names
    np.testing.assert_allclose(record[0], plain_record[0], rtol=1e-3)
    for values, plain in zip(record[2:], plain_record[2:], strict=True):
        np.testing.assert_allclose(values, plain, rtol=1e-3)
    np.testing.assert_allclose(proba, plain_proba, rtol=5e-3, atol=1e-3)


def test_same_seed_same_weights_and_pickle(spectra, always):
    X, y = spectra
    clf = FullyConvClassifier(**BLOCKS, max_epochs=2, batch_size=16, random_state=0)
    proba = clf.fit(X, y).predict_proba(X)
    np.testing.assert_array_equal(clf.fit(X, y).predict_proba(X), proba)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(clf)).predict_proba(X), proba)


class CountThreads(Callback):
    def on_batch_end(self, net, **kwargs):
        net.history.record("threads", torch.get_num_threads())


def test_one_thread_while_it_trains(spectra, always):
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        fused = FullyConvClassifier(**BLOCKS, max_epochs=1, callbacks=[CountThreads]).fit(*spectra)
        dense = DenseClassifier(max_epochs=1, callbacks=[CountThreads]).fit(*spectra)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
    assert fused.history_[0]["threads"] == 1
    assert dense.history_[0]["threads"] == 1


class Interrupt(Callback):
    def on_batch_end(self, net, **kwargs):
        if len(net.history) == 2:
            raise KeyboardInterrupt


def test_interrupted_fit_leaves_a_plain_module(spectra, always):
    X, y = spectra
    clf = FullyConvClassifier(**BLOCKS, max_epochs=4, callbacks=[Interrupt])
    with pytest.raises(KeyboardInterrupt):
        clf.fit(X, y)
    assert (clf.n_iter_, clf.net_.compute) == (1, None)
    assert np.isfinite(clf.predict_proba(X)).all()


@pytest.mark.parametrize("what", ["train", "predict"])
def test_what_a_compiler_raises_is_logged_and_torch_goes_on(what, spectra, always, monkeypatch):
    X, y = spectra
    clf = FullyConvClassifier(**BLOCKS, max_epochs=1, batch_size=16, random_state=0)
    expected = clf.fit(X, y).predict_proba(X)

    def fail(*args):
        raise RuntimeError("LLVM ERROR: broken\nmany lines")

    compiled = importlib.import_module("skspectra.neural._kernels.compiled")
    monkeypatch.setattr(compiled, "forward" if what == "train" else "extract", fail)
    with capture_log() as log:
        proba = clf.fit(X, y).predict_proba(X)
    np.testing.assert_allclose(proba, expected, atol=1e-4)
    doing = "Training" if what == "train" else "Predicting"
    assert log == [f"{doing} without kernels: RuntimeError: LLVM ERROR: broken"]


def test_without_numba_torch_trains(spectra, always, monkeypatch):
    monkeypatch.delattr("skspectra.neural._kernels.compiled", raising=False)
    monkeypatch.setitem(sys.modules, "skspectra.neural._kernels.compiled", None)
    clf = FullyConvClassifier(**BLOCKS, max_epochs=1, random_state=0).fit(*spectra)
    assert np.isfinite(clf.predict_proba(spectra[0])).all()


def test_short_trainings_do_not_wait_for_numba(spectra, monkeypatch):
    monkeypatch.setattr(_kernels, "_training_kernels", None)
    FullyConvClassifier(**BLOCKS, max_epochs=1).fit(*spectra)


def test_parameters_step_at_once_unless_told_otherwise(spectra):
    fitted = DenseClassifier(max_epochs=1).fit(*spectra).net_.optimizer_
    assert fitted.param_groups[0]["fused"]
    told = DenseClassifier(max_epochs=1, net_params={"optimizer__foreach": True}).fit(*spectra)
    assert not told.net_.optimizer_.param_groups[0]["fused"]
    other = DenseClassifier(max_epochs=1, optimizer="RMSprop").fit(*spectra).net_.optimizer_
    assert "fused" not in other.param_groups[0]
