"""Cross-validation of estimators whose last step is a net."""

import contextlib
import logging
from functools import partial
from numbers import Integral, Real

import numpy as np
from joblib import effective_n_jobs
from sklearn import get_config, model_selection
from sklearn.base import clone, is_classifier
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import check_cv
from sklearn.utils import indexable

from skspectra._input.pipelines import fit_together
from skspectra._progress import Progress, ProgressSplitter
from skspectra._sklearn import (
    HasMethods,
    StrOptions,
    check_method_params,
    safe_indexing,
    validate_params,
)

__all__ = ["can_be_stacked", "counting_folds", "cross_validate", "fit_folds", "score_folds"]

_LOGGER = logging.getLogger("skspectra")


@validate_params(
    {
        "estimator": [HasMethods("fit")],
        "X": ["array-like", "sparse matrix"],
        "y": ["array-like"],
        "cv": ["cv_object"],
        "scoring": [str, callable, list, tuple, set, dict, None],
        "groups": ["array-like", None],
        "n_jobs": [Integral, None],
        "params": [dict, None],
        "return_train_score": ["boolean"],
        "return_estimator": ["boolean"],
        "return_indices": ["boolean"],
        "error_score": [StrOptions({"raise"}), Real],
        "verbose": ["verbose"],
    },
    prefer_skip_nested_validation=False,
)
def cross_validate(
    estimator,
    X,
    y,
    *,
    cv=None,
    scoring=None,
    groups=None,
    n_jobs=None,
    params=None,
    return_train_score=False,
    return_estimator=False,
    return_indices=False,
    error_score=np.nan,
    verbose=0,
):
    """Evaluate an estimator by cross-validation: scikit-learn's function, but faster on a GPU.

    Where the last step of the estimator is a net that trains on CUDA, and ``SKSPECTRA_CUDA`` asks
    for ``stacks``, the earlier steps are fitted fold by fold and the nets of all folds are then
    trained stacked, in one pass. Each net draws the same random numbers as if it were fitted alone,
    so that the scores are those of scikit-learn except for rounding. Nets that cannot be stacked
    are trained fold after fold, and one line of the log of ``skspectra`` says why. In all other
    cases this is `sklearn.model_selection.cross_validate`, with folds in parallel processes and one
    thread for each net.

    Parameters
    ----------
    estimator : estimator
        A net, a pipeline that ends with one, or any other estimator; cloned for every fold.
    X : array-like of shape (n_spectra, n_channels)
        Spectra.
    y : array-like of shape (n_spectra,) or (n_spectra, n_targets)
        Labels, or the targets of a regressor.
    cv : int, cross-validation generator or iterable, default=None
        Folds; None is five, and an int or None gives `StratifiedKFold` for a classifier.
    scoring : str, callable, list, tuple or dict, default=None
        One score or several, as in scikit-learn; the estimator's own if None.
    groups : array-like of shape (n_spectra,), default=None
        Groups for the splitter.
    n_jobs : int, default=None
        How many folds are fitted at the same time, as in scikit-learn: None is one. On CUDA this
        many threads fit the steps before the net.
    params : dict, default=None
        Passed to `fit`, such as ``{"sample_weight": weight}``. Arrays with an entry for each
        spectrum are split with the spectra.
    return_train_score : bool, default=False
        Whether the training spectra are scored too.
    return_estimator : bool, default=False
        Whether the fitted estimators are returned.
    return_indices : bool, default=False
        Whether the rows of the folds are returned.
    error_score : "raise" or float, default=nan
        The score of a fold whose fit or score fails; "raise" raises the error.
    verbose : int or bool, default=0
        Whether to show progress over the folds.

    Returns
    -------
    scores : dict of str to ndarray of shape (n_folds,)
        ``test_score`` or, with several, ``test_<name>``; ``fit_time`` and ``score_time`` in s;
        and, where asked for, ``train_score``, ``estimator`` and ``indices``. Of the time that the
        training of all folds together takes, each has an equal share.

    Raises
    ------
    ValueError
        If scikit-learn refuses the folds, the labels or the scores, or if the fits of all folds
        fail.

    See Also
    --------
    sklearn.model_selection.cross_validate : Has the same parameters and returns.
    validation_curve : Several values of a parameter at once.
    skspectra.evaluation.robustness_curve : Scores on folds that are perturbed.

    Examples
    --------
    >>> import numpy as np
    >>> from skspectra.evaluation import cross_validate
    >>> from skspectra.neural import DenseClassifier
    >>> X = np.repeat(np.eye(2, 8), 20, axis=0)
    >>> y = ["left"] * 20 + ["right"] * 20
    >>> net = DenseClassifier(max_epochs=30, random_state=0)
    >>> cross_validate(net, X, y, cv=4)["test_score"]
    array([1., 1., 1., 1.])
    """
    X, y, groups = indexable(X, y, groups)
    scored = {
        "scoring": scoring,
        "return_train_score": return_train_score,
        "return_estimator": return_estimator,
        "return_indices": return_indices,
        "error_score": error_score,
    }
    if can_be_stacked(estimator):
        cv = list(check_cv(cv, y, classifier=is_classifier(estimator)).split(X, y, groups))
        fits = fit_folds([estimator], X, y, cv, n_jobs, params)
        if fits is not None:
            return score_folds(*fits[0], X, y, cv, **scored)
    with counting_folds(verbose, estimator, X, y, groups, cv, n_jobs) as folds:
        return model_selection.cross_validate(
            estimator, X, y, groups=groups, n_jobs=n_jobs, params=params, **folds, **scored
        )


@contextlib.contextmanager
def counting_folds(verbose, estimator, X, y, groups, cv, n_jobs):
    """Show progress over the folds; give what tells scikit-learn to count them."""
    cv = check_cv(cv, y, classifier=is_classifier(estimator))
    with Progress(verbose, "cross-validating", cv.get_n_splits(X, y, groups), "fold") as progress:
        n_at_work = effective_n_jobs(n_jobs)
        yield {"cv": ProgressSplitter(cv, n_at_work, progress), "pre_dispatch": n_at_work}
        progress.update(progress.total - progress.done)


def can_be_stacked(estimator):
    """Whether the nets of several fits of an estimator are trained in one pass."""
    return fit_together(estimator) is not None and not get_config()["enable_metadata_routing"]


def fit_folds(estimators, X, y, splits, n_jobs, params):
    """Fit estimators to folds, their nets in one pass.

    Parameters
    ----------
    estimators : list of estimators
        They end with nets; cloned for every fold.
    X, y : array-like
        Spectra, and what belongs to them.
    splits : list of tuple of (ndarray, ndarray)
        Rows to train on and to test with.
    n_jobs : int or None
        How many threads fit the steps before the nets.
    params : dict or None
        What is passed to `fit`.

    Returns
    -------
    fits : list of tuple of (list of estimators, ndarray of float), or None
        For each of the estimators, what was fitted to the folds and how long each took in s. None
        where a fit fails: scikit-learn tells which, and what that means.
    """
    fitted = [[clone(estimator) for _ in splits] for estimator in estimators]
    fits = [
        partial(_fit_fold, fold, X, y, train, params or {})
        for folds in fitted
        for fold, (train, _) in zip(folds, splits, strict=True)
    ]
    try:
        seconds = fit_together(estimators[0])(fits, n_jobs)
    except Exception as error:
        first_line = str(error).partition("\n")[0]
        _LOGGER.info("Fitting fold after fold: %s: %s", type(error).__name__, first_line)
        return None
    return list(zip(fitted, np.split(np.array(seconds), len(estimators)), strict=True))


def _fit_fold(estimator, X, y, train, params):
    params = check_method_params(X, params, indices=train)
    estimator.fit(safe_indexing(X, train), safe_indexing(y, train), **params)


def score_folds(
    fitted, fit_times, X, y, splits, *, return_estimator=False, return_indices=False, **scored
):
    """Score estimators as they are; return what scikit-learn's `cross_validate` returns."""
    folds = [
        model_selection.cross_validate(FrozenEstimator(estimator), X, y, cv=[split], **scored)
        for estimator, split in zip(fitted, splits, strict=True)
    ]
    scores = {"fit_time": None, "score_time": None}
    if return_estimator:
        scores["estimator"] = fitted
    if return_indices:
        train, test = zip(*splits, strict=True)
        scores["indices"] = {"train": train, "test": test}
    scores |= {name: np.concatenate([fold[name] for fold in folds]) for name in folds[0]}
    return scores | {"fit_time": fit_times}
