import numpy as np
import pytest
from sklearn.model_selection import (
    GridSearchCV,
    StratifiedKFold,
    cross_val_predict,
    cross_val_score,
)
from sklearn.pipeline import make_pipeline

from skspectra.augmentation import EnergyShift, PoissonNoise
from skspectra.neural import DenseClassifier, FullyConvClassifier
from skspectra.pipeline import make_pipeline as make_sampling_pipeline
from skspectra.preprocessing import SpectrumNormalizer
from skspectra.sampling import Augment

NET = FullyConvClassifier(
    n_filters=(4,),
    kernel_sizes=(5,),
    dropout=0.0,
    max_epochs=20,
    batch_size=16,
    lr=0.05,
    random_state=0,
)


def test_grid_search_over_preprocessing_augmentation_and_net(spectra):
    X, y = spectra
    pipeline = make_pipeline(SpectrumNormalizer(), NET)
    grid = {
        "spectrumnormalizer__norm": ["minmax"],
        "fullyconvclassifier__augment": [None, [EnergyShift(shift=(-2, 2))]],
        "fullyconvclassifier__dropout": [0.1],
        "fullyconvclassifier__optimizer__betas": [(0.8, 0.99), (0.0, 0.0)],
    }
    search = GridSearchCV(pipeline, grid, cv=2, error_score="raise", scoring="neg_log_loss")
    assert search.fit(X, y).predict(X).tolist() == y.tolist()
    assert search.best_estimator_[-1].classes_.tolist() == ["Mn2+", "Mn3+", "Mn4+"]
    assert len(set(search.cv_results_["split0_test_score"])) == 4


def test_cross_validation_in_a_pipeline(spectra):
    X, y = spectra
    folds = StratifiedKFold(3, shuffle=True, random_state=0)
    pipeline = make_pipeline(SpectrumNormalizer(), NET)
    scores = cross_val_score(pipeline, X, y, cv=folds)
    assert scores.min() > 0.8
    proba = cross_val_predict(pipeline, X, y, cv=folds, method="predict_proba")
    assert np.mean(np.unique(y)[proba.argmax(axis=1)] == y) == pytest.approx(scores.mean())


def test_sampler_before_the_net(spectra):
    X, y = spectra
    net = DenseClassifier(max_epochs=2, random_state=0)
    pipeline = make_sampling_pipeline(Augment([PoissonNoise()], n_copies=2), net).fit(X, y)
    assert pipeline.predict(X).shape == y.shape


def test_sample_weight_through_a_pipeline(spectra):
    X, y = spectra
    weight = (y != "Mn3+").astype(float)
    pipeline = make_pipeline(SpectrumNormalizer(), NET)
    pipeline.fit(X, y, fullyconvclassifier__sample_weight=weight)
    assert "Mn3+" not in pipeline.predict(X)
