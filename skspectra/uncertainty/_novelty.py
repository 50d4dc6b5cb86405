"""A classifier that says when a spectrum is unlike all that it was trained on."""

from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.decomposition import PCA
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from skspectra._input.pipelines import weight_params
from skspectra._input.spectra import noting_bad_rows
from skspectra._input.stored import (
    StoredSpectra,
    read_rows,
    row_blocks,
    validate_spectra,
)
from skspectra._input.weights import check_weights
from skspectra._sklearn import HasMethods, Interval, fit_context, safe_indexing
from skspectra.uncertainty._normal_clusters import distance_to_nearest, normal_clusters

__all__ = ["NoveltyRejector"]

_AT_ONCE = 4096  # spectra scored at once: bounds the memory
_SAMPLE = 2**16  # stored spectra that novelty is learned from
_LEAST_DOUBT = 0.5  # what is refused for it is as likely of no class as of all of them


class NoveltyRejector(ClassifierMixin, BaseEstimator):
    r"""Reject spectra that are unlike the training spectra, around any classifier.

    A classifier gives one of its classes to any input. The rejector also learns what the training
    spectra look like to the last step of a pipeline: their mean :math:`\bar x`, their first
    principal components :math:`V`, and along these the mean :math:`m_k` and covariance
    :math:`\Sigma_k` of the k-means clusters of each class. There are several clusters because a
    class of different shifts and resolutions is not an ellipsoid. The novelty of a spectrum
    :math:`x` with scores :math:`z = V (x - \bar x)` is its distance to the nearest cluster, or its
    residual:

    .. math::
        t^2(x) = \min_k\, (z - m_k)^T \Sigma_k^{-1} (z - m_k), \qquad
        q(x) = \frac{\lVert x - \bar x - V^T z \rVert^2}{\lVert x \rVert^2}, \qquad
        \mathrm{novelty}(x) = \frac{1}{s} \max\Big(\frac{t}{s_t}, \frac{q}{s_q}, \frac{u}{s_u}\Big)

    The first two are the statistics of class models in chemometrics [1]_: :math:`t` finds edges of
    another shape, :math:`q` noise. Spectra that are similar to a class, such as the same edge of
    the next element, are rejected only if the classifier has seen such spectra [2]_: give them the
    label `unknown`. The classifier learns them as one more class, and :math:`u` is the probability
    of that class. Each statistic is scaled by its `keep` quantile over the training spectra of the
    classes, :math:`s_u` being 1/2 at least, and so is their maximum. A spectrum that does not vary
    at all has infinite novelty.

    Parameters
    ----------
    estimator : classifier
        A net, an ensemble or any other classifier with `predict_proba`, or a pipeline that ends in
        one. Cloned.
    unknown : object, default="unknown"
        Label of novel spectra in the answer, and of spectra to reject in `y`.
    keep : float, default=0.99
        Share of the training spectra of the classes that is not novel, above 0 and up to 1.
    n_components : int, default=15
        Number of principal components; at most as many as there are channels or spectra.
    n_clusters : int, default=15
        Number of clusters of each class; fewer where a cluster would have less than four spectra
        for each component. More clusters reject more, also spectra of the class that differ from
        those of the training.

    Attributes
    ----------
    estimator_ : classifier
        The fitted classifier.
    classes_ : ndarray of shape (n_classes,)
        Class labels, without `unknown`.
    mean_ : ndarray of shape (n_channels_seen,), float32
        Mean of the training spectra as the last step sees them.
    components_ : ndarray of shape (`n_components_`, n_channels_seen), float32
        Principal components.
    cluster_means_ : ndarray of shape (`n_clusters_`, `n_components_`)
        Means of the clusters of all classes along the components.
    precisions_ : ndarray of shape (`n_clusters_`, `n_components_`, `n_components_`), float32
        Inverse of the covariance of each cluster, shrunk by three tenths towards that of its class.
    scales_ : ndarray of shape (3,) or (4,)
        :math:`s_t, s_q, s_u, s`; without :math:`s_u` where no spectrum was labelled `unknown`.
    n_features_in_ : int
        Number of channels seen at fit.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen at fit, where they are strings.

    Notes
    -----
    If the training spectra are shifted over a wide range, fewer spectra are novel. Align edges
    roughly first if possible.

    References
    ----------
    .. [1] S. Wold, "Pattern recognition by means of disjoint principal components models", Pattern
       Recognition 8, 127 (1976).
    .. [2] D. Hendrycks, M. Mazeika and T. Dietterich, "Deep anomaly detection with outlier
       exposure", International Conference on Learning Representations (2019), arXiv:1812.04606.

    Examples
    --------
    >>> import numpy as np
    >>> from skspectra.neural import DenseClassifier
    >>> from skspectra.uncertainty import NoveltyRejector
    >>> rng = np.random.default_rng(0)
    >>> peaks = np.exp(-((np.arange(20) - np.array([[6], [13]])) ** 2) / 8)
    >>> X = np.repeat(peaks, 50, axis=0) + rng.normal(0, 0.05, (100, 20))
    >>> y = ["left"] * 50 + ["right"] * 50
    >>> net = DenseClassifier(max_epochs=50, random_state=0)
    >>> rejector = NoveltyRejector(net, n_components=3).fit(X, y)
    >>> rejector.predict_with_reject([*peaks, peaks[0] - peaks[1], np.ones(20)])
    array(['left', 'right', 'unknown', 'unknown'], dtype=object)

    A peak that is little wider is rejected only after the rejector was shown such peaks:

    >>> wide = np.exp(-((np.arange(20) - 6) ** 2) / 10)
    >>> rejector.predict_with_reject([wide])
    array(['left'], dtype=object)
    >>> X = np.concatenate([X, wide + rng.normal(0, 0.05, (50, 20))])
    >>> y = y + ["unknown"] * 50
    >>> rejector.fit(X, y).predict_with_reject([wide])
    array(['unknown'], dtype=object)
    >>> rejector.classes_
    array(['left', 'right'], dtype='<U7')
    """

    _parameter_constraints: dict = {
        "estimator": [HasMethods(["fit", "predict_proba"])],
        "unknown": "no_validation",
        "keep": [Interval(Real, 0, 1, closed="right")],
        "n_components": [Interval(Integral, 1, None, closed="left")],
        "n_clusters": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(self, estimator, *, unknown="unknown", keep=0.99, n_components=15, n_clusters=15):
        self.estimator = estimator
        self.unknown = unknown
        self.keep = keep
        self.n_components = n_components
        self.n_clusters = n_clusters

    @fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y, sample_weight=None):
        """Fit the classifier, and learn what its training spectra look like.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
            Spectra.
        y : array-like of shape (n_spectra,)
            Labels; `unknown` for spectra that are of no class.
        sample_weight : array-like of shape (n_spectra,), default=None
            Weight of each spectrum for the classifier, or for the last step of a pipeline. What
            spectra look like is learned from all whose weight is above 0.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If a class has fewer than two spectra that vary from channel to channel, if there is no
            class, or the classifier refuses the spectra.
        """
        spectra, labels = validate_spectra(self, X, y, read=False, ensure_min_features=2)
        check_classification_targets(labels)
        known = ~_equals(labels, self.unknown)
        if not known.any():
            raise ValueError(f"All labels are {self.unknown!r}. Bring spectra of a class as well.")
        weights = weight_params(self.estimator, sample_weight)
        self.estimator_ = clone(self.estimator).fit(X, y, **weights)
        if sample_weight is not None:
            known &= check_weights(sample_weight, spectra) > 0
        self._is_known = ~_equals(self.estimator_.classes_, self.unknown)
        self.classes_ = self.estimator_.classes_[self._is_known]
        if isinstance(spectra, StoredSpectra):
            rows = np.arange(0, len(spectra), -(-len(spectra) // _SAMPLE))
            X = spectra.select(rows).read()
            labels, known = labels[rows], known[rows]
        elif not hasattr(X, "columns"):
            X = spectra
        X, labels = safe_indexing(X, known), labels[known]
        seen = self._as_seen(X)
        varied = ~_is_flat(seen)
        _check_classes(labels, varied)
        self._learn_shape(seen[varied], labels[varied])
        self._learn_scales(self._statistics(seen[varied], self._doubt(X, len(seen))[varied]))
        return self

    def predict(self, X):
        """Predict the most probable class, also of novel spectra.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
            Spectra.

        Returns
        -------
        y : ndarray of shape (n_spectra,)
            Labels from `classes_`.
        """
        self._check(X)
        return self._labels(self.estimator_.predict_proba(X))

    def predict_proba(self, X):
        """Predict the probability of each class, given that the spectrum is of one of them.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
            Spectra.

        Returns
        -------
        proba : ndarray of shape (n_spectra, n_classes)
            In the order of `classes_`.
        """
        self._check(X)
        proba = self.estimator_.predict_proba(X)
        if self._is_known.all():
            return proba
        proba = np.maximum(proba[:, self._is_known], np.finfo(proba.dtype).tiny)
        return proba / proba.sum(axis=1, keepdims=True)

    def predict_with_reject(self, X):
        """Predict the most probable class, or `unknown` if the novelty is above 1.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
            Spectra.

        Returns
        -------
        y : ndarray of shape (n_spectra,), object
            Labels from `classes_`, and `unknown`.
        """
        spectra = self._check(X)
        proba = self.estimator_.predict_proba(X)
        labels = self._labels(proba).astype(object)
        labels[self._novelty(X, spectra, proba[:, ~self._is_known]) > 1] = self.unknown
        return labels

    def novelty(self, X):
        """Return how far spectra are from the training spectra.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
            Spectra.

        Returns
        -------
        novelty : ndarray of shape (n_spectra,)
            0 or more; 1 is the threshold, infinity is a spectrum that does not vary.
        """
        spectra = self._check(X)
        return self._novelty(X, spectra, self._doubt(X, len(spectra)))

    def _check(self, X):
        check_is_fitted(self, "scales_")
        with noting_bad_rows(X):
            return validate_spectra(self, X, reset=False, read=False)

    def _labels(self, proba):
        return self.classes_[proba[:, self._is_known].argmax(axis=1)]

    def _doubt(self, X, n_spectra):
        """Probability of no class, of shape (n_spectra, 1); (n_spectra, 0) if none was learned."""
        if self._is_known.all():
            return np.empty((n_spectra, 0))
        return self.estimator_.predict_proba(X)[:, ~self._is_known]

    def _as_seen(self, X):
        """Spectra as the last step of the classifier is given them, float64."""
        if hasattr(self.estimator_, "steps"):
            X = self.estimator_[:-1].transform(X)
        return np.asarray(X, dtype=np.float64)

    def _learn_shape(self, seen, labels):
        pca = PCA(min(self.n_components, *seen.shape), random_state=0).fit(seen)
        self.mean_ = pca.mean_.astype(np.float32)
        self.components_ = pca.components_.astype(np.float32)
        scores = (seen - self.mean_) @ self.components_.T
        self.cluster_means_, precisions = normal_clusters(scores, labels, self.n_clusters)
        self.precisions_ = precisions.astype(np.float32)

    def _learn_scales(self, statistics):
        scales = [self._threshold(values) for values in statistics]
        scales[2:] = np.maximum(scales[2:], _LEAST_DOUBT)
        self.scales_ = np.append(scales, self._threshold(_greatest(statistics, scales)))

    def _threshold(self, values):
        """Value that the share `keep` does not exceed, above zero."""
        quantile = np.quantile(values, self.keep, method="higher")
        return max(quantile, np.finfo(np.float64).eps)

    def _novelty(self, X, spectra, doubt):
        X = spectra if isinstance(spectra, StoredSpectra) else X
        blocks = [
            self._novelty_of_block(read_rows(X, rows), doubt[rows])
            for rows in row_blocks(X, _AT_ONCE)
        ]
        return np.concatenate(blocks)

    def _novelty_of_block(self, X, doubt):
        seen = self._as_seen(X)
        varied = ~_is_flat(seen)
        *scales, whole = self.scales_
        novelty = np.full(len(seen), np.inf)
        statistics = self._statistics(seen[varied], doubt[varied])
        novelty[varied] = _greatest(statistics, scales) / whole
        return novelty

    def _statistics(self, seen, doubt):
        """Distance to the nearest cluster, share that the components leave, and doubt, if any."""
        centred = seen - self.mean_
        scores = centred @ self.components_.T
        distance = distance_to_nearest(scores, self.cluster_means_, self.precisions_)
        left = centred - scores @ self.components_
        rest = (left**2).sum(axis=1) / (seen**2).sum(axis=1)
        return [distance, rest, *doubt.T]


def _equals(labels, unknown):
    return np.fromiter((label == unknown for label in labels), bool, len(labels))


def _is_flat(X):
    return X.max(axis=1) == X.min(axis=1)


def _check_classes(labels, varied):
    classes, codes = np.unique(labels, return_inverse=True)
    few = classes[np.bincount(codes[varied], minlength=classes.size) < 2]
    if few.size:
        raise ValueError(
            "Each class needs two spectra at least that vary from channel to channel, but "
            f"{few.tolist()} have fewer. Bring more, or leave these classes out."
        )


def _greatest(statistics, scales):
    return np.max(
        [values / scale for values, scale in zip(statistics, scales, strict=True)], axis=0
    )
