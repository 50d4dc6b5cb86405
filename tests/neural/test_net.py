import pickle
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from types import SimpleNamespace as Namespace

import dask
import numpy as np
import pytest
import torch
from joblib import Parallel, delayed
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.utils import check_random_state
from skorch.callbacks import BatchScoring, Callback, EpochScoring, LRScheduler
from torch.nn.utils import parameters_to_vector

from skspectra.augmentation import EnergyShift
from skspectra.neural import DenseClassifier, FullyConvClassifier, NetClassifier
from skspectra.neural._modules.initialization import settle_statistics
from skspectra.neural._training.batches import TrainingBatches
from skspectra.neural._training.device import available_device, one_thread, resolve_device
from skspectra.neural._training.net import SpectralNet
from skspectra.neural._training.random import Drawing, Generators


class WithTorchDropout(torch.nn.Sequential):
    """A module of a user, whose layers draw from torch's global generator."""

    def __init__(self, n_channels, n_outputs):
        super().__init__(
            torch.nn.Linear(n_channels, 8),
            torch.nn.ReLU(),
            torch.nn.Dropout(0.3),
            torch.nn.Linear(8, n_outputs),
        )


def _weights(net, X, y):
    return parameters_to_vector(clone(net).fit(X, y).net_.module_.parameters()).detach().numpy()


def dense(**params):
    quick = {"hidden_layer_sizes": (4,), "dropout": 0.0, "max_epochs": 3, "random_state": 0}
    return DenseClassifier(**(quick | params))


class Spy(Callback):
    """Keeps what the hooks of a training saw."""

    seen = []

    def on_train_begin(self, net, **kwargs):
        self.seen.clear()

    def on_epoch_begin(self, net, dataset_valid=None, **kwargs):
        self.seen.append(("epoch_begin", dataset_valid))

    def on_batch_begin(self, net, batch=None, training=None, **kwargs):
        self.seen.append(("begin", training, len(batch[1])))

    def on_grad_computed(self, net, named_parameters, **kwargs):
        self.seen.append(("grad", all(p.grad is not None for _, p in named_parameters)))

    def on_batch_end(self, net, loss=None, y_pred=None, training=None, **kwargs):
        self.seen.append(("end", training, loss.item(), len(y_pred)))


@pytest.mark.parametrize("batch_size", [2, 3, 5, 64])
def test_batches_are_even_and_never_of_one_row(batch_size):
    for n_rows in range(2, 40):
        y = torch.arange(n_rows)
        batches = TrainingBatches({"X": 10.0 * y[:, None], "other": -y}, y, batch_size)
        parts = list(batches)
        assert len(parts) == len(batches)
        sizes = [len(yi) for _, yi in parts]
        assert min(sizes) >= 2
        assert max(sizes) - min(sizes) <= 1
        assert max(sizes) <= max(batch_size, 3)
        assert sorted(torch.cat([yi for _, yi in parts]).tolist()) == y.tolist()
        for X, yi in parts:
            assert torch.equal(X["X"][:, 0], 10.0 * yi)
            assert torch.equal(X["other"], -yi)


def test_batches_are_shuffled_anew():
    batches = TrainingBatches({"X": torch.zeros(50, 1)}, torch.arange(50), 64)
    (_, first), (_, second) = next(iter(batches)), next(iter(batches))
    assert not torch.equal(first, second)


def test_loss_is_the_weighted_mean():
    criterion = {"criterion": torch.nn.CrossEntropyLoss, "criterion__reduction": "none"}
    module = {"module__in_features": 1, "module__out_features": 2}
    net = SpectralNet(torch.nn.Linear, **criterion, **module).initialize()
    logits = torch.tensor([[0.0, 0.0], [2.0, 0.0], [0.0, 1.0]])
    weight = torch.tensor([1.5, 0.5, 1.0])
    loss = net.get_loss(logits, torch.tensor([0, 0, 0]), X={"sample_weight": weight})
    losses = np.log(2), np.log1p(np.exp(-2)), np.log1p(np.exp(1))
    assert float(loss) == pytest.approx(np.dot([1.5, 0.5, 1.0], losses) / 3)


def test_hooks_of_every_batch_run(spectra):
    clf = dense(batch_size=20, max_epochs=2, callbacks=[Spy], validation_fraction=0.2)
    clf.fit(*spectra)
    kinds = [entry[0] for entry in Spy.seen]
    assert kinds == 2 * (["epoch_begin"] + 3 * ["begin", "grad", "end"] + ["begin", "end"])
    assert all(entry[1] for entry in Spy.seen if entry[0] == "grad")
    per_epoch = np.reshape([e[2:] for e in Spy.seen if e[0] == "end" and e[1]], (2, 3, 2))
    expected = [np.average(epoch[:, 0], weights=epoch[:, 1]) for epoch in per_epoch]
    np.testing.assert_allclose([e["train_loss"] for e in clf.history_], expected, rtol=1e-6)


def test_scoring_callbacks_reach_the_history(spectra):
    scores = [
        EpochScoring("balanced_accuracy", on_train=True, name="train_balanced"),
        EpochScoring("neg_log_loss", name="uncached", use_caching=False, lower_is_better=False),
        BatchScoring("accuracy", name="valid_by_batch"),
    ]
    clf = dense(callbacks=scores, validation_fraction=0.25, batch_size=20).fit(*spectra)
    last = clf.history_[-1]
    assert 0 <= last["train_balanced"] <= 1
    assert last["uncached"] == pytest.approx(-last["valid_loss"], rel=1e-5)
    assert last["valid_by_batch"] == pytest.approx(last["valid_accuracy"])


def test_callbacks_of_the_user_stay_as_they_are(spectra):
    mine = LRScheduler(policy="StepLR", step_size=1, gamma=0.9)
    clf = dense(callbacks=[("mine", mine)], schedule="constant", lr=0.1, max_epochs=3)
    clf.set_params(callbacks__mine__gamma=0.5).fit(*spectra)
    assert clf.net_.optimizer_.param_groups[0]["lr"] == pytest.approx(0.1 * 0.5**3)
    assert mine.get_params()["gamma"] == 0.9
    assert not any(name.endswith("_") for name in vars(mine))


def test_net_predicts_by_itself(spectra):
    X, y = spectra
    clf = dense().fit(X, y)
    proba = clf.net_.predict_proba(X.astype(np.float32))
    np.testing.assert_allclose(proba, clf.predict_proba(X), atol=1e-6)


def test_interrupted_while_statistics_are_settled(spectra, monkeypatch):
    X, y = spectra
    clf = dense(validation_fraction=0.2).fit(X, y)
    calls = []

    def interrupted_once(module, *args):
        calls.append(module)
        if len(calls) == 2:
            module.features.dense_1.norm.reset_running_stats()
            raise KeyboardInterrupt
        settle_statistics(module, *args)

    monkeypatch.setattr("skspectra.neural._training.net.settle_statistics", interrupted_once)
    with pytest.raises(KeyboardInterrupt):
        clf.fit(X, y)
    assert clf.n_iter_ == 1
    assert clf.net_.module_.features.dense_1.norm.running_var.min() != 1


class Interrupt(Callback):
    def __init__(self, epoch=3):
        self.epoch = epoch

    def on_batch_end(self, net, training=None, **kwargs):
        if len(net.history) == self.epoch and training:
            raise KeyboardInterrupt


@pytest.mark.parametrize("validation_fraction", [None, 0.2])
def test_interrupted_fit_raises_and_leaves_a_fitted_classifier(spectra, validation_fraction):
    X, y = spectra
    clf = dense(max_epochs=9, batch_size=20, validation_fraction=validation_fraction)
    with pytest.raises(KeyboardInterrupt):
        clf.set_params(callbacks=[Interrupt(epoch=1)]).fit(X, y)
    assert (clf.n_iter_, clf.history_) == (0, [])
    assert np.isfinite(clf.predict_proba(X)).all()
    with pytest.raises(KeyboardInterrupt):
        clf.set_params(callbacks=[Interrupt(epoch=3)]).fit(X, y)
    assert clf.n_iter_ == len(clf.history_) == 2
    assert clf.predict(X).shape == y.shape
    losses = [batch["train_loss"] for batch in clf.net_.history[-1]["batches"]]
    assert all(isinstance(loss, float) for loss in losses)
    assert clf.set_params(callbacks=None, warm_start=True, max_epochs=1).fit(X, y).n_iter_ == 3


def test_interrupted_fold_ends_the_search(spectra):
    search = GridSearchCV(dense(callbacks=[Interrupt(epoch=2)]), {"lr": [0.01, 0.03]}, cv=2)
    with pytest.raises(KeyboardInterrupt):
        search.fit(*spectra)


def numpy_state():
    return check_random_state(None).get_state()[1].copy()


DRAWING = {
    "dense": dense(dropout=0.3, batch_size=16, augment=EnergyShift(shift=(-1, 1))),
    "invariant": FullyConvClassifier(
        architecture="invariant", n_filters=(2,), kernel_sizes=(3,), max_epochs=2, random_state=0
    ),
    "of torch": NetClassifier(
        architecture=WithTorchDropout, max_epochs=2, batch_size=16, random_state=0
    ),
    "held out": dense(validation_fraction=0.25, batch_size=16),
}


@pytest.mark.parametrize("name", DRAWING)
def test_same_seed_same_weights_wherever_it_is_trained(name, spectra):
    """Serially, in two threads, in two processes and under dask: bit by bit."""
    X, y = spectra
    torch.manual_seed(1)
    of_torch, of_numpy = torch.get_rng_state(), numpy_state()

    def weights(net):
        return parameters_to_vector(clone(net).fit(X, y).net_.module_.parameters()).detach()

    expected = weights(DRAWING[name])
    drawn = [*Parallel(2, backend="threading")(delayed(weights)(DRAWING[name]) for _ in range(4))]
    drawn += Parallel(2, backend="loky")(delayed(_weights)(DRAWING[name], X, y) for _ in range(2))
    drawn += dask.compute(*[dask.delayed(weights)(DRAWING[name]) for _ in range(3)])
    for values in drawn:
        assert torch.equal(torch.as_tensor(values), expected)
    assert torch.equal(torch.get_rng_state(), of_torch)
    assert np.array_equal(numpy_state(), of_numpy)
    other = weights(clone(DRAWING[name]).set_params(random_state=1))
    assert not torch.equal(other, expected)


def test_warm_start_goes_on_drawing(spectra):
    """A third fit drops other units than the second: its seed is not drawn anew."""
    X, y = spectra
    clf = dense(warm_start=True, max_epochs=1, dropout=0.5, lr=1e-9, schedule="constant")
    _, second, third = (clf.fit(X, y).history_[-1]["train_loss"] for _ in range(3))
    assert abs(second - third) > 1e-4


def test_drawing_takes_all_that_torch_draws():
    def draw(seed):
        with Drawing(Generators(seed)):
            drawn = [torch.rand(3), torch.randperm(9), torch.randn_like(torch.ones(4))]
            drawn += [torch.rand_like(torch.ones(4)), torch.randint_like(torch.ones(9), 100)]
            drawn += [torch.randint_like(torch.ones(9), 5, 100, dtype=torch.int16)]
            drawn += [torch.nn.functional.dropout(torch.ones(40, requires_grad=True), 0.5)]
            drawn += [torch.nn.LSTM(3, 4).weight_hh_l0, torch.empty(3).exponential_()]
            drawn += [
                torch.multinomial(torch.ones(50), 5),
                torch.nn.init.orthogonal_(torch.ones(3, 3)),
            ]
        return drawn

    before = torch.get_rng_state()
    for one, same, other in zip(draw(0), draw(0), draw(1), strict=True):
        assert torch.equal(one, same)
        assert not torch.equal(one, other)
    assert torch.equal(torch.get_rng_state(), before)


def test_threads_that_are_alone_at_a_time_leave_the_number_as_it_was(monkeypatch):
    monkeypatch.setattr(torch, "set_num_threads", partial(setattr, number := Namespace(n=4), "n"))
    monkeypatch.setattr(torch, "get_num_threads", lambda: number.n)
    first, second = one_thread(), one_thread()
    with ThreadPoolExecutor(1) as other:
        first.__enter__()
        other.submit(second.__enter__).result()
        with one_thread():
            assert number.n == 1
        assert number.n == 1
        first.__exit__(None, None, None)
        assert number.n == 4
        other.submit(second.__exit__, None, None, None).result()
        assert number.n == 4


def test_devices(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    assert resolve_device("auto") == resolve_device("cpu") == torch.device("cpu")
    for device in ("cuda", "cuda:0"):
        assert available_device(device) == torch.device("cpu")
        with pytest.raises(ValueError, match="torch sees 0 CUDA devices"):
            resolve_device(device)
    with pytest.raises(ValueError, match="'gpu' is no device"):
        resolve_device("gpu")
    with pytest.raises(ValueError, match="must be 'auto', 'cpu', 'mps' or a CUDA device"):
        resolve_device("meta")
    with pytest.raises(ValueError, match="and no MPS device"):
        resolve_device("mps")
    assert available_device("mps") == torch.device("cpu")
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert resolve_device("mps") == available_device("mps") == torch.device("mps")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    assert resolve_device("auto") == resolve_device("cuda") == torch.device("cuda")
    assert available_device("cuda:0") == torch.device("cuda:0")
    assert available_device("cuda:1") == torch.device("cpu")


def test_what_was_pickled_on_cuda_loads_without(spectra, monkeypatch):
    """A stand-in for the machine with CUDA: torch is made to label the storages as its own."""
    X, y = spectra
    clf = dense(warm_start=True).fit(X, y)
    expected = clf.predict_proba(X)
    clf.net_.device = "cuda:0"
    with monkeypatch.context() as patch:
        patch.setattr(torch.serialization, "location_tag", lambda storage: "cuda:0")
        pickled = pickle.dumps(clf)
    assert b"cuda:0" in pickled
    loaded = pickle.loads(pickled)
    assert loaded.net_.device == "cpu"
    np.testing.assert_array_equal(loaded.predict_proba(X), expected)
    assert loaded.fit(X, y).n_iter_ == 6
