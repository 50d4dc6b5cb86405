"""Every class that a model file may hold comes back and predicts the same, bit for bit."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.cluster import KMeans
from sklearn.compose import make_column_transformer
from sklearn.cross_decomposition import PLSRegression
from sklearn.decomposition import NMF, PCA, FastICA, TruncatedSVD
from sklearn.discriminant_analysis import (
    LinearDiscriminantAnalysis,
    QuadraticDiscriminantAnalysis,
)
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    BaggingRegressor,
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
    StackingClassifier,
    StackingRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.feature_selection import SelectFromModel, VarianceThreshold
from sklearn.frozen import FrozenEstimator
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import (
    ElasticNet,
    Lasso,
    LinearRegression,
    LogisticRegression,
    Ridge,
    RidgeClassifier,
    RidgeClassifierCV,
    RidgeCV,
    SGDClassifier,
)
from sklearn.mixture import BayesianGaussianMixture, GaussianMixture
from sklearn.model_selection import GridSearchCV, KFold, RandomizedSearchCV, StratifiedKFold
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import (
    KNeighborsClassifier,
    KNeighborsRegressor,
    LocalOutlierFactor,
    NearestCentroid,
    NearestNeighbors,
)
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import (
    FunctionTransformer,
    LabelBinarizer,
    LabelEncoder,
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    PolynomialFeatures,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)
from sklearn.svm import SVC, SVR, LinearSVC, LinearSVR, NuSVC, NuSVR, OneClassSVM
from sklearn.tree import (
    DecisionTreeClassifier,
    DecisionTreeRegressor,
    ExtraTreeClassifier,
    ExtraTreeRegressor,
)

from skspectra.models import _classes, load_model, save_model
from skspectra.pipeline import make_pipeline as make_spectral_pipeline
from skspectra.sampling import Augment

LOGISTIC = LogisticRegression(C=0.3)
FEW = {"n_estimators": 4, "random_state": 0}
PAIR = [("logistic", LOGISTIC), ("svc", SVC())]

MODELS = [
    AdaBoostClassifier(**FEW),
    BaggingClassifier(LOGISTIC, **FEW),
    BaggingRegressor(Ridge(), **FEW),
    BayesianGaussianMixture(n_components=2, covariance_type="diag", random_state=0),
    CalibratedClassifierCV(SVC()),
    CalibratedClassifierCV(LOGISTIC, method="isotonic", cv=StratifiedKFold(2)),
    DecisionTreeClassifier(random_state=0),
    DecisionTreeRegressor(random_state=0),
    DummyClassifier(),
    DummyRegressor(),
    ElasticNet(),
    ExtraTreeClassifier(random_state=0),
    ExtraTreeRegressor(random_state=0),
    ExtraTreesClassifier(**FEW),
    ExtraTreesRegressor(**FEW),
    FastICA(2, random_state=0),
    FrozenEstimator(LOGISTIC),
    FunctionTransformer(),
    GaussianMixture(2, covariance_type="diag", random_state=0),
    GaussianNB(),
    GradientBoostingClassifier(**FEW),
    GradientBoostingRegressor(**FEW),
    GridSearchCV(make_pipeline(PCA(), LOGISTIC), {"pca__n_components": [2, 3]}, cv=KFold(2)),
    HistGradientBoostingClassifier(max_iter=3),
    HistGradientBoostingRegressor(max_iter=3, early_stopping=True, random_state=0),
    IsotonicRegression(out_of_bounds="clip"),
    KMeans(3, random_state=0),
    KNeighborsClassifier(),
    KNeighborsClassifier(3, algorithm="brute", weights="distance"),
    KNeighborsClassifier(3, algorithm="ball_tree", metric="manhattan"),
    KNeighborsRegressor(),
    LabelBinarizer(),
    LabelEncoder(),
    Lasso(),
    LinearDiscriminantAnalysis(),
    LinearRegression(),
    LinearSVC(),
    LinearSVR(),
    LocalOutlierFactor(novelty=True),
    LOGISTIC,
    MaxAbsScaler(),
    MinMaxScaler(),
    MLPClassifier((4,), solver="lbfgs", max_iter=200, alpha=1, random_state=0),
    MLPRegressor(hidden_layer_sizes=(4,), solver="lbfgs", max_iter=500, alpha=1, random_state=0),
    NearestCentroid(),
    NearestNeighbors(n_neighbors=3),
    NMF(2, init="nndsvda", max_iter=2000, random_state=0),
    Normalizer(),
    NuSVC(),
    NuSVR(),
    OneClassSVM(),
    OneVsOneClassifier(LOGISTIC),
    OneVsRestClassifier(LOGISTIC),
    PCA(3),
    PLSRegression(2),
    PolynomialFeatures(),
    PowerTransformer(),
    QuadraticDiscriminantAnalysis(reg_param=0.5),
    QuantileTransformer(n_quantiles=20),
    RandomForestClassifier(**FEW),
    RandomForestRegressor(**FEW),
    RandomizedSearchCV(LOGISTIC, {"C": [0.1, 1]}, n_iter=2, cv=2, scoring="neg_log_loss"),
    Ridge(),
    RidgeCV(),
    RidgeClassifier(),
    RidgeClassifierCV(),
    RobustScaler(),
    SelectFromModel(LOGISTIC),
    SGDClassifier(random_state=0),
    StackingClassifier(PAIR, cv=2),
    StackingRegressor([("ridge", Ridge())], cv=2),
    StandardScaler(),
    SVC(class_weight={"Mn2+": 2.0, "Mn3+": 1, "Mn4+": 1}),
    SVR(),
    TruncatedSVD(2, random_state=0),
    VarianceThreshold(),
    VotingClassifier(PAIR),
    VotingRegressor([("ridge", Ridge()), ("svr", SVR())]),
    make_column_transformer((StandardScaler(), [0, 1]), remainder="passthrough"),
    make_pipeline(make_union(StandardScaler(), PCA(2)), LOGISTIC),
    make_spectral_pipeline(Augment([], random_state=0), LOGISTIC),
]
METHODS = (
    "predict_proba",
    "decision_function",
    "predict",
    "score_samples",
    "transform",
    "kneighbors",
)


@pytest.fixture(scope="module")
def data():
    """Spectra that are nowhere negative, labels and numbers."""
    rng = np.random.default_rng(0)
    X = rng.uniform(0, 1, (60, 6)) + np.repeat(np.eye(3, 6), 20, axis=0)
    return X, np.repeat(["Mn2+", "Mn3+", "Mn4+"], 20), X[:, :3] @ [2.0, 3.0, 4.0]


def fitted(model, data):
    X, labels, numbers = data
    if isinstance(model, (LabelBinarizer, LabelEncoder)):
        return clone(model).fit(labels)
    if isinstance(model, FrozenEstimator):
        return FrozenEstimator(clone(model.estimator).fit(X, labels))
    if isinstance(model, IsotonicRegression):
        return clone(model).fit(X[:, 0], numbers)
    is_regressor = model.__sklearn_tags__().estimator_type == "regressor"
    return clone(model).fit(X, numbers if is_regressor else labels)


def answers(model, data):
    """What every method of a model says."""
    X = data[0]
    if isinstance(model, (LabelBinarizer, LabelEncoder)):
        X = data[1]
    if isinstance(model, IsotonicRegression):
        X = X[:, 0]
    return {name: getattr(model, name)(X) for name in METHODS if hasattr(model, name)}


@pytest.mark.parametrize("model", MODELS, ids=lambda model: f"{type(model).__name__}")
def test_loaded_models_say_the_same(model, data, tmp_path):
    model = fitted(model, data)
    save_model(model, tmp_path / "model.safetensors")
    loaded = load_model(tmp_path / "model.safetensors")
    assert type(loaded) is type(model)
    assert repr(loaded) == repr(model)
    expected = answers(model, data)
    assert expected
    for name, values in answers(loaded, data).items():
        np.testing.assert_array_equal(values, expected[name], strict=True)


def test_all_estimators_that_may_be_in_a_file_are_tried():
    tried = {type(model).__name__ for model in MODELS}
    inside = {"DenseNets", "FeatureUnion", "_BinMapper", "_SigmoidCalibration"}
    inside.add("_TemperatureScaling")
    assert tried | inside == {name.rpartition(".")[2] for name in _classes._ESTIMATORS}
