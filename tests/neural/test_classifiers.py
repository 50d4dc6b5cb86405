import json

import joblib
import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.metrics import log_loss
from sklearn.utils import compute_sample_weight
from skorch.callbacks import Callback

from skspectra.augmentation import PCANoise
from skspectra.neural import ConvDenseClassifier, DenseClassifier, FullyConvClassifier
from skspectra.neural._estimators import outputs

BLOCK = {"n_filters": (4,), "kernel_sizes": (5,)}
QUICK = {"max_epochs": 3, "random_state": 0}
NETS = {
    "fully_conv": FullyConvClassifier(**BLOCK, **QUICK),
    "conv_dense": ConvDenseClassifier(**BLOCK, **QUICK),
    "dense": DenseClassifier(**QUICK),
}


def quick(**params):
    return FullyConvClassifier(**(BLOCK | QUICK | params))


@pytest.fixture(params=NETS)
def net(request):
    return clone(NETS[request.param])


def same_weights(one, other):
    pairs = zip(one.net_.module_.parameters(), other.net_.module_.parameters(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


def test_embed_and_activations_at_published_width(published_spectra):
    X, y = published_spectra
    clf = FullyConvClassifier(max_epochs=1).fit(X, y)
    activations = clf.activations(X)
    assert clf.embed(X).shape == (12, 72)
    np.testing.assert_array_equal(clf.embed(X), activations["block_5"].reshape(12, 72))
    logits = activations["class_maps"].mean(axis=2)
    np.testing.assert_allclose(logits, activations["logits"], rtol=1e-4, atol=1e-6)
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(clf.predict_proba(X), expected, rtol=1e-4)
    assert ConvDenseClassifier(max_epochs=1).fit(X, y).embed(X).shape == (12, 72)
    assert DenseClassifier(max_epochs=1).fit(X, y).embed(X).shape == (12, 32)


def test_blocks_of_spectra_do_not_matter(net, spectra, monkeypatch):
    X, y = spectra
    net.fit(X, y)
    whole = {"embed": net.embed(X), "proba": net.predict_proba(X)} | net.activations(X)
    monkeypatch.setattr(outputs, "_AT_ONCE", 7 * 24)
    parts = {"embed": net.embed(X), "proba": net.predict_proba(X)} | net.activations(X)
    assert list(parts) == list(whole)
    for name, values in whole.items():
        assert values.dtype == np.float32
        np.testing.assert_allclose(parts[name], values, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "labels",
    [["a", "b", "c"], [5, 7, -1], [1.0, 2.0, 4.0], np.array(["x", "yy", "z"], dtype=object)],
)
def test_labels_of_any_kind(labels, spectra):
    X, y = spectra
    codes = np.unique(y, return_inverse=True)[1]
    clf = quick(max_epochs=60, lr=0.1, dropout=0.0).fit(X, np.asarray(labels)[codes])
    assert set(clf.classes_) == set(labels)
    np.testing.assert_array_equal(clf.predict(X), np.asarray(labels)[codes])
    assert same_weights(clf, clone(clf).fit(X, clf.predict(X)))


def test_bool_labels(spectra):
    X, y = spectra
    clf = quick().fit(X, y == "Mn2+")
    assert clf.classes_.tolist() == [False, True]
    assert clf.predict(X).dtype == bool


def test_numbers_of_any_kind(spectra):
    X, y = spectra
    counts = np.round(100 * X).astype(int)
    expected = quick().fit(counts.astype(np.float32), y).predict_proba(counts)
    for values in (counts, counts.astype(float), counts.tolist(), pd.DataFrame(counts)):
        np.testing.assert_array_equal(quick().fit(values, y).predict_proba(values), expected)


class KeepHeldOut(Callback):
    held_out = None

    def on_epoch_begin(self, net, dataset_valid=None, **kwargs):
        type(self).held_out = dataset_valid


class KeepTrained(Callback):
    spectra = None

    def on_train_begin(self, net, X=None, **kwargs):
        type(self).spectra = X["X"]


@pytest.mark.parametrize("dtype", [np.float16, np.uint8, np.int8, np.uint16, np.int16])
def test_narrow_numbers_stay_narrow(dtype, spectra):
    X, y = spectra
    narrow = (100 * np.abs(X)).astype(dtype)
    augmented = {"validation_fraction": 0.2, "augment": PCANoise(n_components=2)}
    for params in ({}, augmented):
        watched = quick(**params, callbacks=[KeepTrained, KeepHeldOut])
        clf = clone(watched).fit(narrow, y)
        assert KeepTrained.spectra.numpy().dtype == dtype
        expected = watched.fit(narrow.astype(np.float32), y)
        assert same_weights(clf, expected)
        np.testing.assert_array_equal(clf.predict_proba(narrow), expected.predict_proba(narrow))
    held_out = quick(validation_fraction=0.2, callbacks=[KeepHeldOut]).fit(narrow, y)
    assert KeepHeldOut.held_out.X["X"].numpy().dtype == dtype
    assert held_out.history_[-1]["valid_accuracy"] > 0


@pytest.mark.parametrize("dtype", [np.float32, np.uint16])
def test_spectra_in_memory_or_mapped_are_not_copied(dtype, spectra, tmp_path):
    X, y = spectra
    joblib.dump((100 * np.abs(X)).astype(dtype), tmp_path / "X.joblib")
    mapped = joblib.load(tmp_path / "X.joblib", mmap_mode="r")
    writable = mapped.copy()
    clf = quick(callbacks=[KeepTrained])
    for given in (mapped, writable):
        clf.fit(given, y)
        assert np.shares_memory(KeepTrained.spectra.numpy(), given)
    np.testing.assert_array_equal(writable, mapped)


def test_same_seed_same_weights(net, spectra):
    fitted = clone(net).fit(*spectra)
    torch.manual_seed(5)
    before = torch.get_rng_state()
    np.random.seed(5)  # noqa: NPY002
    assert same_weights(clone(net).fit(*spectra), fitted)
    assert not same_weights(clone(net).set_params(random_state=1).fit(*spectra), fitted)
    assert torch.equal(torch.get_rng_state(), before)
    assert same_weights(net.fit(*spectra).fit(*spectra), fitted)


def test_random_state_instance_and_none(spectra):
    one = quick(random_state=np.random.RandomState(3)).fit(*spectra)  # noqa: NPY002
    two = quick(random_state=np.random.RandomState(3)).fit(*spectra)  # noqa: NPY002
    assert same_weights(one, two)
    assert not same_weights(*(quick(random_state=None).fit(*spectra) for _ in range(2)))


def test_weight_zero_is_as_if_removed(net, spectra):
    X, y = spectra
    weight = np.tile([2.0, 0.0, 0.5], 20)[np.random.default_rng(0).permutation(60)]
    kept = weight > 0
    fitted = clone(net).fit(X, y, sample_weight=weight)
    assert same_weights(fitted, net.fit(X[kept], y[kept], sample_weight=weight[kept]))
    assert not same_weights(fitted, clone(net).fit(X[kept], y[kept]))


def test_only_the_ratio_of_weights_counts(spectra):
    X, y = spectra
    weight = np.random.default_rng(0).uniform(1, 2, 60)
    assert same_weights(quick().fit(X, y, weight), quick().fit(X, y, 4 * weight))
    assert same_weights(quick().fit(X, y, np.full(60, 8.0)), quick().fit(X, y))


def test_class_weight_is_a_sample_weight(net, spectra):
    X, y = (values[8:] for values in spectra)
    X, y = X[y != "Mn4+"], y[y != "Mn4+"]
    X, y = X[3:], y[3:]
    for class_weight in ("balanced", {"Mn2+": 3.0}):
        weighted = clone(net).set_params(class_weight=class_weight).fit(X, y)
        same = clone(net).fit(X, y, sample_weight=compute_sample_weight(class_weight, y))
        np.testing.assert_allclose(weighted.predict_proba(X), same.predict_proba(X), rtol=1e-4)
        assert not same_weights(weighted, clone(net).fit(X, y))


def test_weights_are_effective(spectra):
    X, y = spectra
    clf = quick(class_weight={"Mn3+": 1000.0}, max_epochs=60, lr=0.05, dropout=0.0)
    shuffled = np.random.default_rng(0).permutation(y)
    assert np.mean(clf.fit(X, shuffled).predict(X) == "Mn3+") > 0.9


def test_validation_is_stratified_and_scored(spectra):
    X, y = spectra
    clf = quick(validation_fraction=0.2, callbacks=[KeepHeldOut]).fit(X, y)
    held_out = KeepHeldOut.held_out
    assert np.bincount(held_out.y).tolist() == [4, 4, 4]
    X_held, y_held = held_out.X["X"].numpy(), clf.classes_[held_out.y]
    last = clf.history_[-1]
    assert last["valid_accuracy"] == pytest.approx(clf.score(X_held, y_held))
    expected = log_loss(y_held, clf.predict_proba(X_held))
    assert last["valid_loss"] == pytest.approx(expected, rel=1e-4)
    assert clf.net_.train_split is None


def test_held_out_spectra_keep_their_weights(spectra):
    X, y = spectra
    weight = np.random.default_rng(0).uniform(0.1, 5, 60)
    clf = quick(validation_fraction=0.3, callbacks=[KeepHeldOut]).fit(X, y, weight)
    held_out = KeepHeldOut.held_out
    proba = clf.predict_proba(held_out.X["X"].numpy())
    rows = [
        np.flatnonzero(X[:, 0].astype(np.float32) == row[0]).item()
        for row in held_out.X["X"].numpy()
    ]
    expected = log_loss(y[rows], proba, sample_weight=weight[rows])
    assert clf.history_[-1]["valid_loss"] == pytest.approx(expected, rel=1e-4)


def test_nothing_is_held_out_unless_asked_for(spectra):
    clf = quick(callbacks=[KeepHeldOut]).fit(*spectra)
    assert KeepHeldOut.held_out is None
    names = {"epoch", "train_loss", "train_accuracy", "duration"}
    assert [set(record) for record in clf.history_] == 3 * [names]
    assert [record["epoch"] for record in clf.history_] == [1, 2, 3]
    assert clf.n_iter_ == 3
    assert json.loads(json.dumps(clf.history_)) == clf.history_


def test_training_accuracy_is_that_of_the_batches(spectra):
    X, y = spectra
    params = {"lr": 1e-9, "module__dropout": 0.0, "max_epochs": 1}  # no step moves the net
    clf = quick(batch_size=len(y)).set_params(**params).fit(X, y)
    assert clf.history_[0]["train_accuracy"] == pytest.approx(clf.score(X, y))
    again = quick(max_epochs=30).fit(X, y).history_
    assert again[-1]["train_accuracy"] > again[0]["train_accuracy"]


def test_patience_stops_and_restores_the_best_epoch(spectra):
    X, y = spectra
    y = np.random.default_rng(0).permutation(y)
    clf = quick(max_epochs=200, patience=4, validation_fraction=0.3, lr=0.1, schedule="constant")
    clf.set_params(callbacks=[KeepHeldOut]).fit(X, y)
    losses = [record["valid_loss"] for record in clf.history_]
    assert clf.n_iter_ == int(np.argmin(losses)) + 1 + 4 < 200
    held_out = KeepHeldOut.held_out
    restored = log_loss(clf.classes_[held_out.y], clf.predict_proba(held_out.X["X"].numpy()))
    assert restored == pytest.approx(min(losses), rel=1e-4)


def test_warm_start_goes_on(spectra):
    X, y = spectra
    clf = quick(warm_start=True, max_epochs=2).fit(X, y)
    first = [p.detach().clone() for p in clf.net_.module_.parameters()]
    clf.set_params(max_epochs=3, lr=1e-9).fit(X, y)
    assert clf.n_iter_ == 5
    assert [record["epoch"] for record in clf.history_] == [1, 2, 3, 4, 5]
    for before, after in zip(first, clf.net_.module_.parameters(), strict=True):
        torch.testing.assert_close(after, before, rtol=1e-5, atol=1e-6)
    assert quick(max_epochs=2).fit(X, y).fit(X, y).n_iter_ == 2


def test_warm_start_refuses_another_net(spectra):
    X, y = spectra
    clf = quick(warm_start=True).fit(X, y)
    with pytest.raises(ValueError, match=r"no class can be added: y holds \['Mn7\+'\]"):
        clf.fit(X, np.where(y == "Mn2+", "Mn7+", y))
    with pytest.raises(ValueError, match="23 features, but FullyConvClassifier is expecting 24"):
        clf.fit(X[:, 1:], y)
    with pytest.raises(ValueError, match="goes on with the same module"):
        clf.set_params(n_filters=(5,)).fit(X, y)


def test_pickle_and_clone(net, spectra, tmp_path):
    X, y = spectra
    net.set_params(validation_fraction=0.2, patience=2).fit(X, y)
    joblib.dump(net, tmp_path / "net.joblib")
    loaded = joblib.load(tmp_path / "net.joblib")
    np.testing.assert_array_equal(loaded.predict_proba(X), net.predict_proba(X))
    assert loaded.history_ == net.history_
    with pytest.raises(NotFittedError):
        clone(net).predict(X)
    assert same_weights(clone(net).fit(X, y), net)


def test_skorch_parameters(spectra):
    clf = quick(optimizer="SGD", lr=0.1, weight_decay=0.01)
    clf.set_params(optimizer__momentum=0.7, module__dropout=0.7, criterion__label_smoothing=0.1)
    assert clf.net_params == {
        "optimizer__momentum": 0.7,
        "module__dropout": 0.7,
        "criterion__label_smoothing": 0.1,
    }
    clf = clone(clf).set_params(optimizer__momentum=0.9).fit(*spectra)
    group = clf.net_.optimizer_.param_groups[0]
    assert type(clf.net_.optimizer_) is torch.optim.SGD
    assert (group["momentum"], group["lr"], group["weight_decay"]) == (0.9, 0.1, 0.01)
    assert clf.net_.module_.classifier.class_maps.dropout.p == 0.7
    assert clf.net_.criterion_.label_smoothing == 0.1
    assert isinstance(
        quick(optimizer=torch.optim.AdamW).fit(*spectra).net_.optimizer_, torch.optim.AdamW
    )


def test_frames(spectra):
    X, y = spectra
    names = [f"{energy:.1f}" for energy in 635 + 0.1 * np.arange(24)]
    frame = pd.DataFrame(X, columns=names)
    clf = quick().fit(frame, pd.Series(y))
    assert clf.feature_names_in_.tolist() == names
    np.testing.assert_array_equal(clf.predict_proba(frame), quick().fit(X, y).predict_proba(X))
    with pytest.raises(ValueError, match="feature names"):
        clf.predict(frame[names[::-1]])


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"patience": 3}, "patience=3 watches the validation loss.* set validation_fraction"),
        ({"optimizer": "adam"}, "'adam' is no class in torch.optim.* 'Adam'"),
        ({"net_params": {"lr": 1}}, r"begin with module__.*got \['lr'\]"),
        ({"device": "cuda:99"}, "'cuda:99' is not available"),
        ({"batch_size": 1}, "'batch_size' parameter .* must be an int in the range"),
        ({"dropout": 1.0}, "'dropout' parameter .* must be a float in the range"),
        ({"class_weight": {"Mn2+": -1.0}}, "class_weight must be finite and not negative"),
        ({"class_weight": {"Mn2+": 0.0, "Mn3+": 0.0}}, r"two classes .* 1 class: \['Mn4\+'\]"),
        (
            {"validation_fraction": 0.01},
            "validation_fraction=0.01 of 60 spectra cannot be held out: .*number of classes = 3",
        ),
        ({"lr": 1e30}, "training loss became .* Normalise the spectra"),
        ({"n_filters": (2, 2, 4, 8, 12), "kernel_sizes": (9, 7, 7, 5, 3)}, "at least 140"),
        ({"augment": [None]}, "augmenters must be instances of Augmenter.*got None"),
        ({"callbacks": [("name", 3)]}, "callbacks of skorch, got 3"),
    ],
)
def test_parameters_that_make_no_sense(params, message, spectra):
    error = TypeError if params.keys() & {"augment", "callbacks"} else ValueError
    with pytest.raises(error, match=message):
        quick(**params).fit(*spectra)


def test_fit_that_fails_leaves_no_net(spectra):
    X, y = spectra
    for clf in (quick(lr=1e30), quick(kernel_sizes=(25,))):
        with pytest.raises(ValueError):
            clf.fit(X, y)
        with pytest.raises(NotFittedError):
            clf.predict(X)


def broken(X, change):
    X = X.astype(np.float64)
    X[2, 3] = change
    return X


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda X, y: (broken(X, np.nan), y), "contains NaN"),
        (lambda X, y: (broken(X, np.inf), y), "contains infinity"),
        (lambda X, y: (broken(X, 1e39), y), "too large for dtype.'float32'"),
        (lambda X, y: (X, np.full(60, "Mn2+")), r"two classes .* got 1 class: \['Mn2\+'\]"),
        (lambda X, y: (X, np.linspace(0, 1, 60)), "Unknown label type: continuous"),
        (lambda X, y: (X[:, :5], y), r"n_features = 5\) are too narrow .* at least 6 channels"),
        (lambda X, y: (X[0], y), "Expected 2D array"),
        (lambda X, y: (X, y[1:]), "inconsistent numbers of samples"),
        (lambda X, y: (X.astype(str).tolist()[:-1] + [["x"] * 24], y), "could not convert string"),
    ],
)
def test_spectra_that_are_refused(change, message, spectra):
    with pytest.raises(ValueError, match=message):
        quick().fit(*change(*spectra))


def test_sparse_and_negative_weights_are_refused(spectra):
    X, y = spectra
    with pytest.raises(TypeError, match="dense data is required"):
        quick().fit(scipy.sparse.csr_array(X), y)
    with pytest.raises(ValueError, match="[Nn]egative"):
        quick().fit(X, y, sample_weight=np.linspace(-1, 1, 60))


def test_wrong_width_at_predict(net, spectra):
    X, y = spectra
    with pytest.raises(ValueError, match="has 23 features, but .* is expecting 24 features"):
        net.fit(X, y).predict(X[:, 1:])


LAYOUTS = {
    "reversed rows": lambda X: X[::-1][::-1],
    "reversed channels": lambda X: np.ascontiguousarray(X[:, ::-1])[:, ::-1],
    "every second": lambda X: np.repeat(X, 2, axis=1)[:, ::2],
    "Fortran": np.asfortranarray,
    "other byte order": lambda X: X.astype(">f8"),
    "broadcast": lambda X: np.lib.stride_tricks.as_strided(X, X.shape, X.strides, writeable=False),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_predictions_do_not_depend_on_how_spectra_lie_in_memory(layout, spectra):
    X, y = spectra
    clf = DenseClassifier(max_epochs=1, random_state=0).fit(X, y)
    other = LAYOUTS[layout](X)
    np.testing.assert_array_equal(other, X)
    np.testing.assert_array_equal(clf.predict_proba(other), clf.predict_proba(X))
    again = DenseClassifier(max_epochs=1, random_state=0).fit(other, y)
    np.testing.assert_array_equal(again.predict_proba(X), clf.predict_proba(X))
