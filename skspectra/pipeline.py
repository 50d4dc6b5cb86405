"""Pipelines that run samplers while they are fitted: imbalanced-learn's."""

import imblearn.pipeline
from sklearn.pipeline import make_pipeline as make_plain_pipeline

__all__ = ["Pipeline", "make_pipeline"]


class Pipeline(imblearn.pipeline.Pipeline):
    """Pipeline of imbalanced-learn, which runs samplers while it is fitted.

    Samplers (`skspectra.sampling`) change the rows that later steps are fitted to, and are skipped
    at predict. Parameters and methods are those of :class:`imblearn.pipeline.Pipeline`.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skspectra.augmentation import PoissonNoise
    >>> from skspectra.pipeline import make_pipeline
    >>> from skspectra.sampling import Augment
    >>> X = np.array([[0.0, 9.0, 1.0], [1.0, 1.0, 9.0]])
    >>> model = make_pipeline(Augment(PoissonNoise(), random_state=0), LogisticRegression())
    >>> model.fit(X, ["left", "right"]).predict(X)
    array(['left', 'right'], dtype='<U5')
    """

    def fit(self, X, y=None, **params):
        """Fit the steps one after the other.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
            Spectra.
        y : array-like of shape (n_spectra,), default=None
            Targets.
        **params : dict
            Parameters of the `fit` of each step, as ``step__parameter``.

        Returns
        -------
        self : object

        Raises
        ------
        TypeError
            If a step is a class and no instance.
        ValueError
            If rows are given weights and a sampler then changes the rows.
        """
        self._check_steps(params)
        return super().fit(X, y, **params)

    def fit_predict(self, X, y=None, **params):
        """Fit the steps and predict by the last; see `fit`."""
        self._check_steps(params)
        return super().fit_predict(X, y, **params)

    def fit_transform(self, X, y=None, **params):
        """Fit the steps and transform by all of them; see `fit`."""
        self._check_steps(params)
        return super().fit_transform(X, y, **params)

    def _check_steps(self, params):
        for name, step in self.steps:
            if isinstance(step, type):
                raise TypeError(
                    f"Step {name!r} must be an instance, such as {step.__name__}(), got the class "
                    f"{step.__name__}."
                )
        weights = [name for name in params if name.rpartition("__")[2] == "sample_weight"]
        samplers = [name for name, step in self.steps if hasattr(step, "fit_resample")]
        if weights and samplers:
            raise ValueError(
                f"{weights[0]} has a weight for each row that comes in, but the sampler "
                f"{samplers[0]!r} changes the rows, and what their weights would be nobody has "
                "said. Use class_weight= of the classifier, or call fit_resample yourself and "
                "weigh the rows that it returns."
            )


def make_pipeline(*steps, **params):
    """Make a `Pipeline` of steps that are named after their classes.

    Parameters
    ----------
    *steps : estimators
        Transformers and samplers, and what is fitted last.
    **params : dict
        `memory`, `transform_input` and `verbose` of the pipeline.

    Returns
    -------
    pipeline : Pipeline

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skspectra.augmentation import PoissonNoise
    >>> from skspectra.pipeline import make_pipeline
    >>> from skspectra.sampling import Augment
    >>> list(make_pipeline(Augment(PoissonNoise()), LogisticRegression()).named_steps)
    ['augment', 'logisticregression']
    """
    return Pipeline(make_plain_pipeline(*steps).steps, **params)
