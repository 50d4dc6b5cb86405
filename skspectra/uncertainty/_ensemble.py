"""Several nets that differ by their seed, as one classifier."""

from functools import partial
from numbers import Integral

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import check_is_fitted

from skspectra._input.pipelines import fit_together, weight_params
from skspectra._input.stored import validate_spectra
from skspectra._progress import Progress
from skspectra._sklearn import HasMethods, Interval, fit_context

__all__ = ["EnsembleClassifier"]


class EnsembleClassifier(ClassifierMixin, BaseEstimator):
    r"""Average the probabilities of members that are trained with different seeds.

    All members are trained on all spectra. They differ in every `random_state`, and so in the
    initial weights, the order of the batches and the augmentation. Their disagreement is a measure
    of uncertainty [1]_.

    .. math:: p(c \mid x) = \frac{1}{M} \sum_m p_m(c \mid x)

    Parameters
    ----------
    estimator : classifier
        Cloned for every member: any classifier with `predict_proba`, such as a net or a pipeline
        with one.
    n_members : int, default=6
        Number of members.
    n_jobs : int, default=None
        How many members are trained at the same time, as in scikit-learn.
    random_state : int, RandomState instance or None, default=None
        Seeds the members.
    verbose : int or bool, default=0
        Whether to show progress over the members.

    Attributes
    ----------
    members_ : list of classifiers
        The fitted members.
    classes_ : ndarray of shape (n_classes,)
        Class labels.
    n_features_in_ : int
        Number of channels seen at fit.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen at fit, where they are strings.

    See Also
    --------
    sklearn.ensemble.BaggingClassifier : Members that are trained on different spectra.

    References
    ----------
    .. [1] B. Lakshminarayanan, A. Pritzel and C. Blundell, "Simple and scalable predictive
       uncertainty estimation using deep ensembles", NeurIPS (2017), arXiv:1612.01474.

    Examples
    --------
    >>> import numpy as np
    >>> from skspectra.neural import DenseClassifier
    >>> from skspectra.uncertainty import EnsembleClassifier
    >>> X = np.repeat(np.eye(2, 8), 20, axis=0)
    >>> y = ["left"] * 20 + ["right"] * 20
    >>> net = DenseClassifier(max_epochs=30)
    >>> ensemble = EnsembleClassifier(net, n_members=3, random_state=0).fit(X, y)
    >>> ensemble.predict(X[[0, -1]])
    array(['left', 'right'], dtype='<U5')
    >>> ensemble.disagreement(X[[0, -1]]).shape
    (2,)
    """

    _parameter_constraints: dict = {
        "estimator": [HasMethods(["fit", "predict_proba"])],
        "n_members": [Interval(Integral, 1, None, closed="left")],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def __init__(self, estimator, n_members=6, *, n_jobs=None, random_state=None, verbose=0):
        self.estimator = estimator
        self.n_members = n_members
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    @fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y, sample_weight=None):
        """Train the members.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
            Spectra.
        y : array-like of shape (n_spectra,)
            Labels.
        sample_weight : array-like of shape (n_spectra,), default=None
            Weight of each spectrum, if the members, or the last steps of pipelines, accept it.

        Returns
        -------
        self : object
        """
        _, checked = validate_spectra(self, X, y, read=False)  # the members read them
        check_classification_targets(checked)
        random_state = check_random_state(self.random_state)
        members = [_seeded(clone(self.estimator), random_state) for _ in range(self.n_members)]
        weights = weight_params(self.estimator, sample_weight)
        together = fit_together(self.estimator)
        with Progress(self.verbose, "training members", self.n_members, "member") as progress:
            if together is not None:
                together([partial(_fit, member, X, y, weights) for member in members])
                self.members_ = members
                progress.update(self.n_members)
            else:
                fitted = Parallel(n_jobs=self.n_jobs, return_as="generator")(
                    delayed(_fit)(member, X, y, weights) for member in members
                )
                self.members_ = list(progress.over(fitted))
        self.classes_ = self.members_[0].classes_
        return self

    def predict_proba(self, X):
        """Predict the probability of each class: the mean over the members.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
            Spectra.

        Returns
        -------
        proba : ndarray of shape (n_spectra, n_classes)
            In the order of `classes_`.
        """
        return self._probabilities(X).mean(axis=0)

    def predict(self, X):
        """Most probable class.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
            Spectra.

        Returns
        -------
        y : ndarray of shape (n_spectra,)
            Labels from `classes_`.
        """
        proba = self.predict_proba(X)
        return self.classes_[proba.argmax(axis=1)]

    def disagreement(self, X):
        r"""Return how much of the uncertainty is between the members, not within them.

        The entropy of the mean less the mean entropy of the members, over the entropy of a guess: 0
        if all members give the same probabilities, or there is only one class; 1 if members are
        certain of different classes.

        .. math:: \frac{H\big(\langle p_m \rangle\big) - \langle H(p_m) \rangle}{\ln n}

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
            Spectra.

        Returns
        -------
        disagreement : ndarray of shape (n_spectra,)
            From 0 to 1.
        """
        proba = self._probabilities(X)
        between = _entropy(proba.mean(axis=0)) - _entropy(proba).mean(axis=0)
        return np.clip(between / np.log(max(self.classes_.size, 2)), 0, 1)

    def _probabilities(self, X):
        check_is_fitted(self, "members_")
        validate_spectra(self, X, reset=False, skip_check_array=True)  # the members look at it all
        return np.stack([member.predict_proba(X) for member in self.members_])


def _seeded(estimator, random_state):
    """Give every `random_state` in an estimator a seed of its own."""
    names = [name for name in estimator.get_params() if name.split("__")[-1] == "random_state"]
    return estimator.set_params(**{name: random_state.randint(2**31) for name in sorted(names)})


def _fit(member, X, y, weights):
    return member.fit(X, y, **weights)


def _entropy(proba):
    logarithm = np.log(proba, out=np.zeros_like(proba), where=proba > 0)
    return -(proba * logarithm).sum(axis=-1)
