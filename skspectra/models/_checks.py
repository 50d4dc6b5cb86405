"""What fits derive from what a file holds, and what compiled code takes without a look."""

import numpy as np

from skspectra._sklearn import histogram_nodes, n_openmp_threads
from skspectra.models._trees import check_histogram_nodes

__all__ = ["finish"]


def finish(name, estimator):
    """Complete an estimator that was made of a file.

    Parameters
    ----------
    name : str
        Public name of its class.
    estimator : estimator
        With its parameters and fitted attributes; changed in place where it is fitted.

    Raises
    ------
    ValueError
        If its arrays do not fit together. Most methods notice that themselves; those that hand them
        to compiled code would read beyond their ends.
    """
    complete = _STEPS.get(name)
    if complete is not None and len(vars(estimator)) > len(estimator.get_params(deep=False)):
        complete(estimator)


def _require(fits, estimator):
    if not fits:
        raise ValueError(f"the arrays of {type(estimator).__name__} do not fit together.")


def _complete_svm(svm):
    if not hasattr(svm, "support_vectors_"):
        return
    n_vectors, n_features = svm.support_vectors_.shape
    n_classes = len(svm._n_support)
    n_pairs = n_classes * (n_classes - 1) // 2
    is_classifier = hasattr(svm, "classes_")
    _require(
        svm._sparse is False
        and svm.kernel in ("linear", "poly", "rbf", "sigmoid")
        and n_features == svm.n_features_in_ > 0
        and svm.support_.shape == (n_vectors,)
        and svm.support_.dtype == svm._n_support.dtype == np.int32
        and n_classes == (len(svm.classes_) if is_classifier else 2)
        and (svm._n_support >= 0).all()
        and (not is_classifier or svm._n_support.sum() == n_vectors)
        and svm._dual_coef_.shape == svm.dual_coef_.shape == (n_classes - 1, n_vectors)
        and svm._intercept_.shape == svm.intercept_.shape == (n_pairs,)
        and svm._probA.shape == svm._probB.shape
        and svm._probA.shape in ((0,), (n_pairs,)),
        svm,
    )


def _complete_kmeans(kmeans):
    if hasattr(kmeans, "cluster_centers_"):
        shape = kmeans.n_clusters, kmeans.n_features_in_
        _require(kmeans.cluster_centers_.shape == shape, kmeans)
        kmeans._n_threads = n_openmp_threads()


def _complete_neighbors(neighbors):
    if not hasattr(neighbors, "_fit_X"):
        return
    from sklearn.neighbors import BallTree, KDTree

    seen = neighbors._fit_X
    _require(seen.ndim == 2 and seen.shape[1] == neighbors.n_features_in_, neighbors)
    if hasattr(neighbors, "classes_") and isinstance(neighbors.classes_, np.ndarray):
        codes = neighbors._y
        _require(len(codes) == len(seen), neighbors)
        _require(((codes >= 0) & (codes < len(neighbors.classes_))).all(), neighbors)
    neighbors._tree = None
    kinds = {"kd_tree": KDTree, "ball_tree": BallTree}
    if neighbors._fit_method in kinds:
        neighbors._tree = kinds[neighbors._fit_method](
            seen,
            neighbors.leaf_size,
            metric=neighbors.effective_metric_,
            **neighbors.effective_metric_params_,
        )


def _complete_tree(tree):
    if hasattr(tree, "tree_"):
        _require(tree.tree_.n_features == tree.n_features_in_, tree)


def _complete_forest(forest):
    trees = np.asarray(getattr(forest, "estimators_", []), dtype=object).ravel()
    for tree in trees:
        _require(
            type(tree.tree_).__name__ == "Tree"
            and tree.tree_.n_features == tree.n_features_in_ == forest.n_features_in_,
            forest,
        )


def _complete_boosting(boosting):
    if hasattr(boosting, "estimators_"):
        _complete_forest(boosting)
        shape = boosting.n_estimators_, boosting.n_trees_per_iteration_
        _require(boosting.estimators_.shape == shape, boosting)
        _require(
            all(each.tree_.value.shape[1:] == (1, 1) for each in boosting.estimators_.flat),
            boosting,
        )
        boosting._loss = boosting._get_loss(sample_weight=None)


def _complete_histogram_boosting(boosting):
    if not hasattr(boosting, "_predictors"):
        return
    n_trees = boosting.n_trees_per_iteration_
    _require(boosting._preprocessor is None, boosting)
    for trees in boosting._predictors:
        _require(len(trees) == n_trees, boosting)
        for tree in trees:
            tree.nodes = histogram_nodes(tree.nodes)
            check_histogram_nodes(tree.nodes, boosting.n_features_in_)
    boosting._loss = boosting._get_loss(sample_weight=None)


def _complete_search(search):
    if isinstance(search.scoring, str) or search.scoring is None:
        from sklearn.metrics import check_scoring

        search.scorer_ = check_scoring(search.estimator, search.scoring)


def _complete_isotonic(isotonic):
    if hasattr(isotonic, "X_thresholds_"):
        isotonic._build_f(isotonic.X_thresholds_, isotonic.y_thresholds_)


_STEPS = {
    **dict.fromkeys(
        (f"sklearn.svm.{name}" for name in ("NuSVC", "NuSVR", "OneClassSVM", "SVC", "SVR")),
        _complete_svm,
    ),
    **dict.fromkeys(
        (
            f"sklearn.neighbors.{name}"
            for name in (
                "KNeighborsClassifier",
                "KNeighborsRegressor",
                "LocalOutlierFactor",
                "NearestNeighbors",
            )
        ),
        _complete_neighbors,
    ),
    **dict.fromkeys(
        (
            f"sklearn.tree.{kind}{task}"
            for kind in ("DecisionTree", "ExtraTree")
            for task in ("Classifier", "Regressor")
        ),
        _complete_tree,
    ),
    **dict.fromkeys(
        (
            f"sklearn.ensemble.{kind}{task}"
            for kind in ("RandomForest", "ExtraTrees")
            for task in ("Classifier", "Regressor")
        ),
        _complete_forest,
    ),
    "sklearn.cluster.KMeans": _complete_kmeans,
    "sklearn.ensemble.GradientBoostingClassifier": _complete_boosting,
    "sklearn.ensemble.GradientBoostingRegressor": _complete_boosting,
    "sklearn.ensemble.HistGradientBoostingClassifier": _complete_histogram_boosting,
    "sklearn.ensemble.HistGradientBoostingRegressor": _complete_histogram_boosting,
    "sklearn.isotonic.IsotonicRegression": _complete_isotonic,
    "sklearn.model_selection.GridSearchCV": _complete_search,
    "sklearn.model_selection.RandomizedSearchCV": _complete_search,
}
