import copy
import importlib
import logging
import pickle
import sys
from contextlib import contextmanager

import numpy as np
import pytest
import torch
from kernel_modules import BLOCKS, CLASSIFIERS, HIDDEN, TRITON, random_module
from sklearn.base import clone
from skorch.callbacks import Callback, EpochScoring, Freezer
from torch import nn

from skspectra.augmentation import EnergyShift
from skspectra.neural import DenseClassifier, FullyConvClassifier, NetClassifier, _kernels
from skspectra.neural._cuda.fused import CudaFusedModule
from skspectra.neural._kernels.predict import FoldedModule
from skspectra.neural._kernels.recognize import recognize
from skspectra.neural._kernels.train import ConvKernels
from skspectra.neural._modules import ConvDenseModule, DenseModule, FullyConvModule
from skspectra.neural._modules.initialization import settle_statistics
from skspectra.neural._modules.invariant import InvariantConvModule


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


PUBLISHED = {"n_filters": (2, 2, 4, 8, 12), "kernel_sizes": (9, 7, 7, 5, 3)}


def in_kernels(module):
    return ConvKernels(recognize(module))


FUSED = [
    pytest.param(in_kernels, id="numba"),
    pytest.param(CudaFusedModule, id="triton", marks=TRITON),
]
N_SPECTRA = {in_kernels: (33, 16, 5), CudaFusedModule: (7,)}  # what is interpreted is slow


@pytest.fixture
def always(monkeypatch):
    """Fuse however few spectra there are."""
    monkeypatch.setattr(_kernels, "_PAYS_FROM", 0)
    monkeypatch.setattr(_kernels, "_PREDICTION_PAYS_FROM", 0)


def relative(value, expected):
    """Largest difference, relative to the largest of what is expected."""
    return float((value - expected).abs().max() / expected.abs().max())


def gradients_of(module, run, X, direction, seed=0):
    module.zero_grad()
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        output = run(X)
    (output * direction).sum().backward()
    return output.detach(), [parameter.grad.clone() for parameter in module.parameters()]


SIZES = [
    (300, *PUBLISHED.values()),
    (301, *PUBLISHED.values()),
    (140, *PUBLISHED.values()),
    (83, (3, 7, 6), (4, 1, 2)),
    (2, (1,), (1,)),
    (7, (5, 2), (2, 1)),
    (40, (9,), (11,)),
]


@pytest.mark.parametrize("fused_class", FUSED)
@pytest.mark.parametrize("module_class", [FullyConvModule, InvariantConvModule])
@pytest.mark.parametrize("has_maps", [True, False])
@pytest.mark.parametrize(("n_channels", "n_filters", "kernel_sizes"), SIZES)
def test_gradients_in_float32(
    fused_class, module_class, has_maps, n_channels, n_filters, kernel_sizes
):
    if has_maps and n_channels == 2:
        pytest.skip("a second normalisation of one filter leaves rounding errors for gradients")
    sizes = {"n_filters": n_filters, "kernel_sizes": kernel_sizes}
    module = random_module(module_class, n_channels, **sizes)
    if not has_maps:
        module.classifier = torch.nn.Sequential(torch.nn.Identity())
    exact = copy.deepcopy(module).double()
    fused = fused_class(module)
    for n_spectra in N_SPECTRA[fused_class]:
        X = torch.randn(n_spectra, n_channels)
        direction = torch.randn(module(X).shape)
        values, gradients = gradients_of(module, fused, X, direction)
        expected, exact_gradients = gradients_of(exact, exact, X.double(), direction.double())
        assert relative(values, expected) < 1e-5
        largest = max(gradient.abs().max() for gradient in exact_gradients)
        for gradient, reference in zip(gradients, exact_gradients, strict=True):
            assert (gradient - reference).abs().max() < 1e-5 * largest


@pytest.mark.parametrize("fused_class", FUSED)
@pytest.mark.parametrize("module_class", HIDDEN)
@pytest.mark.parametrize(("n_channels", "n_filters", "kernel_sizes"), SIZES)
def test_logits_gradients_and_statistics_in_float64(
    fused_class, module_class, n_channels, n_filters, kernel_sizes
):
    sizes = {"n_filters": n_filters, "kernel_sizes": kernel_sizes}
    module = random_module(module_class, n_channels, torch.float64, **sizes)
    other = copy.deepcopy(module)
    fused = fused_class(module)
    for n_spectra in N_SPECTRA[fused_class]:
        X = torch.randn(n_spectra, n_channels, dtype=torch.float64)
        direction = torch.randn(n_spectra, 3)
        logits, gradients = gradients_of(module, fused, X, direction)
        expected, other_gradients = gradients_of(other, other, X, direction)
        assert relative(logits, expected) < 1e-10
        for gradient, reference in zip(gradients, other_gradients, strict=True):
            largest = max(other.abs().max() for other in other_gradients)
            assert (gradient - reference).abs().max() < 1e-10 * largest
    for name, value in other.state_dict().items():
        torch.testing.assert_close(module.state_dict()[name], value, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("fused_class", FUSED)
def test_filters_far_from_zero_keep_their_variance(fused_class):
    module = random_module(FullyConvModule, 300, **PUBLISHED)
    for norm in module.modules():
        if isinstance(norm, torch.nn.BatchNorm1d):
            norm.eps = 1e-6
    with torch.no_grad():
        module.features.block_1.conv.bias.add_(300)
    exact = copy.deepcopy(module).double()
    X = torch.randn(50, 300)
    assert relative(fused_class(module)(X).detach(), exact(X.double()).detach()) < 1e-3


@pytest.mark.parametrize("fused_class", FUSED)
@pytest.mark.parametrize("module_class", HIDDEN)
def test_dropout_and_evaluation_are_those_of_the_module(fused_class, module_class):
    module = random_module(module_class, 60, torch.float64, **BLOCKS | {"dropout": 0.5})
    other = copy.deepcopy(module)
    fused, X = fused_class(module), torch.randn(21, 60, dtype=torch.float64)
    direction = torch.randn(21, 3)
    for seed in range(3):
        logits, gradients = gradients_of(module, fused, X, direction, seed)
        expected, other_gradients = gradients_of(other, other, X, direction, seed)
        torch.testing.assert_close(logits, expected)
        torch.testing.assert_close(gradients, other_gradients, rtol=1e-9, atol=1e-11)
    module.eval()
    torch.testing.assert_close(fused(X), module(X), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("fused_class", FUSED)
@pytest.mark.parametrize("module_class", HIDDEN)
def test_settled_statistics_are_those_of_torch(fused_class, module_class):
    module = random_module(module_class, 60, **BLOCKS)
    other = copy.deepcopy(module)
    fused = fused_class(module)
    batches = [(torch.randn(n_spectra, 60), None) for n_spectra in (20, 19, 20)]
    settle_statistics(module, batches, fused)
    settle_statistics(other, batches, other)
    for name, value in other.state_dict().items():
        torch.testing.assert_close(module.state_dict()[name], value, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("module_class", [FullyConvModule, ConvDenseModule])
def test_statistics_of_each_normalisation_move_by_its_momentum(module_class):
    module = random_module(module_class, 60, **BLOCKS)
    norms = [layer for layer in module.modules() if isinstance(layer, torch.nn.BatchNorm1d)]
    for number, norm in enumerate(norms):
        norm.momentum = (0.1, None, 0.4)[number % 3]
    other = copy.deepcopy(module)
    fused = in_kernels(module)
    for n_spectra in (20, 19):
        X = torch.randn(n_spectra, 60)
        fused(X), other(X)
    for name, value in other.state_dict().items():
        torch.testing.assert_close(module.state_dict()[name], value, rtol=1e-5, atol=1e-6)


def test_batches_do_not_disturb_each_other():
    module = random_module(FullyConvModule, 60, **BLOCKS)
    fused = in_kernels(module)
    first, second = torch.randn(40, 60), torch.randn(17, 60)
    alone = [gradients_of(module, fused, X, torch.ones(3))[1] for X in (first, second)]
    module.zero_grad()
    logits = fused(first), fused(second)
    fused(torch.full((40, 60), torch.nan)).sum().backward()
    module.zero_grad()
    logits[0].sum().backward(retain_graph=True)
    logits[1].sum().backward()
    for parameter, *expected in zip(module.parameters(), *alone, strict=True):
        torch.testing.assert_close(parameter.grad, sum(expected), rtol=1e-4, atol=1e-4)
    with pytest.raises(RuntimeError, match="was computed already"):
        logits[0].sum().backward()


class SeeGradients(Callback):
    norms = []

    def on_grad_computed(self, net, named_parameters, **kwargs):
        self.norms.append(sum(float(p.grad.square().sum()) for _, p in named_parameters))


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


class Residual(nn.Module):
    """A residual net of a user: its shortcut is registered first and runs last."""

    def __init__(self, n_channels, n_outputs, n_filters=4):
        super().__init__()
        self.shortcut = nn.Conv1d(1, n_filters, 1)
        self.conv = nn.Sequential(
            nn.Conv1d(1, n_filters, 5, padding=2), nn.BatchNorm1d(n_filters), nn.GELU()
        )
        self.drop = nn.Dropout(0.2)
        self.classify = nn.Linear(n_filters, n_outputs)

    def forward(self, X):
        signals = X.unsqueeze(1)
        maps = self.conv(signals) + self.shortcut(signals)
        return self.classify(self.drop(maps.mean(2)))


class OtherBlocks(FullyConvModule):
    """Blocks with the names of the published ones, but other layers."""

    def __init__(self, *sizes, layer="relu", other=nn.GELU, **params):
        super().__init__(*sizes, n_filters=(4, 3), kernel_sizes=(5, 2), **params)
        if layer == "logits":
            self.classifier.logits = other()
        else:
            setattr(self.features.block_2, layer, other())


class Squared(FullyConvModule):
    """A module whose forward is not that of its layers."""

    def forward(self, X):
        return super().forward(X) ** 2


OTHER_LAYERS = {
    "GELU": ("relu", nn.GELU),
    "max pooling": ("pool", lambda: nn.MaxPool1d(2)),
    "wide pooling": ("pool", lambda: nn.AvgPool1d(2, stride=1)),
    "padding": ("conv", lambda: nn.Conv1d(4, 3, 2, padding=1)),
    "stride": ("conv", lambda: nn.Conv1d(4, 3, 2, stride=2)),
    "groups": ("conv", lambda: nn.Conv1d(4, 4, 2, groups=2)),
    "no bias": ("conv", lambda: nn.Conv1d(4, 3, 2, bias=False)),
    "no weights": ("norm", lambda: nn.BatchNorm1d(3, affine=False)),
    "no statistics": ("norm", lambda: nn.BatchNorm1d(3, track_running_stats=False)),
    "another normalisation": ("norm", lambda: nn.InstanceNorm1d(3)),
    "a derived layer": ("relu", type("MyReLU", (nn.ReLU,), {})),
}


@pytest.mark.parametrize("layer", OTHER_LAYERS)
def test_layers_that_are_not_listed_are_left_to_torch(layer):
    name, other = OTHER_LAYERS[layer]
    assert recognize(random_module(FullyConvModule, 60, **BLOCKS)) is not None
    assert recognize(OtherBlocks(60, 3, layer=name, other=other)) is None


def test_other_modules_are_left_to_torch():
    module = random_module(FullyConvModule, 60, **BLOCKS)
    assert recognize(module.to("meta")) is None
    assert recognize(Squared(60, 3, **BLOCKS)) is None
    assert recognize(DenseModule(60, 3)) is None
    assert recognize(Residual(60, 3)) is None
    hooked = random_module(FullyConvModule, 60, **BLOCKS)
    hooked.features.block_1.relu.register_forward_hook(lambda *_: None)
    assert recognize(hooked) is None


def test_another_head_is_computed_by_torch():
    head = random_module(OtherBlocks, 60, layer="logits", other=lambda: nn.AdaptiveMaxPool1d(1))
    head.classifier.append(nn.Flatten())
    layers = recognize(head)
    assert layers.maps is None
    X = torch.randn(9, 60)
    torch.testing.assert_close(in_kernels(copy.deepcopy(head))(X), head(X), rtol=1e-4, atol=1e-5)


EVERY = {
    "published": NetClassifier(architecture="published", net_params={"module__dropout": 0.3}),
    "invariant": NetClassifier(architecture="invariant"),
    "conv-dense": NetClassifier(architecture="conv-dense"),
    "dense": NetClassifier(architecture="dense"),
    "residual": NetClassifier(architecture=Residual),
    "GELU": NetClassifier(architecture=OtherBlocks),
    "max pooling": NetClassifier(
        architecture=OtherBlocks,
        net_params={"module__layer": "pool", "module__other": OTHER_LAYERS["max pooling"][1]},
    ),
}
IN_KERNELS = ["published", "invariant", "conv-dense"]


@pytest.mark.parametrize("name", EVERY)
def test_every_architecture_trains_and_predicts_as_in_plain_torch(name, monkeypatch):
    """Kernels compute what torch does, or are not used: outputs, gradients, statistics, weights."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(90, 150)).astype(np.float32), np.arange(90) % 3
    X += np.sin(np.arange(150) * (1 + y[:, None]) / 9)
    clf = clone(EVERY[name]).set_params(optimizer="SGD", max_epochs=2, batch_size=30)
    clf.set_params(random_state=0)
    results = []
    for pays_from in (0, 1e12):
        monkeypatch.setattr(_kernels, "_PAYS_FROM", pays_from)
        monkeypatch.setattr(_kernels, "_PREDICTION_PAYS_FROM", pays_from)
        SeeGradients.norms.clear()
        clf.set_params(callbacks=[SeeGradients]).fit(X, y)
        state = {k: v.clone() for k, v in clf.net_.module_.state_dict().items()}
        results.append((list(SeeGradients.norms), state, clf.predict_proba(X)))
        assert isinstance(_kernels.predictor(clf.net_.module_, X.size), FoldedModule) == (
            name in IN_KERNELS and pays_from == 0
        )
    (norms, state, proba), (plain_norms, plain_state, plain_proba) = results
    np.testing.assert_allclose(norms, plain_norms, rtol=1e-2)
    for key, value in plain_state.items():
        torch.testing.assert_close(state[key], value, rtol=1e-2, atol=2e-3)
    np.testing.assert_allclose(proba, plain_proba, atol=5e-3)


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
