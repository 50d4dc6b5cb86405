"""What only a GPU can show; skipped where there is none."""

import logging

import numpy as np
import pytest
import torch

from skspectra.augmentation import EnergyShift, PCANoise, PoissonNoise
from skspectra.evaluation import _cross_validation, cross_validate
from skspectra.neural import ConvDenseClassifier, DenseClassifier, FullyConvClassifier, _cuda
from skspectra.neural._cuda import graphs
from skspectra.neural._cuda.graphs import GraphedStep
from skspectra.neural._cuda.triton_kernels import TritonKernels

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA")

BLOCKS = {"n_filters": (4, 3), "kernel_sizes": (5, 2)}
QUICK = {"max_epochs": 12, "batch_size": 13, "random_state": 0}
CHAIN = [EnergyShift(shift=(-1, 1), window=(1, 22)), PCANoise(n_components=2), PoissonNoise()]
NETS = {
    "published": FullyConvClassifier(**BLOCKS, **QUICK),
    "invariant": FullyConvClassifier(**BLOCKS, **QUICK, architecture="invariant"),
    "conv_dense": ConvDenseClassifier(**BLOCKS, **QUICK),
    "dense": DenseClassifier(**QUICK),
    "augmented": FullyConvClassifier(**BLOCKS, **QUICK, augment=CHAIN, schedule="one-cycle"),
    "momentum": DenseClassifier(
        **QUICK, optimizer="SGD", net_params={"optimizer__momentum": 0.9}, weight_decay=0.01
    ),
    "held out": DenseClassifier(**QUICK, validation_fraction=0.2, patience=3),
}


@pytest.fixture(autouse=True)
def always(monkeypatch, caplog):
    """Record however few steps there are, and round alike in all convolutions."""
    monkeypatch.setenv("SKSPECTRA_CUDA", "graphs,stacks")
    monkeypatch.setattr(graphs, "_PAYS_FROM", 0)
    monkeypatch.setattr(_cuda, "_PAYS_FROM", 0)
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)
    caplog.set_level(logging.INFO, "skspectra")


@pytest.mark.parametrize("name", NETS)
def test_graphs_train_as_eager_steps_do(name, spectra, monkeypatch, caplog):
    X, y = spectra
    graphed = NETS[name].fit(X, y)
    proba, losses = graphed.predict_proba(X), [e["train_loss"] for e in graphed.history_]
    assert caplog.messages == []
    monkeypatch.setattr(graphs, "_PAYS_FROM", 10**9)
    eager = NETS[name].fit(X, y)
    np.testing.assert_allclose([e["train_loss"] for e in eager.history_], losses, rtol=1e-3)
    np.testing.assert_allclose(eager.predict_proba(X), proba, atol=2e-3)


@pytest.mark.parametrize("has_graphs", [True, False])
@pytest.mark.parametrize("name", ["published", "invariant", "conv_dense", "augmented"])
def test_triton_kernels_train_as_torch_does(name, has_graphs, spectra, monkeypatch, caplog):
    pytest.importorskip("triton")
    X, y = spectra
    monkeypatch.delenv("SKSPECTRA_CUDA")
    plain = NETS[name].fit(X, y)
    proba, losses = plain.predict_proba(X), [e["train_loss"] for e in plain.history_]
    made, trusted_kernels = [], _cuda.trusted_kernels
    monkeypatch.setenv("SKSPECTRA_CUDA", "triton,graphs" if has_graphs else "triton")
    monkeypatch.setattr(
        _cuda, "trusted_kernels", lambda module: made.append(trusted_kernels(module)) or made[-1]
    )
    fitted = NETS[name].fit(X, y)
    assert caplog.messages == []
    assert isinstance(made[0], TritonKernels)
    np.testing.assert_allclose([e["train_loss"] for e in fitted.history_], losses, rtol=5e-3)
    np.testing.assert_allclose(fitted.predict_proba(X), proba, atol=5e-3)


def test_training_in_triton_kernels_is_the_same_every_time(spectra, monkeypatch):
    pytest.importorskip("triton")
    monkeypatch.setenv("SKSPECTRA_CUDA", "triton")
    X, y = spectra
    proba = NETS["published"].fit(X, y).predict_proba(X)
    np.testing.assert_array_equal(NETS["published"].fit(X, y).predict_proba(X), proba)


def test_recording_that_fails_halfway_changes_nothing(spectra, monkeypatch, caplog):
    X, y = spectra
    monkeypatch.setattr(graphs, "_PAYS_FROM", 10**9)
    expected = NETS["published"].fit(X, y).predict_proba(X)
    monkeypatch.setattr(graphs, "_PAYS_FROM", 0)
    graphed_step = graphs.graphed_step

    def failing(step, *args, **options):
        def fails_where_it_is_recorded(rows, kind):
            losses = step(rows, kind)
            if torch.cuda.is_current_stream_capturing():
                losses.sum().item()
            return losses

        return graphed_step(fails_where_it_is_recorded, *args, **options)

    monkeypatch.setattr(graphs, "graphed_step", failing)
    proba = NETS["published"].fit(X, y).predict_proba(X)
    assert len(caplog.messages) == 1
    assert caplog.messages[0].startswith("Training without CUDA graphs: ")
    np.testing.assert_allclose(proba, expected, atol=1e-4)
    torch.rand(3, device="cuda")  # torch's global generator still works


@pytest.mark.parametrize("name", ["published", "invariant", "conv_dense", "dense", "augmented"])
def test_folds_are_those_of_scikit_learn(name, spectra, monkeypatch, caplog):
    X, y = spectra
    options = {"cv": 3, "scoring": "neg_log_loss"}
    scores = cross_validate(NETS[name], X[:58], y[:58], **options)["test_score"]
    assert caplog.messages == []
    monkeypatch.setattr(_cross_validation, "fit_together", lambda estimator: None)
    expected = cross_validate(NETS[name], X[:58], y[:58], **options)["test_score"]
    np.testing.assert_allclose(scores, expected, rtol=5e-3)


def test_prediction_is_that_of_the_cpu(spectra):
    X, y = spectra
    net = NETS["published"].fit(X, y)
    many = np.tile(X, (5000, 1))
    proba = net.predict_proba(many)
    net.net_.module_.cpu()
    net.net_.set_params(device="cpu")
    np.testing.assert_allclose(proba, net.predict_proba(many), atol=1e-5)


def test_steps_are_replayed(spectra, monkeypatch):
    recorded = []
    record = GraphedStep._record
    monkeypatch.setattr(
        GraphedStep, "_record", lambda self, *batch: recorded.append(batch) or record(self, *batch)
    )
    NETS["published"].fit(*spectra)
    assert len(recorded) == len({len(rows) for rows, _ in recorded}) <= 2
