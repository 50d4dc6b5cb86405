"""Which classes a model file may name, and which of their attributes it may set.

Classes are found by their public names when a file needs them, so that nothing is imported for
those that it does not hold.
"""

import importlib
import inspect

from sklearn.base import BaseEstimator

__all__ = ["class_named", "is_left_out", "may_be_set", "name_of"]

# Every public estimator of these rooms, with all that its fit sets.
_ROOMS = (
    "augmentation",
    "features",
    "imaging",
    "neural",
    "pipeline",
    "preprocessing",
    "readers",
    "sampling",
    "uncertainty",
    "unmixing",
)

_SVM = "_dual_coef_ _effective_probability _gamma _intercept_ _n_support _num_iter _probA _probB"
_SVM += " _sparse"
_NEIGHBORS = "_fit_X _fit_method _y"
_FOREST = "_n_samples _n_samples_bootstrap"
_HISTOGRAM = "_baseline_prediction _bin_mapper _is_categorical_remapped _n_features _predictors"
_HISTOGRAM += " _preprocessor _use_validation_data"
_PLS = "_norm_y_weights _predict_1d _x_mean _x_std _y_mean _y_std _n_features_out"

# Estimators that no room shows, of other packages most of them: public name, and the private
# attributes that they predict with.
_ESTIMATORS = {
    "imblearn.pipeline.Pipeline": "",
    "skspectra.readers._dense_nets.DenseNets": "",
    "sklearn.calibration.CalibratedClassifierCV": "",
    "sklearn.calibration._SigmoidCalibration": "",
    "sklearn.calibration._TemperatureScaling": "",
    "sklearn.cluster.KMeans": "_n_features_out",
    "sklearn.compose.ColumnTransformer": "_columns _remainder _transformer_to_input_indices",
    "sklearn.cross_decomposition.PLSRegression": _PLS,
    "sklearn.decomposition.FastICA": "_unmixing",
    "sklearn.decomposition.NMF": "_beta_loss _n_components",
    "sklearn.decomposition.PCA": "_fit_svd_solver",
    "sklearn.decomposition.TruncatedSVD": "",
    "sklearn.discriminant_analysis.LinearDiscriminantAnalysis": "_max_components _n_features_out",
    "sklearn.discriminant_analysis.QuadraticDiscriminantAnalysis": "",
    "sklearn.dummy.DummyClassifier": "_strategy",
    "sklearn.dummy.DummyRegressor": "",
    "sklearn.ensemble.AdaBoostClassifier": "",
    "sklearn.ensemble.BaggingClassifier": "_max_features _max_samples _n_samples",
    "sklearn.ensemble.BaggingRegressor": "_max_features _max_samples _n_samples",
    "sklearn.ensemble.ExtraTreesClassifier": _FOREST,
    "sklearn.ensemble.ExtraTreesRegressor": _FOREST,
    "sklearn.ensemble.GradientBoostingClassifier": "",
    "sklearn.ensemble.GradientBoostingRegressor": "",
    "sklearn.ensemble.HistGradientBoostingClassifier": _HISTOGRAM + " _label_encoder",
    "sklearn.ensemble.HistGradientBoostingRegressor": _HISTOGRAM,
    "sklearn.ensemble._hist_gradient_boosting.binning._BinMapper": "",
    "sklearn.ensemble.RandomForestClassifier": _FOREST,
    "sklearn.ensemble.RandomForestRegressor": _FOREST,
    "sklearn.ensemble.StackingClassifier": "_label_encoder _n_feature_outs",
    "sklearn.ensemble.StackingRegressor": "_n_feature_outs",
    "sklearn.ensemble.VotingClassifier": "",
    "sklearn.ensemble.VotingRegressor": "",
    "sklearn.feature_selection.SelectFromModel": "",
    "sklearn.feature_selection.VarianceThreshold": "",
    "sklearn.frozen.FrozenEstimator": "",
    "sklearn.isotonic.IsotonicRegression": "",
    "sklearn.linear_model.ElasticNet": "",
    "sklearn.linear_model.Lasso": "",
    "sklearn.linear_model.LinearRegression": "",
    "sklearn.linear_model.LogisticRegression": "",
    "sklearn.linear_model.Ridge": "",
    "sklearn.linear_model.RidgeCV": "",
    "sklearn.linear_model.RidgeClassifier": "_label_binarizer",
    "sklearn.linear_model.RidgeClassifierCV": "_label_binarizer",
    "sklearn.linear_model.SGDClassifier": "",
    "sklearn.mixture.BayesianGaussianMixture": "",
    "sklearn.mixture.GaussianMixture": "",
    "sklearn.model_selection.GridSearchCV": "",
    "sklearn.model_selection.RandomizedSearchCV": "",
    "sklearn.multiclass.OneVsOneClassifier": "",
    "sklearn.multiclass.OneVsRestClassifier": "",
    "sklearn.naive_bayes.GaussianNB": "",
    "sklearn.neighbors.KNeighborsClassifier": _NEIGHBORS,
    "sklearn.neighbors.KNeighborsRegressor": _NEIGHBORS,
    "sklearn.neighbors.LocalOutlierFactor": _NEIGHBORS + " _distances_fit_X_ _lrd",
    "sklearn.neighbors.NearestCentroid": "",
    "sklearn.neighbors.NearestNeighbors": _NEIGHBORS,
    "sklearn.neural_network.MLPClassifier": "_label_binarizer",
    "sklearn.neural_network.MLPRegressor": "",
    "sklearn.pipeline.FeatureUnion": "",
    "sklearn.pipeline.Pipeline": "",
    "sklearn.preprocessing.FunctionTransformer": "",
    "sklearn.preprocessing.LabelBinarizer": "",
    "sklearn.preprocessing.LabelEncoder": "",
    "sklearn.preprocessing.MaxAbsScaler": "",
    "sklearn.preprocessing.MinMaxScaler": "",
    "sklearn.preprocessing.Normalizer": "",
    "sklearn.preprocessing.PolynomialFeatures": "_max_degree _min_degree _n_out_full",
    "sklearn.preprocessing.PowerTransformer": "_scaler",
    "sklearn.preprocessing.QuantileTransformer": "",
    "sklearn.preprocessing.RobustScaler": "",
    "sklearn.preprocessing.StandardScaler": "",
    "sklearn.svm.LinearSVC": "",
    "sklearn.svm.LinearSVR": "",
    "sklearn.svm.NuSVC": _SVM,
    "sklearn.svm.NuSVR": _SVM,
    "sklearn.svm.OneClassSVM": _SVM,
    "sklearn.svm.SVC": _SVM,
    "sklearn.svm.SVR": _SVM,
    "sklearn.tree.DecisionTreeClassifier": "",
    "sklearn.tree.DecisionTreeRegressor": "",
    "sklearn.tree.ExtraTreeClassifier": "",
    "sklearn.tree.ExtraTreeRegressor": "",
}

# What is no estimator, and its attributes; None is all that its constructor sets.
_OBJECTS = {
    "skspectra._numerics.poisson_pca.Moments": None,
    "skspectra._numerics.power_law.ExponentTable": None,
    "skspectra.augmentation._base.AugmenterChain": None,
    "skspectra.unmixing._shifted.ShiftedReferences": None,
    "sklearn.calibration._CalibratedClassifier": "calibrators classes estimator method",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor": (
        "binned_left_cat_bitsets nodes raw_left_cat_bitsets"
    ),
    "sklearn.model_selection.GroupKFold": "n_splits random_state shuffle",
    "sklearn.model_selection.KFold": "n_splits random_state shuffle",
    "sklearn.model_selection.LeaveOneGroupOut": "",
    "sklearn.model_selection.StratifiedGroupKFold": "n_splits random_state shuffle",
    "sklearn.model_selection.StratifiedKFold": "n_splits random_state shuffle",
}

# Only training or its report needs them, or what else is saved says the same.
_OF_ANY_TRAINING = {"_metadata_request", "_random_state", "history_"}
_OF_OTHERS_TRAINING = set(
    "_algorithm _best_coefs _best_intercepts _checked_cv_orig _coef_indptr "
    "_expanded_class_weight _feature_subsample_rng _intercept_indptr _loss _loss_function_ "
    "_n_init _n_threads _no_improvement_count _optimizer _random_seed _rng _sample_weight "
    "_scorer _seeds _tol _tree _x_scores _y_scores f_ scorer_".split()
)

_BY_BARE_NAME = {
    (name.partition(".")[0], name.rpartition(".")[2]): name for name in (*_ESTIMATORS, *_OBJECTS)
}


def name_of(kind):
    """Return the public name of a class, or None if no file may hold it."""
    parts = kind.__module__.split(".")
    if parts[0] == "skspectra" and len(parts) > 1:
        name = f"skspectra.{parts[1]}.{kind.__name__}"
        if parts[1] in _ROOMS and _is_estimator_of_ours(name, kind):
            return name
    name = _BY_BARE_NAME.get((parts[0], kind.__name__))
    return name if name and _find(name) is kind else None


def class_named(name):
    """Return the class of a public name.

    Raises
    ------
    ValueError
        If there is none, or a file may not hold it.
    """
    if name in _ESTIMATORS or name in _OBJECTS:
        return _find(name)
    parts = name.split(".")
    if len(parts) == 3 and parts[0] == "skspectra" and parts[1] in _ROOMS:
        kind = _find(name)
        if kind is not None and _is_estimator_of_ours(name, kind):
            return kind
    raise ValueError(f"it names {name}, which is no class that a model file may hold.")


def is_left_out(kind, attribute):
    """Whether an attribute of a class is needed by training alone."""
    if attribute in _OF_ANY_TRAINING:
        return True
    return attribute in _OF_OTHERS_TRAINING and not kind.__module__.startswith("skspectra.")


def may_be_set(kind, attribute):
    """Whether a file may set an attribute of a class: only what its fit sets, never a member."""
    name = name_of(kind)
    if hasattr(kind, "_fields"):  # a named tuple
        return attribute in kind._fields
    if not attribute.isidentifier() or attribute.startswith("__") or is_left_out(kind, attribute):
        return False
    if inspect.getattr_static(kind, attribute, None) is not None:
        return False
    if name in _OBJECTS:
        return _OBJECTS[name] is None or attribute in _OBJECTS[name].split()
    if not attribute.startswith("_"):
        return attribute.endswith("_")
    if name in _ESTIMATORS:
        return attribute in (*_ESTIMATORS[name].split(), "_sklearn_output_config")
    return True


def _find(name):
    module, _, bare = name.rpartition(".")
    try:
        return getattr(importlib.import_module(module), bare, None)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        return None


def _is_estimator_of_ours(name, kind):
    module, _, bare = name.rpartition(".")
    room = importlib.import_module(module)
    found = bare in room.__all__ and getattr(room, bare) is kind
    return found and issubclass(kind, BaseEstimator)
