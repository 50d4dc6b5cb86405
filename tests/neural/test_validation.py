import json

import numpy as np
import pytest
import torch
from quick_nets import KeepHeldOut, quick
from sklearn.metrics import log_loss


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
