"""What the neural classifiers share: labels, weights of classes and probabilities."""

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from torch.nn import CrossEntropyLoss

from skspectra._input.weights import spectrum_weights
from skspectra._sklearn import StrOptions, fit_context
from skspectra.neural._estimators.base import SpectralNetEstimator
from skspectra.neural._kernels.predict import probabilities
from skspectra.neural._training.net import ClassifierNet

__all__ = ["SpectralNetClassifier"]


class SpectralNetClassifier(ClassifierMixin, SpectralNetEstimator):
    """Base class of the neural classifiers.

    A subclass names its torch module in `_module_class` and the parameters that the module takes in
    `_module_parameters`. See `skspectra.neural.FullyConvClassifier` for the parameters that all of
    them share.
    """

    _net_class = ClassifierNet
    _criterion = CrossEntropyLoss

    _parameter_constraints: dict = {
        **SpectralNetEstimator._parameter_constraints,
        "class_weight": [StrOptions({"balanced"}), dict, None],
    }

    def __init__(self, *, class_weight, **shared):
        super().__init__(**shared)
        self.class_weight = class_weight

    @classmethod
    def as_published(cls, **params):
        """Make a classifier that is trained as in the article [1]_.

        The learning rate of Adam is 0.001 all the time, a batch has 128 spectra. In the article
        there are 100 to 500 epochs, of spectra augmented 25 to 60 times; here there are 200.

        Parameters
        ----------
        **params : dict
            Other parameters, which win.

        Returns
        -------
        classifier : object

        References
        ----------
        .. [1] M. Chatzidakis and G. A. Botton, "Towards calibration-invariant spectroscopy using
           deep learning", Scientific Reports 9, 2126 (2019), Methods.

        Examples
        --------
        >>> from skspectra.neural import FullyConvClassifier
        >>> FullyConvClassifier.as_published()
        FullyConvClassifier(batch_size=128, lr=0.001, max_epochs=200,
                            schedule='constant')
        """
        published = {"lr": 0.001, "schedule": "constant", "batch_size": 128, "max_epochs": 200}
        return cls(**(published | params))

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None):
        """Train the net.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
            Spectra, in memory or not; cast to float32 when they are used.
        y : array-like of shape (n_spectra,)
            Labels: strings, integers, booleans. Two classes at least.
        sample_weight : array-like of shape (n_spectra,), default=None
            Weight of each spectrum, not negative.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If the spectra hold NaN or infinity, are too narrow for the kernels or belong to one
            class only, if parameters contradict each other, or if the loss becomes infinite.
        """
        self._train(X, y, sample_weight)
        return self

    def predict_proba(self, X):
        """Probability of each class.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
            Spectra.

        Returns
        -------
        proba : ndarray of shape (n_spectra, n_classes), float32
            In the order of `classes_`.
        """
        return self._run(probabilities, X)[""]

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
        codes = self.predict_proba(X).argmax(axis=1)
        return self.classes_[codes]

    def _encode(self, y, weight, reset):
        """Codes 0 to n_classes - 1 of the labels."""
        if reset:
            self.classes_ = np.unique(y)
        unknown = np.setdiff1d(y, self.classes_)
        if unknown.size:
            raise ValueError(
                f"With warm_start=True no class can be added: y holds {unknown.tolist()}, but the "
                f"net was fitted to {self.classes_.tolist()}."
            )
        return np.searchsorted(self.classes_, y)

    @property
    def _n_outputs(self):
        return self.classes_.size

    def _weigh(self, X, y, sample_weight):
        check_classification_targets(y)
        return spectrum_weights(X, y, sample_weight, self.class_weight)

    def _strata(self, y):
        return y
