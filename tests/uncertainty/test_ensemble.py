import numpy as np
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline

from skspectra.neural import DenseClassifier
from skspectra.preprocessing import SpectrumNormalizer
from skspectra.uncertainty import EnsembleClassifier, NoveltyRejector

NET = make_pipeline(SpectrumNormalizer(), DenseClassifier(max_epochs=5))


def test_probabilities_are_the_mean_of_members_that_differ(spectra):
    X, y = spectra
    ensemble = EnsembleClassifier(NET, n_members=3, random_state=0).fit(X, y)
    each = [member.predict_proba(X) for member in ensemble.members_]
    assert not np.allclose(each[0], each[1])
    np.testing.assert_allclose(ensemble.predict_proba(X), np.mean(each, axis=0), rtol=1e-6)
    best = ensemble.classes_[np.mean(each, axis=0).argmax(axis=1)]
    np.testing.assert_array_equal(ensemble.predict(X), best)


def test_members_are_the_net_with_other_seeds(spectra):
    X, y = spectra
    ensemble = EnsembleClassifier(NET, n_members=2, random_state=0).fit(X, y)
    for member in ensemble.members_:
        seed = member[-1].random_state
        alone = clone(NET).set_params(denseclassifier__random_state=seed).fit(X, y)
        np.testing.assert_array_equal(alone.predict_proba(X), member.predict_proba(X))
    assert NET[-1].random_state is None


@pytest.mark.filterwarnings("ignore:.*worker stopped")
def test_training_in_parallel_changes_nothing(spectra):
    X, y = spectra
    alone, together = (
        EnsembleClassifier(NET, n_members=2, n_jobs=n_jobs, random_state=0).fit(X, y)
        for n_jobs in (None, 2)
    )
    np.testing.assert_allclose(alone.predict_proba(X), together.predict_proba(X), rtol=1e-5)


def test_disagreement_is_zero_among_twins_and_one_among_opposites(spectra):
    X, y = spectra
    ensemble = EnsembleClassifier(NET, n_members=2, random_state=0).fit(X, y)
    assert 0 < ensemble.disagreement(X).mean() < 1
    twin = ensemble.members_[0]
    ensemble.members_ = [twin, twin]
    np.testing.assert_allclose(ensemble.disagreement(X), 0, atol=1e-6)

    class Sure:
        def __init__(self, code):
            self.code = code

        def predict_proba(self, X):
            return np.tile(np.eye(3)[self.code], (len(X), 1))

    ensemble.members_ = [Sure(0), Sure(1), Sure(2)]
    np.testing.assert_allclose(ensemble.disagreement(X), 1)
    ensemble.members_ = [Sure(0), Sure(0), Sure(0), Sure(1)]
    entropy = -(0.75 * np.log(0.75) + 0.25 * np.log(0.25)) / np.log(3)
    np.testing.assert_allclose(ensemble.disagreement(X), entropy)


def test_members_that_know_one_class_agree(spectra):
    X, _ = spectra
    forest = RandomForestClassifier(2)
    ensemble = EnsembleClassifier(forest, n_members=2, random_state=0).fit(X, ["Mn2+"] * len(X))
    np.testing.assert_array_equal(ensemble.disagreement(X), 0)


def test_sample_weight_reaches_the_members(spectra):
    X, y = spectra
    weight = (y != "Mn3+").astype(float)
    net = DenseClassifier(max_epochs=5)
    ensemble = EnsembleClassifier(net, n_members=2, random_state=0).fit(X, y, sample_weight=weight)
    member = ensemble.members_[0]
    alone = clone(member).fit(X, y, sample_weight=weight)
    np.testing.assert_array_equal(alone.predict_proba(X), member.predict_proba(X))
    assert not np.allclose(alone.predict_proba(X), clone(member).fit(X, y).predict_proba(X))


def test_sample_weight_reaches_the_last_step_of_nested_pipelines(spectra):
    X, y = spectra
    weight = (y != "Mn3+").astype(float)
    forest = RandomForestClassifier(10, random_state=0)
    outer = make_pipeline(SpectrumNormalizer(), make_pipeline(SpectrumNormalizer(), forest))
    for estimator in (outer, NoveltyRejector(outer, n_components=2)):
        weighted = EnsembleClassifier(estimator, n_members=2, random_state=0)
        proba = weighted.fit(X, y, sample_weight=weight).predict_proba(X)
        third = list(weighted.classes_).index("Mn3+")
        assert proba[:, third].max() == 0
        assert weighted.fit(X, y).predict_proba(X)[:, third].max() > 0.5


def test_sample_weight_is_routed_to_the_steps_that_request_it(spectra):
    X, y = spectra
    weight = (y != "Mn3+").astype(float)
    forest = RandomForestClassifier(10, random_state=0)
    with config_context(enable_metadata_routing=True):
        pipeline = make_pipeline(SpectrumNormalizer(), forest.set_fit_request(sample_weight=True))
        for estimator in (pipeline, NoveltyRejector(pipeline, n_components=2)):
            ensemble = EnsembleClassifier(estimator, n_members=2, random_state=0)
            proba = ensemble.fit(X, y, sample_weight=weight).predict_proba(X)
            assert proba[:, list(ensemble.classes_).index("Mn3+")].max() == 0


def test_cross_validates(spectra):
    X, y = spectra
    ensemble = EnsembleClassifier(NET.set_params(denseclassifier__max_epochs=20), n_members=2)
    assert cross_val_score(ensemble, X, y, cv=2).mean() > 0.6


def test_estimator_must_give_probabilities(spectra):
    with pytest.raises(ValueError, match="'estimator' parameter"):
        EnsembleClassifier(SpectrumNormalizer()).fit(*spectra)
