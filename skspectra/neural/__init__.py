"""Neural networks for spectra, as estimators of scikit-learn."""

from skspectra.neural._estimators.classifier import NetClassifier
from skspectra.neural._estimators.conv_dense import ConvDenseClassifier
from skspectra.neural._estimators.dense import DenseClassifier
from skspectra.neural._estimators.fully_conv import FullyConvClassifier
from skspectra.neural._estimators.fully_conv_regressor import FullyConvRegressor
from skspectra.neural._estimators.regressor import NetRegressor

__all__ = [
    "ConvDenseClassifier",
    "DenseClassifier",
    "FullyConvClassifier",
    "FullyConvRegressor",
    "NetClassifier",
    "NetRegressor",
]
