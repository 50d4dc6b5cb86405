"""Robustness as one number, for searches."""

import numpy as np
from sklearn.metrics import check_scoring

from skspectra._sklearn import HasMethods, validate_params
from skspectra.evaluation._robustness import perturbations_of

__all__ = ["robustness_scorer"]


@validate_params(
    {
        "perturbation": [HasMethods(["fit_transform"])],
        "param_name": [str],
        "param_range": ["array-like"],
        "scoring": [str, callable, None],
    },
    prefer_skip_nested_validation=True,
)
def robustness_scorer(perturbation, param_name, param_range, *, scoring=None):
    r"""Make a scorer that is the area under a robustness curve.

    The score :math:`s` is taken on copies of the spectra that are perturbed with each value
    :math:`v` of the parameter, and averaged over the range by the trapezoidal rule:

    .. math:: S = \frac{1}{v_n - v_1} \int_{v_1}^{v_n} s(v) \, dv

    Parameters
    ----------
    perturbation : Augmenter or other transformer
        Perturbation of the spectra that are scored; cloned. It must keep the columns: instead of
        ``EnergyShift(window=...)`` use `EnergyShift` without a window, and let the estimator begin
        with a `SpectralCrop`.
    param_name : str
        The parameter of the perturbation that varies, such as ``"shift"``.
    param_range : array-like of shape (n_values,)
        Its values, increasing, at least two.
    scoring : str or callable, default=None
        The score; that of the estimator's `score` if None.

    Returns
    -------
    scorer : callable
        ``scorer(estimator, X, y)`` returns a float. `GridSearchCV` and `cross_val_score` take it as
        `scoring`.

    Raises
    ------
    TypeError
        If the perturbation is a class instead of an instance.
    ValueError
        If the perturbation has no parameter of that name, there are fewer than two values, or they
        do not increase.

    See Also
    --------
    robustness_curve : The whole curve, with one fit per fold.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from skspectra.augmentation import EnergyShift
    >>> from skspectra.evaluation import robustness_scorer
    >>> X = np.exp(-((np.arange(40.0) - np.array([[15.0], [20.0]])) ** 2) / 8)
    >>> y = ["low", "high"]
    >>> scorer = robustness_scorer(EnergyShift(), "shift", [-5, 0, 5])
    >>> scorer(KNeighborsClassifier(1).fit(X, y), X, y)
    0.75
    """
    values = np.asarray(param_range, dtype=np.float64)
    if values.ndim != 1 or values.size < 2 or not (np.diff(values) > 0).all():
        raise ValueError(
            f"param_range must hold two values at least, and they must increase, got {param_range}."
        )
    return _RobustnessScorer(perturbations_of(perturbation, param_name, values), values, scoring)


class _RobustnessScorer:
    def __init__(self, perturbations, values, scoring):
        self.perturbations = perturbations
        self.values = values
        self.scoring = scoring

    def __call__(self, estimator, X, y):
        scorer = check_scoring(estimator, self.scoring)
        scores = [scorer(estimator, each.fit_transform(X), y) for each in self.perturbations]
        return float(np.trapezoid(scores, self.values) / np.ptp(self.values))
