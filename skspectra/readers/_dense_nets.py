"""Small dense nets on principal components, computed together."""

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.decomposition import PCA
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted, validate_data

from skspectra.uncertainty import EnsembleClassifier

__all__ = ["N_COMPONENTS", "DenseNets"]

N_COMPONENTS = 25


class DenseNets(ClassifierMixin, BaseEstimator):
    """Small dense nets on standardised principal components, whose probabilities are averaged.

    They are scikit-learn's `MLPClassifier`. Of a single spectrum scikit-learn's checks take a
    hundred times as long as the arithmetic, so that there is one for all steps and nets here.

    Parameters
    ----------
    hidden_layer_sizes : tuple of int
        Units of each hidden layer.
    n_nets : int, default=3
        Nets that differ in their first weights and in the order of the spectra.
    random_state : int, RandomState instance or None, default=None
        Seeds the nets.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Class labels.
    projection_ : ndarray of shape (n_channels, n_components)
        From spectra to standardised components.
    offset_ : ndarray of shape (n_components,)
        What is added to these.
    coefs_ : list of ndarray of shape (n_nets, n_inputs, n_outputs)
        Weights of each layer; the last has an output for each class.
    intercepts_ : list of ndarray of shape (n_nets, 1, n_outputs)
        Intercepts of each layer.
    n_features_in_ : int
        Number of channels seen at fit.
    """

    def __init__(self, hidden_layer_sizes, n_nets=3, *, random_state=None):
        self.hidden_layer_sizes = hidden_layer_sizes
        self.n_nets = n_nets
        self.random_state = random_state

    def fit(self, X, y):
        """Train the nets; they stop early on purpose.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
            Aligned edges.
        y : array-like of shape (n_spectra,)
            Labels.

        Returns
        -------
        self : object
        """
        net = MLPClassifier(self.hidden_layer_sizes, alpha=1e-3, max_iter=40)
        pca, scaler, ensemble = make_pipeline(
            PCA(N_COMPONENTS, random_state=0),
            StandardScaler(),
            EnsembleClassifier(net, self.n_nets, random_state=self.random_state),
        ).fit(X, y)
        self.n_features_in_, self.classes_ = pca.n_features_in_, ensemble.classes_
        self._take_over(pca, scaler, ensemble.members_)
        return self

    def _take_over(self, pca, scaler, nets):
        projection = pca.components_.T / scaler.scale_
        offset = -(pca.mean_ @ pca.components_.T + scaler.mean_) / scaler.scale_
        self.projection_ = np.ascontiguousarray(projection, dtype=pca.components_.dtype)
        self.offset_ = offset.astype(self.projection_.dtype)
        self.coefs_ = _stacked([net.coefs_ for net in nets])
        self.intercepts_ = _stacked([[row[None] for row in net.intercepts_] for net in nets])
        if nets[0].out_activation_ == "logistic":  # of one number, the softmax of it and of 0
            for layers in (self.coefs_, self.intercepts_):
                layers[-1] = np.concatenate([np.zeros_like(layers[-1]), layers[-1]], axis=2)

    def predict_proba(self, X):
        """Probability of each class, the mean of the nets'.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
            Aligned edges.

        Returns
        -------
        proba : ndarray of shape (n_spectra, n_classes)
            In the order of `classes_`.
        """
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, dtype=[np.float32, np.float64])
        outputs = X @ self.projection_ + self.offset_
        *hidden, last = zip(self.coefs_, self.intercepts_, strict=True)
        for coefs, intercepts in hidden:
            outputs = np.maximum(outputs @ coefs + intercepts, 0)
        coefs, intercepts = last
        logits = outputs @ coefs + intercepts
        powers = np.exp(logits - logits.max(axis=2, keepdims=True))
        return (powers / powers.sum(axis=2, keepdims=True)).mean(axis=0)


def _stacked(layers_of_nets):
    """Put each layer of all nets into one array, the first axis being the nets."""
    return [np.stack(layer) for layer in zip(*layers_of_nets, strict=True)]
