import logging

import numpy as np
import pytest
from sklearn import model_selection
from sklearn.linear_model import LogisticRegression

from skspectra.evaluation import validation_curve
from skspectra.neural import DenseClassifier
from skspectra.pipeline import make_pipeline
from skspectra.preprocessing import SpectrumNormalizer

NET = DenseClassifier(max_epochs=5, batch_size=16, lr=0.01, random_state=0)
PIPELINE = make_pipeline(SpectrumNormalizer(), NET)


def assert_as_scikit_learn(estimator, X, y, **options):
    scores = validation_curve(estimator, X, y, **options)
    expected = model_selection.validation_curve(estimator, X, y, **options)
    np.testing.assert_allclose(scores, expected, rtol=1e-4, atol=1e-5)
    return scores


@pytest.mark.parametrize(
    ("estimator", "param_name", "param_range"),
    [
        (NET, "lr", [0.001, 0.003, 0.03]),
        (NET, "dropout", [0.1, 0.8]),
        (NET, "random_state", [0, 1]),
        (PIPELINE, "denseclassifier__weight_decay", np.array([0, 0.1])),
    ],
)
def test_values_and_folds_are_trained_in_one_pass(
    estimator, param_name, param_range, spectra, stacked
):
    options = {"param_name": param_name, "param_range": param_range}
    train, test = assert_as_scikit_learn(
        estimator, *spectra, **options, cv=3, scoring="neg_log_loss", n_jobs=2
    )
    assert train.shape == test.shape == (len(param_range), 3)
    assert len(np.unique(test)) == test.size
    assert stacked.messages == []


def test_nets_of_other_layers_are_stacked_with_their_like(spectra, stacked):
    layers = [(4,), (8,)]
    options = {"param_name": "hidden_layer_sizes", "param_range": layers, "cv": 3}
    assert_as_scikit_learn(NET, *spectra, **options, scoring="neg_log_loss")
    assert stacked.messages == []


def test_a_fit_that_fails_is_scored_as_scikit_learn_does(spectra, stacked):
    X, y = spectra
    options = {"param_name": "lr", "param_range": [-1, 0.01], "cv": 3}
    _, scores = validation_curve(NET, X, y, **options)
    assert np.isnan(scores).all(axis=1).tolist() == [True, False]
    assert stacked.messages[0].startswith("Fitting fold after fold: InvalidParameterError: ")
    with pytest.raises(ValueError, match="'lr' parameter"):
        validation_curve(NET, X, y, error_score="raise", **options)


def test_elsewhere_it_is_scikit_learn(spectra, caplog):
    X, y = spectra
    caplog.set_level(logging.INFO, "skspectra")
    options = {"param_name": "C", "param_range": [0.1, 1], "cv": 3}
    assert_as_scikit_learn(LogisticRegression(), X, y, **options)
    weight = np.where(y == "Mn3+", 0.0, 1.0)
    options = {"param_name": "lr", "param_range": [0.01], "params": {"sample_weight": weight}}
    assert_as_scikit_learn(NET, X, y, **options)
    assert caplog.messages == []
    with pytest.raises(ValueError, match="'param_name' parameter"):
        validation_curve(NET, X, y, param_name=3, param_range=[1])
    with pytest.raises(ValueError, match="Invalid parameter 'rate'"):
        validation_curve(NET, X, y, param_name="rate", param_range=[1])
