"""Scores of an estimator whose last step is a net, at several values of a parameter."""

from numbers import Integral, Real

import numpy as np
from sklearn import model_selection
from sklearn.base import clone, is_classifier
from sklearn.model_selection import check_cv
from sklearn.utils import indexable

from skspectra._sklearn import HasMethods, StrOptions, validate_params
from skspectra.evaluation._cross_validation import (
    can_be_stacked,
    counting_folds,
    fit_folds,
    score_folds,
)

__all__ = ["validation_curve"]


@validate_params(
    {
        "estimator": [HasMethods("fit")],
        "X": ["array-like", "sparse matrix"],
        "y": ["array-like"],
        "param_name": [str],
        "param_range": ["array-like"],
        "cv": ["cv_object"],
        "scoring": [str, callable, None],
        "groups": ["array-like", None],
        "n_jobs": [Integral, None],
        "params": [dict, None],
        "error_score": [StrOptions({"raise"}), Real],
        "verbose": ["verbose"],
    },
    prefer_skip_nested_validation=False,
)
def validation_curve(
    estimator,
    X,
    y,
    *,
    param_name,
    param_range,
    cv=None,
    scoring=None,
    groups=None,
    n_jobs=None,
    params=None,
    error_score=np.nan,
    verbose=0,
):
    """Score values of a parameter by cross-validation: scikit-learn's function, faster on a GPU.

    Where the last step of the estimator is a net that trains on CUDA, and ``SKSPECTRA_CUDA`` asks
    for ``stacks``, the nets of all values and folds that have the same layers and numbers of
    batches and epochs are trained stacked, in one pass. Learning rate, dropout, weight decay and
    seed may differ. They draw the same random numbers as if each was fitted alone, so that the
    scores are those of scikit-learn except for rounding. In all other cases this is scikit-learn's
    function, with fits in parallel processes.

    Parameters
    ----------
    estimator : estimator
        A net, a pipeline that ends with one, or any other estimator; cloned for every fit.
    X : array-like of shape (n_spectra, n_channels)
        Spectra.
    y : array-like of shape (n_spectra,) or (n_spectra, n_targets)
        Labels, or the targets of a regressor.
    param_name : str
        The parameter, ``"lr"`` or that of a step, such as ``"fullyconvclassifier__lr"``.
    param_range : array-like of shape (n_values,)
        Its values.
    cv : int, cross-validation generator or iterable, default=None
        Folds; None is five, and an int or None gives `StratifiedKFold` for a classifier.
    scoring : str or callable, default=None
        The score, as in scikit-learn; the estimator's own if None.
    groups : array-like of shape (n_spectra,), default=None
        Groups for the splitter.
    n_jobs : int, default=None
        How many fits run at the same time, as in scikit-learn: None is one. On CUDA this many
        threads fit the steps before the net.
    params : dict, default=None
        Passed to `fit`, such as ``{"sample_weight": weight}``. Arrays with an entry for each
        spectrum are split with the spectra.
    error_score : "raise" or float, default=nan
        The score where a fit or score fails; "raise" raises the error.
    verbose : int or bool, default=0
        Whether to show progress over the folds.

    Returns
    -------
    train_scores : ndarray of shape (n_values, n_folds)
        Scores on the training spectra.
    test_scores : ndarray of shape (n_values, n_folds)
        Scores on the held-out spectra.

    Raises
    ------
    ValueError
        If the estimator has no such parameter, or scikit-learn refuses the folds, the labels or the
        score.

    See Also
    --------
    sklearn.model_selection.validation_curve : Has the same parameters and returns.
    cross_validate : Folds of one estimator.
    skspectra.evaluation.robustness_curve : Scores on folds that are perturbed.

    Examples
    --------
    >>> import numpy as np
    >>> from skspectra.evaluation import validation_curve
    >>> from skspectra.neural import DenseClassifier
    >>> X = np.repeat(np.eye(2, 8), 20, axis=0)
    >>> y = ["left"] * 20 + ["right"] * 20
    >>> net = DenseClassifier(max_epochs=30, random_state=0)
    >>> _, scores = validation_curve(net, X, y, param_name="lr", param_range=[0.001, 0.03], cv=4)
    >>> scores.mean(axis=1)
    array([0., 1.])
    """
    X, y, groups = indexable(X, y, groups)
    scored = {"scoring": scoring, "error_score": error_score}
    if can_be_stacked(estimator):
        cv = list(check_cv(cv, y, classifier=is_classifier(estimator)).split(X, y, groups))
        candidates = [clone(estimator).set_params(**{param_name: each}) for each in param_range]
        fits = fit_folds(candidates, X, y, cv, n_jobs, params)
        if fits is not None:
            scores = [
                score_folds(*fit, X, y, cv, return_train_score=True, **scored) for fit in fits
            ]
            return tuple(
                np.stack([s[name] for s in scores]) for name in ("train_score", "test_score")
            )
    with counting_folds(verbose, estimator, X, y, groups, cv, n_jobs) as folds:
        return model_selection.validation_curve(
            estimator,
            X,
            y,
            param_name=param_name,
            param_range=param_range,
            groups=groups,
            n_jobs=n_jobs,
            params=params,
            **folds,
            **scored,
        )
