import logging
import os

import joblib
import numpy as np
import pytest
import torch
from joblib.externals.loky import get_reusable_executor
from sklearn import model_selection
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from skspectra.augmentation import EnergyShift, PoissonNoise
from skspectra.evaluation import cross_validate
from skspectra.neural import DenseClassifier, FullyConvClassifier
from skspectra.pipeline import make_pipeline
from skspectra.preprocessing import PCADenoiser, SpectrumNormalizer
from skspectra.sampling import Augment

DENSE = DenseClassifier(max_epochs=5, batch_size=16, random_state=0)
CONV = FullyConvClassifier(
    n_filters=(4,), kernel_sizes=(5,), max_epochs=5, batch_size=16, lr=0.02, random_state=0
)
ESTIMATORS = {
    "net": DENSE,
    "pipeline": make_pipeline(SpectrumNormalizer(), PCADenoiser(5), CONV),
    "samplers": make_pipeline(Augment([PoissonNoise()], n_copies=2, random_state=0), DENSE),
    "nested": make_pipeline(SpectrumNormalizer(), make_pipeline(PCADenoiser(5), CONV)),
}


def assert_same(scores, expected):
    assert list(scores) == list(expected)
    for name in scores.keys() - {"fit_time", "score_time", "estimator", "indices"}:
        np.testing.assert_allclose(scores[name], expected[name], rtol=1e-4, atol=1e-5)
        assert scores[name].dtype == expected[name].dtype
    assert scores["fit_time"].shape == expected["fit_time"].shape


@pytest.mark.parametrize("name", ESTIMATORS)
def test_scores_are_those_of_scikit_learn(name, spectra, stacked):
    X, y = spectra
    options = {
        "cv": StratifiedKFold(4, shuffle=True, random_state=0),
        "scoring": ["neg_log_loss", "accuracy"],
        "return_train_score": True,
        "return_estimator": True,
        "return_indices": True,
    }
    X, y = X[:58], y[:58]  # so that folds differ in their number of rows
    expected = model_selection.cross_validate(ESTIMATORS[name], X, y, **options)
    scores = cross_validate(ESTIMATORS[name], X, y, n_jobs=np.int64(2), **options)
    assert stacked.messages == []
    assert_same(scores, expected)
    for part in ("train", "test"):
        for rows, other in zip(scores["indices"][part], expected["indices"][part], strict=True):
            np.testing.assert_array_equal(rows, other)
    for estimator, other in zip(scores["estimator"], expected["estimator"], strict=True):
        assert type(estimator) is type(other)
        proba = estimator.predict_proba(X), other.predict_proba(X)
        np.testing.assert_allclose(*proba, atol=1e-5)


def test_groups_weights_and_a_scorer_of_the_user(spectra, stacked):
    X, y = spectra
    options = {
        "cv": StratifiedGroupKFold(3),
        "groups": np.arange(60) // 6,
        "params": {"sample_weight": np.where(y == "Mn3+", 0.0, 1.0)},
        "scoring": lambda estimator, X, y: {
            "share": float(np.mean(estimator.predict(X) == "Mn2+"))
        },
        "return_estimator": True,
    }
    net = DenseClassifier(max_epochs=30, lr=0.02, random_state=0)
    scores = cross_validate(net, X, y, **options)
    assert_same(scores, model_selection.cross_validate(net, X, y, **options))
    assert not any("Mn3+" in estimator.predict(X) for estimator in scores["estimator"])
    assert stacked.messages == []


def test_what_cannot_be_stacked_is_fitted_all_the_same(spectra, stacked):
    X, y = spectra
    net = DenseClassifier(max_epochs=3, validation_fraction=0.2, patience=2, random_state=0)
    scores = cross_validate(net, X, y, cv=3)
    assert_same(scores, model_selection.cross_validate(net, X, y, cv=3))
    assert stacked.messages == ["Trained 3 of 3 nets alone: spectra are held out."]


def test_a_fold_that_fails_is_scored_as_scikit_learn_does(spectra, stacked):
    X, y = spectra
    X, y = X.copy(), y.copy()
    X[0] = np.nan  # in the training spectra of all folds but one
    folds = [(np.arange(1, 40), np.arange(40, 60)), (np.arange(40), np.arange(40, 60))]
    with pytest.warns(model_selection._validation.FitFailedWarning, match="1 fits failed"):
        scores = cross_validate(DENSE, X, y, cv=folds)
    assert np.isnan(scores["test_score"]).tolist() == [False, True]
    assert stacked.messages == ["Fitting fold after fold: ValueError: Input X contains NaN."]
    with pytest.raises(ValueError, match="contains NaN"):
        cross_validate(DENSE, X, y, cv=folds, error_score="raise")


def test_elsewhere_it_is_scikit_learn(spectra, caplog):
    X, y = spectra
    caplog.set_level(logging.INFO, "skspectra")
    for estimator in (LogisticRegression(), DENSE):
        expected = model_selection.cross_validate(estimator, X, y, cv=3, return_train_score=True)
        assert_same(cross_validate(estimator, X, y, cv=3, return_train_score=True), expected)
    assert caplog.messages == []
    with pytest.raises(ValueError, match="'n_jobs' parameter"):
        cross_validate(DENSE, X, y, n_jobs="all")
    with pytest.raises(ValueError, match="inconsistent numbers"):
        cross_validate(DENSE, X, y[:-1])


class Witness(ClassifierMixin, BaseEstimator):
    """Says in its score how many bytes the processes of the folds were handed as memory maps."""

    def __init__(self, folder):
        self.folder = folder

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def score(self, X, y):
        files = {path for path in self.folder.rglob("*") if path.is_file()}
        return {
            "bytes": sum(path.stat().st_size for path in files),
            "files": len(files),
            "threads": torch.get_num_threads(),
            "process": os.getpid(),
        }


@pytest.mark.filterwarnings("ignore:.*worker stopped")
def test_processes_share_one_copy_of_the_spectra_and_have_one_thread(tmp_path):
    X, y = np.random.default_rng(0).normal(size=(400, 1000)), np.arange(400) % 2
    get_reusable_executor().shutdown()  # one that another test left writes elsewhere
    with joblib.parallel_config("loky", temp_folder=tmp_path):
        scores = cross_validate(
            Witness(tmp_path), X, y, cv=4, n_jobs=2, scoring=Witness.score, error_score="raise"
        )
    assert set(scores["test_files"]) == {1}
    assert (scores["test_bytes"] < 1.01 * X.nbytes).all()
    assert set(scores["test_threads"]) == {1}
    assert os.getpid() not in scores["test_process"]


def test_an_augmenting_net_is_stacked(spectra, stacked):
    X, y = spectra
    net = FullyConvClassifier(**CONV.get_params() | {"augment": EnergyShift(shift=(-1, 1))})
    options = {"cv": 3, "scoring": "neg_log_loss"}
    assert_same(
        cross_validate(net, X, y, **options), model_selection.cross_validate(net, X, y, **options)
    )
    assert stacked.messages == []
