import joblib
import numpy as np
import pandas as pd
import pytest
import torch
from quick_nets import KeepHeldOut, quick, same_weights
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from skorch.callbacks import Callback

from skspectra.augmentation import PCANoise
from skspectra.neural import ConvDenseClassifier, DenseClassifier, FullyConvClassifier
from skspectra.neural._estimators import outputs


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
    one = quick(random_state=np.random.RandomState(3)).fit(*spectra)
    two = quick(random_state=np.random.RandomState(3)).fit(*spectra)
    assert same_weights(one, two)
    assert not same_weights(*(quick(random_state=None).fit(*spectra) for _ in range(2)))


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
