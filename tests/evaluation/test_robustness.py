import numpy as np
import pandas as pd
import pytest
from scipy.ndimage import uniform_filter1d
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, Normalizer

from skspectra.augmentation import EnergyShift, PoissonNoise
from skspectra.evaluation import robustness_curve, robustness_scorer
from skspectra.io._hyperspy import import_hyperspy
from skspectra.preprocessing import PeakAligner, SpectrumNormalizer

ENERGY = 620 + 0.5 * np.arange(100)


def two_edges(n=30, seed=0):
    rng = np.random.default_rng(seed)
    position = np.repeat([642.0, 646.0], n)[:, None]
    X = np.exp(-(((ENERGY - position) / 2) ** 2)) + 0.05 * rng.normal(size=(2 * n, ENERGY.size))
    return X, np.repeat(["Mn2+", "Mn4+"], n)


def shift_curve(estimator, X, y, values, **params):
    perturbation = EnergyShift(spectral_axis=ENERGY, window=params.pop("window", None))
    return robustness_curve(
        estimator, X, y, perturbation=perturbation, param_name="shift", param_range=values, **params
    )


def test_no_perturbation_is_cross_val_score():
    X, y = two_edges()
    model = make_pipeline(SpectrumNormalizer(), KNeighborsClassifier())
    scores = shift_curve(model, X, y, [0.0], cv=5)
    np.testing.assert_array_equal(scores[0], cross_val_score(model, X, y, cv=5))


@pytest.mark.parametrize("window", [None, (630, 660)])
def test_a_shift_of_the_distance_between_classes_swaps_them(window):
    X, y = two_edges()
    scores = shift_curve(KNeighborsClassifier(), X, y, [-4, 0, 4], cv=KFold(3), window=window)
    assert scores.shape == (3, 3)
    scores = shift_curve(KNeighborsClassifier(), X, y, [-4, 0, 4], cv=5, window=window)
    np.testing.assert_allclose(scores.mean(axis=1), [0.5, 1, 0.5], atol=0.05)


def test_each_fold_is_fitted_once():
    X, y = two_edges()
    fits = []

    class Counting(ClassifierMixin, BaseEstimator):
        def fit(self, X, y):
            fits.append(X.shape)
            self.classes_ = np.unique(y)
            return self

        def predict(self, X):
            return np.full(len(X), self.classes_[0])

    scores = shift_curve(Counting(), X, y, np.linspace(-5, 5, 11), cv=3, window=(630, 660))
    assert fits == [(40, 60)] * 3
    np.testing.assert_allclose(scores, 0.5)


def test_any_transformer_perturbs_and_frames_keep_their_axis():
    X, y = two_edges()
    frame = pd.DataFrame(X, columns=ENERGY)
    on_frame = robustness_curve(
        KNeighborsClassifier(), frame, y, perturbation=EnergyShift(), param_name="shift",
        param_range=[4.0], cv=5,
    )  # fmt: skip
    np.testing.assert_array_equal(on_frame, shift_curve(KNeighborsClassifier(), X, y, [4.0], cv=5))
    for perturbation, name, values in (
        (PoissonNoise(random_state=0), "dose", [10_000, 0.1]),
        (FunctionTransformer(smear), "kw_args", [{"width": 1}, {"width": 100}]),
    ):
        scores = robustness_curve(
            KNeighborsClassifier(), X, y, perturbation=perturbation, param_name=name,
            param_range=values, cv=3, n_jobs=np.int64(2),
        )  # fmt: skip
        assert scores.shape == (2, 3)
        assert scores[0].mean() == 1
        assert scores[1].mean() < 0.9


def smear(X, width=1):
    return uniform_filter1d(X, width, axis=1, mode="wrap")


def test_scorer_is_the_area_under_the_curve():
    X, y = two_edges()
    values = [-4.0, -1.0, 0.0, 4.0]
    fold = (np.arange(0, 60, 2), np.arange(1, 60, 2))
    curve = shift_curve(KNeighborsClassifier(), X, y, values, cv=[fold])[:, 0]
    scorer = robustness_scorer(EnergyShift(spectral_axis=ENERGY), "shift", values)
    area = cross_val_score(KNeighborsClassifier(), X, y, cv=[fold], scoring=scorer)
    expected = (3 * (curve[0] + curve[1]) + curve[1] + curve[2] + 4 * (curve[2] + curve[3])) / 16
    np.testing.assert_allclose(area, expected)
    assert curve[0] < 0.6 < curve[2]


def test_search_chooses_for_robustness():
    _, y = two_edges()
    X = np.exp(-(((ENERGY - 644) / np.repeat([1.0, 3.0], 30)[:, None]) ** 2))
    aligned = [PeakAligner((630, 660), spectral_axis=ENERGY), "passthrough"]
    pipeline = Pipeline([("align", "passthrough"), ("classify", KNeighborsClassifier(1))])
    search = GridSearchCV(
        pipeline,
        {"align": aligned[::-1]},
        cv=2,
        scoring=robustness_scorer(EnergyShift(spectral_axis=ENERGY), "shift", [-5, 0, 5]),
    )
    assert isinstance(search.fit(X, y).best_params_["align"], PeakAligner)
    plain = GridSearchCV(pipeline, {"align": aligned[::-1]}, cv=2).fit(X, y)
    assert plain.best_params_["align"] == "passthrough"


def test_bad_arguments():
    X, y = two_edges()
    with pytest.raises(ValueError, match="two values at least"):
        robustness_scorer(EnergyShift(), "shift", [1])
    with pytest.raises(ValueError, match="EnergyShift has no parameter 'dose'"):
        robustness_scorer(EnergyShift(), "dose", [1, 2])
    with pytest.raises(ValueError, match="Normalizer has no parameter 'shift'; it has copy, norm"):
        robustness_curve(
            KNeighborsClassifier(), X, y, perturbation=Normalizer(), param_name="shift",
            param_range=[0],
        )  # fmt: skip
    for values in ([5, 0], [0, 0], [[0, 1]], [0, np.nan]):
        with pytest.raises(ValueError, match="must increase, got"):
            robustness_scorer(EnergyShift(), "shift", values)
    with pytest.raises(TypeError, match="instance of scikit-learn estimator instead of a class"):
        robustness_scorer(EnergyShift, "shift", [0, 1])
    signal = import_hyperspy().signals.Signal1D(X)
    with pytest.raises(TypeError, match="to_matrix"):
        shift_curve(KNeighborsClassifier(), signal, y, [0.0])
    with pytest.raises(ValueError, match="param_range is empty"):
        shift_curve(KNeighborsClassifier(), X, y, [])
    with pytest.raises(ValueError, match="n_splits=31"):
        shift_curve(KNeighborsClassifier(), X, y, [0.0], cv=31)
