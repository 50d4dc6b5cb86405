import logging

import numpy as np
import pytest
import torch
from sklearn.base import clone
from skorch.callbacks import Callback, EpochScoring, GradientNormClipping, LRScheduler
from torch.utils._python_dispatch import TorchDispatchMode

from skspectra.augmentation import Augmenter, AxisStretch, EnergyShift, PCANoise, PoissonNoise
from skspectra.augmentation._base import AugmenterChain
from skspectra.neural import ConvDenseClassifier, DenseClassifier, FullyConvClassifier
from skspectra.neural._cuda import graphs, stacked_training
from skspectra.neural._cuda.graphs import GraphedStep, graphed_step
from skspectra.neural._cuda.stacked_training import train_stacked
from skspectra.neural._training.training import as_dataset, postponed

BLOCKS = {"n_filters": (4, 3), "kernel_sizes": (5, 2)}
NET = FullyConvClassifier(**BLOCKS, max_epochs=6, batch_size=16, random_state=0)
CUDA = torch.device("cuda")


class Recorded(GraphedStep):
    """Stands for a recording where there is no CUDA."""

    made = []

    def __init__(self, *args):
        super().__init__(*args)
        self.made.append(self)
        self.n_replayed = 0

    def _run_aside(self, rows, kind):
        return self._step(rows, kind)

    def _record(self, rows, kind):
        with self._recordable_optimizer(rows.device):
            pass
        own = rows.clone()

        def replay(others):
            own.copy_(others)
            self.n_replayed += 1
            with self._recordable_optimizer(rows.device):
                for group in self._optimizer.param_groups:
                    group["lr"] = float(group["lr"])
                return self._step(own, kind)

        return replay


class Failing(Recorded):
    def _record(self, rows, kind):
        self.n_replayed += 1
        raise RuntimeError("operation not permitted when stream is capturing\nat some place")


def replay_with(monkeypatch, kind):
    """Replay the steps of all trainings."""
    kind.made.clear()
    monkeypatch.setenv("SKSPECTRA_CUDA", "graphs")
    for module in (graphs, stacked_training):
        monkeypatch.setattr(
            module, "graphed_step", lambda step, optimizer, own, **_: kind(step, optimizer, own)
        )


def parameters(clf):
    """All but one: batch normalisation takes away what this bias adds, its gradient is rounding."""
    named = clf.net_.module_.named_parameters()
    return torch.cat(
        [values.flatten() for name, values in named if name != "classifier.class_maps.conv.bias"]
    )


def assert_same(one, other):
    torch.testing.assert_close(parameters(one), parameters(other), rtol=1e-5, atol=1e-6)
    for epoch, other_epoch in zip(one.history_, other.history_, strict=True):
        for name in epoch.keys() - {"duration"}:
            assert epoch[name] == pytest.approx(other_epoch[name], rel=1e-5)


CASES = {
    "plain": {},
    "dense": {"hidden_layer_sizes": (8,)},
    "ragged": {"batch_size": 13},
    "augmented": {"augment": [EnergyShift(shift=(-1, 1)), PCANoise(n_components=2)]},
    "constant": {"schedule": "constant", "lr": 0.02},
    "schedule of the user": {
        "schedule": "constant",
        "callbacks": [LRScheduler(policy="StepLR", step_size=2, gamma=0.3)],
    },
    "early stopping": {"validation_fraction": 0.2, "patience": 1},
}


@pytest.mark.parametrize("name", CASES)
def test_replayed_training_is_that_of_skorch(name, spectra, monkeypatch):
    X, y = spectra
    params = {"max_epochs": 6, "batch_size": 16, "random_state": 0} | CASES[name]
    net = DenseClassifier(**params) if name == "dense" else FullyConvClassifier(**BLOCKS | params)
    weight = np.linspace(0.5, 2, 60)
    with monkeypatch.context() as patch:
        replay_with(patch, Recorded)
        replayed = net.fit(X, y, weight)
        (step,) = Recorded.made
    assert step.n_replayed > 5
    assert step._n_run.total() <= 2 * 4
    assert replayed.net_.take_step is None
    groups = replayed.net_.optimizer_.param_groups
    assert all(isinstance(group["lr"], float) and not group["capturable"] for group in groups)
    assert_same(replayed, type(net)(**net.get_params()).fit(X, y, weight))


def test_replayed_stack_is_the_stack(spectra, monkeypatch):
    X, y = spectra
    nets = [
        FullyConvClassifier(**NET.get_params() | {"random_state": n, "lr": 0.01 / (n + 1)})
        for n in range(3)
    ]
    alone = [
        type(net)(**net.get_params()).fit(X[: 60 - n], y[: 60 - n]) for n, net in enumerate(nets)
    ]
    replay_with(monkeypatch, Recorded)
    with postponed() as trainings:
        for number, net in enumerate(nets):
            net.fit(X[: 60 - number], y[: 60 - number])
    train_stacked(trainings)
    (step,) = Recorded.made
    assert step.n_replayed > 5
    for net, other in zip(nets, alone, strict=True):
        np.testing.assert_allclose(net.predict_proba(X), other.predict_proba(X), atol=1e-5)


def test_recording_that_fails_changes_nothing_and_is_logged_once(spectra, monkeypatch, caplog):
    X, y = spectra
    expected = FullyConvClassifier(**NET.get_params()).fit(X, y)
    replay_with(monkeypatch, Failing)
    with caplog.at_level(logging.INFO, "skspectra"):
        net = FullyConvClassifier(**NET.get_params()).fit(X, y)
    assert Failing.made[0].n_replayed == 1
    assert caplog.messages == [
        "Training without CUDA graphs: operation not permitted when stream is capturing"
    ]
    assert torch.equal(parameters(net), parameters(expected))


class Own(Augmenter):
    def __init__(self, random_state=None):
        self.random_state = random_state

    def perturb(self, X, rng):
        return X


class Watching(Callback):
    def on_batch_end(self, net, batch=None, **kwargs):
        pass


def test_what_is_recorded(caplog):
    weights = [torch.nn.Parameter(torch.zeros(2))]
    adam = torch.optim.Adam(weights, fused=True)
    known = [("rate", LRScheduler()), ("accuracy", EpochScoring("accuracy"))]
    options = {"device": CUDA, "n_steps": 1000, "augmenters": [None], "callbacks": known}

    def made(optimizer=adam, **changed):
        return graphed_step(None, optimizer, None, **options | changed)

    with caplog.at_level(logging.INFO, "skspectra"):
        assert isinstance(made(), GraphedStep)
        assert isinstance(made(augmenters=[None, AugmenterChain([PCANoise()])]), GraphedStep)
        assert isinstance(made(torch.optim.SGD(weights, fused=True)), GraphedStep)
        assert made(device=torch.device("cpu")) is None
        assert made(n_steps=10) is None
        assert caplog.messages == []
        reasons = {
            "callback clip may look at batches": {"callbacks": [("clip", GradientNormClipping())]},
            "callback own may look at batches": {"callbacks": [*known, ("own", Watching())]},
            "callback seen may look at batches": {
                "callbacks": [("seen", EpochScoring("accuracy", on_train=True))]
            },
            "optimizer Adagrad": {"optimizer": torch.optim.Adagrad(weights)},
            "optimizer without fused=True": {"optimizer": torch.optim.Adam(weights)},
            "augmenter Own, which is not of skspectra": {"augmenters": [AugmenterChain([Own()])]},
        }
        for reason, changed in reasons.items():
            caplog.clear()
            assert made(**changed) is None
            assert caplog.messages == [f"Training without CUDA graphs: {reason}."]


def test_optimizer_is_as_before_after_a_recording():
    adam = torch.optim.Adam([torch.nn.Parameter(torch.zeros(2))], lr=0.1, fused=True)
    step = GraphedStep(None, adam, None)
    with pytest.raises(KeyError), step._recordable_optimizer(torch.device("cpu")):
        (group,) = adam.param_groups
        assert (float(group["lr"]), group["capturable"]) == (pytest.approx(0.1), True)
        assert group["lr"] is step._rates[0]
        raise KeyError
    assert (adam.param_groups[0]["lr"], adam.param_groups[0]["capturable"]) == (0.1, False)


def test_generators_get_a_new_state_after_a_failure():
    class Stuck(torch.Generator):
        def graphsafe_set_state(self, fresh):
            self.fresh = fresh

    generator = Stuck().manual_seed(3)
    expected = torch.rand(4, generator=torch.Generator().manual_seed(3))
    with pytest.raises(KeyError), graphs._restored_on_failure([generator]):
        torch.rand(7, generator=generator)
        raise KeyError
    assert torch.equal(torch.rand(4, generator=generator.fresh), expected)


class FromHost(TorchDispatchMode):
    """Counts what is copied from the CPU to a device that is none."""

    n_copies = 0

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        result = operation(*args, **(kwargs or {}))
        if isinstance(result, torch.Tensor) and result.device.type == "meta":
            tensors = [arg for arg in args if isinstance(arg, torch.Tensor)]
            self.n_copies += any(tensor.device.type == "cpu" and tensor.ndim for tensor in tensors)
        return result


NETS = [
    FullyConvClassifier(**BLOCKS, max_epochs=1),
    FullyConvClassifier(**BLOCKS, max_epochs=1, architecture="invariant"),
    ConvDenseClassifier(**BLOCKS, max_epochs=1),
    DenseClassifier(max_epochs=1),
]


@pytest.mark.parametrize("clf", NETS, ids=lambda clf: type(clf).__name__)
def test_a_step_neither_waits_for_the_device_nor_copies_to_it(clf, spectra):
    """On torch's meta device nothing can be looked at: what waits for a value raises."""
    X, y = spectra
    net = clf.fit(X, y).net_
    chain = AugmenterChain(
        [EnergyShift(shift=(-1, 1)), AxisStretch(), PCANoise(n_components=2), PoissonNoise()]
    )
    chain.fit(X)
    meta = torch.device("meta")
    chain.perturb(torch.empty(10, 24, device=meta), None)  # copies what is constant
    net.module_.to(meta)
    net.set_params(device="meta")
    data = as_dataset(X.astype(np.float32), np.zeros(60, int), np.ones(60), meta)
    batches = net.get_iterator(data, training=True)
    batches.perturb = lambda spectra: chain.perturb(spectra, None)
    with FromHost() as seen:
        for rows in batches.draw_rows():
            net.train_step_single(batches.take(rows))
    assert seen.n_copies == 0
    with pytest.raises(RuntimeError), FromHost():
        net.train_step_single(batches.take(rows))["loss"].item()


class Waits(TorchDispatchMode):
    """Collects what would make the CPU wait for a device."""

    OPERATIONS = {"_local_scalar_dense", "equal", "masked_select", "nonzero"}

    def __init__(self):
        super().__init__()
        self.seen = []

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        name = operation._schema.name.removeprefix("aten::")
        self.seen += [name] * (name in self.OPERATIONS)
        return operation(*args, **(kwargs or {}))


@pytest.mark.parametrize("clf", NETS, ids=lambda clf: type(clf).__name__)
def test_a_stacked_step_waits_for_nothing(clf, spectra):
    X, y = spectra
    augment = [EnergyShift(shift=(-1, 1)), PCANoise(n_components=2), PoissonNoise()]
    with postponed() as trainings:
        for n_rows in (60, 59):
            clone(clf).set_params(augment=augment, batch_size=20).fit(X[:n_rows], y[:n_rows])
    stack = stacked_training._Stack(trainings)
    stack._module.generators = [member.generator for member in stack._members]
    for rows, sizes in stack._draw_batches():
        stack._train_on(rows, sizes)
    with Waits() as waits:
        for rows, sizes in stack._draw_batches():
            stack._train_on(rows, sizes)
    assert waits.seen == []
    with Waits() as waits:
        rows[rows > 0].sum().item()
    assert "_local_scalar_dense" in waits.seen
