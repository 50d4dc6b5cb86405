"""Neural networks for spectra: scikit-learn estimators that own a torch module."""

from skspectra.neural._conv_dense import ConvDenseClassifier
from skspectra.neural._cross_validation import cross_validate
from skspectra.neural._dense import DenseClassifier
from skspectra.neural._ensemble import EnsembleClassifier
from skspectra.neural._fully_conv import FullyConvClassifier
from skspectra.neural._fully_conv_regressor import FullyConvRegressor
from skspectra.neural._novelty import NoveltyRejector
from skspectra.neural._pretrained import load_pretrained
from skspectra.neural._saving import load_model, save_model
from skspectra.neural._validation_curve import validation_curve

__all__ = [
    "ConvDenseClassifier",
    "DenseClassifier",
    "EnsembleClassifier",
    "FullyConvClassifier",
    "FullyConvRegressor",
    "NoveltyRejector",
    "cross_validate",
    "load_model",
    "load_pretrained",
    "save_model",
    "validation_curve",
]
