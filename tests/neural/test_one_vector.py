import numpy as np
import pytest
import torch
from kernel_modules import BLOCKS, CLASSIFIERS
from skorch.callbacks import Callback

from skspectra.neural import DenseClassifier, FullyConvClassifier, NetClassifier, _kernels
from skspectra.neural._modules import DenseModule


class Watch(Callback):
    """May look at anything, so parameters are left as they are; notes whether they were."""

    def on_batch_end(self, net, **kwargs):
        assert net.vector is None


class Unused(DenseModule):
    """A module of a user that may leave parameters without a gradient."""

    def forward(self, X):
        return super().forward(X)


@pytest.fixture
def joined(monkeypatch):
    """Numbers of parameters that optimizers were shown in place of all, training by training."""
    shown = []
    original = _kernels.accelerate

    def accelerate(net, data):
        shown.append(None if net.vector is None else len(net.vector))
        return original(net, data)

    monkeypatch.setattr("skspectra.neural._estimators.base.ACCELERATORS", (accelerate,))
    return shown


def n_parameters(clf):
    return sum(parameter.numel() for parameter in clf.net_.module_.parameters())


def state_of(clf):
    """Weights, statistics and the state of the optimizer."""
    module, optimizer = clf.net_.module_, clf.net_.optimizer_
    values = dict(module.state_dict())
    for name, parameter in module.named_parameters():
        values |= {f"{name}.{key}": value for key, value in optimizer.state[parameter].items()}
    return {name: value for name, value in values.items() if isinstance(value, torch.Tensor)}


# Adam makes a step of the rounding error of a gradient that is zero, unless eps is larger than it.
SMOOTH = {"optimizer__eps": 1e-2}
HOW = {
    "Adam": {"optimizer": "Adam", "net_params": SMOOTH},
    "AdamW": {"optimizer": "AdamW", "weight_decay": 0.1, "net_params": SMOOTH},
    "SGD": {"optimizer": "SGD"},
    "momentum": {"optimizer": "SGD", "net_params": {"optimizer__momentum": 0.9}},
}


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("classifier", CLASSIFIERS.values(), ids=CLASSIFIERS)
def test_weights_and_optimizer_are_those_of_single_parameters(
    classifier, how, spectra, joined, monkeypatch
):
    monkeypatch.setattr(_kernels, "_PAYS_FROM", 0)
    clf = classifier(**BLOCKS, batch_size=20, random_state=0, **HOW[how])
    states = []
    for callbacks in (None, [Watch()]):
        clf.set_params(callbacks=callbacks, warm_start=False, max_epochs=2).fit(*spectra)
        clf.set_params(warm_start=True, max_epochs=1).fit(*spectra)
        states.append(state_of(clf))
    assert joined == [n_parameters(clf)] * 2 + [None] * 2
    assert states[0].keys() == states[1].keys()
    for name, value in states[1].items():
        torch.testing.assert_close(states[0][name], value, rtol=2e-3, atol=1e-4)


def test_parameters_are_given_back(spectra, joined):
    clf = DenseClassifier(max_epochs=1, random_state=0).fit(*spectra)
    assert joined == [n_parameters(clf)]
    parameters = [*clf.net_.module_.parameters()]
    (group,) = clf.net_.optimizer_.param_groups
    assert [*map(id, group["params"])] == [*map(id, parameters)]
    assert set(clf.net_.optimizer_.state) == set(parameters)
    storages = {parameter.untyped_storage().data_ptr() for parameter in parameters}
    steps = {id(clf.net_.optimizer_.state[parameter]["step"]) for parameter in parameters}
    assert len(storages) == len(steps) == len(parameters)
    assert all(parameter.grad is None for parameter in parameters)


class Interrupt(Callback):
    def on_epoch_end(self, net, **kwargs):
        raise KeyboardInterrupt


def test_parameters_are_given_back_after_an_error(spectra, monkeypatch):
    monkeypatch.setattr("skspectra.neural._training.one_vector.watching", lambda callbacks: None)
    clf = FullyConvClassifier(**BLOCKS, max_epochs=3, callbacks=[Interrupt])
    with pytest.raises(KeyboardInterrupt):
        clf.fit(*spectra)
    (group,) = clf.net_.optimizer_.param_groups
    assert len(group["params"]) == len([*clf.net_.module_.parameters()])
    assert clf.net_.vector is None
    assert np.isfinite(clf.predict_proba(spectra[0])).all()


@pytest.mark.parametrize(
    "params",
    [
        {"optimizer": "RMSprop"},
        {"architecture": Unused},
        {"net_params": {"optimizer__param_groups": [("*weight", {"weight_decay": 0.1})]}},
    ],
    ids=["optimizer", "module", "groups"],
)
def test_what_may_differ_is_stepped_as_it_is(params, spectra, joined):
    clf = NetClassifier(architecture="dense", max_epochs=1, random_state=0).set_params(**params)
    clf.fit(*spectra)
    assert joined == [None]


def test_what_was_stepped_unlike_is_not_joined(spectra, joined):
    clf = DenseClassifier(max_epochs=1, random_state=0, warm_start=True).fit(*spectra)
    first = next(iter(clf.net_.module_.parameters()))
    clf.net_.optimizer_.state[first]["step"] += 1
    clf.fit(*spectra)
    assert joined == [n_parameters(clf), None]
