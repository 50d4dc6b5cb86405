"""Scores of a fitted model on perturbed copies of the data it has not seen."""

from numbers import Integral

import numpy as np
from sklearn.base import clone, is_classifier
from sklearn.metrics import check_scoring
from sklearn.model_selection import check_cv
from sklearn.utils import indexable
from sklearn.utils.parallel import Parallel, delayed

from skspectra._input.spectra import refuse_images
from skspectra._progress import Progress
from skspectra._sklearn import HasMethods, safe_indexing, validate_params

__all__ = ["perturbations_of", "robustness_curve"]


@validate_params(
    {
        "estimator": [HasMethods(["fit"])],
        "X": ["array-like"],
        "y": ["array-like"],
        "perturbation": [HasMethods(["fit_transform", "transform"])],
        "param_name": [str],
        "param_range": ["array-like"],
        "groups": ["array-like", None],
        "cv": ["cv_object"],
        "scoring": [str, callable, None],
        "n_jobs": [Integral, None],
        "verbose": ["verbose"],
    },
    prefer_skip_nested_validation=True,
)
def robustness_curve(
    estimator,
    X,
    y,
    *,
    perturbation,
    param_name,
    param_range,
    groups=None,
    cv=10,
    scoring=None,
    n_jobs=None,
    verbose=0,
):
    """Score an estimator on held-out spectra for each strength of a perturbation.

    The estimator is fitted once per fold to `perturbation.transform` of the training spectra, which
    leaves them alone or crops them to the window of ``EnergyShift(window=...)``. It is scored on
    `perturbation.fit_transform` of the held-out spectra for each value of the parameter. Names and
    returns follow `sklearn.model_selection.validation_curve`.

    Parameters
    ----------
    estimator : estimator object
        Cloned for every fold.
    X : array-like of shape (n_spectra, n_channels)
        Spectra.
    y : array-like of shape (n_spectra,)
        Labels.
    perturbation : Augmenter or other transformer
        Perturbation of the held-out spectra, such as `EnergyShift`; cloned.
    param_name : str
        The parameter of the perturbation that varies, such as ``"shift"``.
    param_range : array-like of shape (n_values,)
        Its values.
    groups : array-like of shape (n_spectra,), default=None
        Groups for the splitter.
    cv : int, cross-validation generator or iterable, default=10
        Folds; an int gives `StratifiedKFold` for a classifier.
    scoring : str or callable, default=None
        The score; that of the estimator's `score` if None.
    n_jobs : int, default=None
        How many folds are fitted in parallel.
    verbose : int or bool, default=0
        Whether to show progress over the folds.

    Returns
    -------
    scores : ndarray of shape (n_values, n_folds)
        Score of each value on each fold.

    Raises
    ------
    TypeError
        If the perturbation is a class instead of an instance, or X is a HyperSpy signal.
    ValueError
        If the perturbation has no parameter of that name, or `param_range` is empty.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from skspectra.augmentation import EnergyShift
    >>> from skspectra.evaluation import robustness_curve
    >>> X = np.exp(-((np.arange(40.0) - np.array([[15.0], [20.0]])) ** 2) / 8)
    >>> X, y = np.repeat(X, 6, axis=0), np.repeat(["low", "high"], 6)
    >>> robustness_curve(
    ...     KNeighborsClassifier(1),
    ...     X,
    ...     y,
    ...     perturbation=EnergyShift(),
    ...     param_name="shift",
    ...     param_range=[0, 5],
    ...     cv=3,
    ... ).mean(axis=1)
    array([1. , 0.5])
    """
    refuse_images(X)
    perturbations = perturbations_of(perturbation, param_name, param_range)
    X, y, groups = indexable(X, y, groups)
    cv = check_cv(cv, y, classifier=is_classifier(estimator))
    scorer = check_scoring(estimator, scoring)
    columns = Parallel(n_jobs=n_jobs, return_as="generator")(
        delayed(_score_fold)(clone(estimator), X, y, train, test, perturbations, scorer)
        for train, test in cv.split(X, y, groups)
    )
    progress = Progress(verbose, "scoring", cv.get_n_splits(X, y, groups), "fold")
    return np.array(list(progress.over(columns))).T


def perturbations_of(perturbation, param_name, param_range):
    """One clone of a perturbation for each value of its parameter."""
    perturbation = clone(perturbation)
    if param_name not in perturbation.get_params():
        raise ValueError(
            f"{type(perturbation).__name__} has no parameter {param_name!r}; it has "
            f"{', '.join(sorted(perturbation.get_params()))}."
        )
    if len(param_range) == 0:
        raise ValueError(f"param_range is empty; give values of {param_name!r} to score at.")
    return [clone(perturbation).set_params(**{param_name: value}) for value in param_range]


def _score_fold(estimator, X, y, train, test, perturbations, scorer):
    X_train, y_train = safe_indexing(X, train), safe_indexing(y, train)
    X_test, y_test = safe_indexing(X, test), safe_indexing(y, test)
    estimator.fit(clone(perturbations[0]).fit(X_train).transform(X_train), y_train)
    return [
        scorer(estimator, perturbation.fit_transform(X_test), y_test)
        for perturbation in perturbations
    ]
