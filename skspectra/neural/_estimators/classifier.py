"""What the neural classifiers share."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from sklearn.base import ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from torch.nn import CrossEntropyLoss

from skspectra._input.weights import spectrum_weights
from skspectra._sklearn import StrOptions, fit_context
from skspectra.neural._accelerators import predictor
from skspectra.neural._estimators.base import SpectralNetEstimator
from skspectra.neural._estimators.outputs import collect_outputs
from skspectra.neural._training.net import ClassifierNet

__all__ = ["SpectralNetClassifier"]


@dataclass(kw_only=True, eq=False, repr=False)
class SpectralNetClassifier(ClassifierMixin, SpectralNetEstimator):
    """Base class of the neural classifiers; see `NetClassifier`."""

    class_weight: dict | str | None = None

    _net_class = ClassifierNet
    _criterion = CrossEntropyLoss

    _parameter_constraints: ClassVar[dict] = {
        **SpectralNetEstimator._parameter_constraints,
        "class_weight": [StrOptions({"balanced"}), dict, None],
    }

    @classmethod
    def as_published(cls, **params):
        """Make a classifier with the training parameters of the article [1]_.

        The learning rate of Adam is constant at 0.001, and a batch has 128 spectra. The article
        does not say for how many epochs; in the thesis [2]_ accuracy and loss have settled after
        200, on spectra augmented 25 to 60 times.

        Parameters
        ----------
        **params : dict
            Other parameters; they override those of the article.

        Returns
        -------
        classifier : object

        References
        ----------
        .. [1] M. Chatzidakis and G. A. Botton, "Towards calibration-invariant spectroscopy using
           deep learning", Scientific Reports 9, 2126 (2019), Methods.
        .. [2] M. Chatzidakis, "Applications of statistical learning algorithms in electron
           spectroscopy", thesis, McMaster University (2018), figure 4.12.

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
        KeyboardInterrupt
            If Ctrl-C ends the training. The classifier is fitted by the epochs that were completed.
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
        return collect_outputs(self, _probabilities, X)[""]

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


def _probabilities(module, size):
    outputs = predictor(module, size)
    return lambda X: _softmax(outputs(X))


def _softmax(logits):
    """Softmax of rows: four times as fast as torch's of few columns.

    Along columns torch's is faster still, but rounds the last rows otherwise than those before.
    """
    powers = torch.exp(logits - logits.amax(dim=1, keepdim=True))
    return powers / powers.sum(dim=1, keepdim=True)
