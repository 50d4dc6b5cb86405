import logging

import numpy as np
import pytest
import torch
from skorch.callbacks import EpochScoring

from skspectra._input.pipelines import fit_together
from skspectra.augmentation import EnergyShift, PCANoise, PoissonNoise
from skspectra.neural import (
    ConvDenseClassifier,
    DenseClassifier,
    FullyConvClassifier,
    FullyConvRegressor,
)
from skspectra.neural._cuda.stacked_module import Padding
from skspectra.neural._cuda.stacked_training import fit_side_by_side, train_stacked
from skspectra.neural._training.training import postponed
from skspectra.pipeline import make_pipeline
from skspectra.preprocessing import SpectrumNormalizer
from skspectra.uncertainty import EnsembleClassifier, _ensemble

BLOCKS = {"n_filters": (4, 3), "kernel_sizes": (5, 2)}
QUICK = {"max_epochs": 3, "batch_size": 16}
NETS = {
    "published": FullyConvClassifier(**BLOCKS, **QUICK),
    "invariant": FullyConvClassifier(**BLOCKS, **QUICK, architecture="invariant", dropout=0.3),
    "conv_dense": ConvDenseClassifier(**BLOCKS, **QUICK),
    "dense": DenseClassifier(**QUICK, lr=0.01),  # a higher one makes more of rounding
}
# The mean that batch normalisation takes away takes this bias along: its gradient is rounding.
WITHOUT_EFFECT = "classifier.class_maps.conv.bias"


def copies(net, rows, **each):
    """For every slice of rows a net with its own seed, and own parameters where they are given."""
    for number, _ in enumerate(rows):
        own = {name: values[number] for name, values in each.items()}
        yield type(net)(**(net.get_params() | {"random_state": number} | own))


def fit_both_ways(net, X, y, rows, weight=None, **each):
    """Nets fitted to slices of rows one after another, and at once."""
    weight = np.ones(len(y)) if weight is None else weight
    alone = [
        copy.fit(X[part], y[part], weight[part])
        for copy, part in zip(copies(net, rows, **each), rows, strict=True)
    ]
    together = list(copies(net, rows, **each))
    with postponed() as trainings:
        for copy, part in zip(together, rows, strict=True):
            copy.fit(X[part], y[part], weight[part])
    train_stacked(trainings)
    return alone, together


def assert_same(alone, together, X):
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_allclose(one.predict_proba(X), other.predict_proba(X), atol=5e-5)
        assert len(one.history_) == len(other.history_)
        for epoch, other_epoch in zip(one.history_, other.history_, strict=True):
            assert set(epoch) ^ set(other_epoch) <= {"train_accuracy"}  # of nets trained alone
            assert epoch["train_loss"] == pytest.approx(other_epoch["train_loss"], rel=1e-5)
        state, other_state = (clf.net_.module_.state_dict() for clf in (one, other))
        for name in state.keys() - {WITHOUT_EFFECT, "classifier.class_maps.norm.running_mean"}:
            torch.testing.assert_close(state[name], other_state[name], rtol=1e-3, atol=1e-5)
        assert not other.net_.module_.training


@pytest.mark.parametrize("name", NETS)
def test_folds_of_one_size(name, spectra):
    X, y = spectra
    rows = [slice(0, 50), slice(5, 55), slice(10, 60)]
    alone, together = fit_both_ways(NETS[name], X, y, rows, np.linspace(0.5, 2, 60))
    assert_same(alone, together, X)
    assert np.abs(alone[0].predict_proba(X) - alone[1].predict_proba(X)).max() > 1e-3


@pytest.mark.parametrize("name", NETS)
def test_folds_of_different_sizes(name, spectra):
    X, y = spectra
    rows = [slice(0, 50), slice(5, 56), slice(0, 60), slice(3, 52)]
    assert_same(*fit_both_ways(NETS[name], X, y, rows), X)


def test_counts_that_stay_narrow(spectra):
    X, y = spectra
    counts = (4 * np.abs(X)).astype(np.uint16)
    rows = [slice(0, 50), slice(5, 55)]
    assert_same(*fit_both_ways(NETS["dense"], counts, y, rows), counts)


@pytest.mark.parametrize("rows", [[slice(0, 60)] * 3, [slice(0, 60), slice(0, 55), slice(4, 60)]])
def test_augmentation_and_schedule(rows, spectra):
    X, y = spectra
    chain = [EnergyShift(shift=(-1, 1), window=(1, 22)), PCANoise(n_components=2), PoissonNoise()]
    net = FullyConvClassifier(**BLOCKS, **QUICK, augment=chain, schedule="one-cycle", lr=0.02)
    alone, together = fit_both_ways(net, X, y, rows)
    assert_same(alone, together, X)
    rates = [clf.net_.optimizer_.param_groups[0]["lr"] for clf in together]
    assert rates == [0.02] * 3


@pytest.mark.parametrize("n_targets", [1, 2])
def test_regressors(n_targets, spectra):
    X, _ = spectra
    y = np.stack([X.argmax(axis=1), X.sum(axis=1)], axis=1)[:, :n_targets].squeeze()
    net = FullyConvRegressor(**BLOCKS, **QUICK)
    rows = [slice(0, 50), slice(5, 56), slice(0, 60)]
    alone, together = fit_both_ways(net, X, y, rows, np.linspace(0.5, 2, 60))
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_allclose(one.predict(X), other.predict(X), rtol=1e-4)
        losses = [[epoch["train_loss"] for epoch in clf.history_] for clf in (one, other)]
        np.testing.assert_allclose(*losses, rtol=1e-4)


def test_candidates_that_differ_in_rates_weight_decay_and_dropout(spectra):
    X, y = spectra
    alone, together = fit_both_ways(
        NETS["dense"],
        X,
        y,
        [slice(0, 60)] * 5,
        lr=[0.001, 0.02, 0.001, 0.01, 0.02],
        weight_decay=[0.0, 0.1, 0.0, 0.1, 0.1],
        dropout=[0.0, 0.3, 0.8, 0.5, 0.0],
        batch_size=[16, 16, 17, 18, 16],
    )
    assert_same(alone, together, X)


@pytest.mark.parametrize("optimizer", ["AdamW", "SGD"])
def test_training_goes_on_where_it_ended(optimizer, spectra):
    X, y = spectra
    momentum = {"optimizer__momentum": 0.9} if optimizer == "SGD" else None
    net = DenseClassifier(**QUICK, optimizer=optimizer, net_params=momentum, warm_start=True)
    alone, together = fit_both_ways(net, X, y, [slice(0, 60)] * 2)
    for clf in alone + together:
        clf.fit(X, y)
    assert_same(alone, together, X)
    assert alone[0].n_iter_ == 6


def test_normalisation_ignores_what_only_fills_up():
    X = torch.randn(7, 2, 3, 5, dtype=torch.float64)
    weight, bias = torch.randn(2, 2, 3, dtype=torch.float64)
    padding = Padding((7, 4), X)
    mean, var = torch.zeros(2, 3).double(), torch.ones(2, 3).double()
    normalized = padding.normalize(X, mean, var, weight, bias, 0.1, 1e-3)
    for net, size in enumerate((7, 4)):
        norm = torch.nn.BatchNorm1d(3, 1e-3, 0.1).double()
        norm.load_state_dict(
            norm.state_dict() | {"weight": weight[net].detach(), "bias": bias[net].detach()}
        )
        torch.testing.assert_close(normalized[:size, net], norm(X[:size, net]).detach())
        torch.testing.assert_close(mean[net], norm.running_mean)
        torch.testing.assert_close(var[net], norm.running_var)


def fit_logged(nets, X, y, rows, caplog):
    """Fit nets side by side; return the only message that is logged, or None."""
    caplog.clear()
    with caplog.at_level(logging.INFO, "skspectra"):
        seconds = fit_side_by_side(
            [
                lambda net=net, part=part: net.fit(X[part], y[part])
                for net, part in zip(nets, rows, strict=True)
            ]
        )
    assert len(seconds) == len(nets)
    assert all(hasattr(net, "net_") for net in nets)
    assert len(caplog.messages) <= 1
    return caplog.messages[0] if caplog.messages else None


def test_log_says_what_is_trained_alone(spectra, caplog):
    X, y = spectra
    rows = [slice(0, 60)] * 3
    assert fit_logged(list(copies(NETS["dense"], rows)), X, y, rows, caplog) is None
    cases = {
        "spectra are held out": {"validation_fraction": 0.2},
        "callbacks (EpochScoring)": {"callbacks": [EpochScoring("accuracy", on_train=True)]},
        "optimizer RMSprop": {"optimizer": "RMSprop"},
        "groups of parameters": {"net_params": {"optimizer__param_groups": [("*bias", {"lr": 0})]}},
    }
    for reason, params in cases.items():
        nets = [net.set_params(**params) for net in copies(NETS["dense"], rows)]
        message = fit_logged(nets, X, y, rows, caplog)
        assert message.startswith("Trained 3 of 3 nets alone: ")
        assert reason in message


def test_nets_that_differ_in_their_graph_or_batches_are_not_stacked(spectra, caplog):
    X, y = spectra
    rows = [slice(0, 60), slice(0, 60), slice(0, 30)]
    nets = list(copies(NETS["dense"], rows))
    alone = [
        net.fit(X[part], y[part])
        for net, part in zip(copies(NETS["dense"], rows), rows, strict=True)
    ]
    message = fit_logged(nets, X, y, rows, caplog)
    assert message == (
        "Trained 1 of 3 nets alone: no other net has the same architecture, width and number of "
        "batches."
    )
    assert_same(alone, nets, X)
    nets = list(copies(NETS["dense"], rows[:2], hidden_layer_sizes=[(8,), (9,)]))
    assert "Trained 2 of 2" in fit_logged(nets, X, y, rows[:2], caplog)


def test_ensemble_stacks_its_members(spectra, monkeypatch):
    X, y = spectra
    net = make_pipeline(SpectrumNormalizer(), NETS["published"])
    ensemble = EnsembleClassifier(net, n_members=3, random_state=0)
    expected = ensemble.fit(X, y).predict_proba(X)
    stacked = []
    monkeypatch.setattr(
        _ensemble,
        "fit_together",
        lambda estimator: lambda fits: stacked.append(fit_side_by_side(fits)),
    )
    np.testing.assert_allclose(ensemble.fit(X, y).predict_proba(X), expected, atol=1e-5)
    assert len(stacked[0]) == 3


def test_nets_train_together_on_cuda_where_that_is_asked_for(monkeypatch):
    net = DenseClassifier()
    monkeypatch.setenv("SKSPECTRA_CUDA", "stacks,graphs")
    assert fit_together(net) is None
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert fit_together(net) is fit_side_by_side
    assert fit_together(make_pipeline(SpectrumNormalizer(), net)) is fit_side_by_side
    assert fit_together(DenseClassifier(device="cpu")) is None
    assert fit_together(SpectrumNormalizer()) is None
    assert fit_together(EnsembleClassifier(net)) is None
    monkeypatch.delenv("SKSPECTRA_CUDA")
    assert fit_together(net) is None
