"""Neural networks for spectra, as estimators of scikit-learn."""

from skspectra.neural._estimators.any_architecture import NetClassifier, NetRegressor
from skspectra.neural._estimators.conv_dense import ConvDenseClassifier
from skspectra.neural._estimators.dense import DenseClassifier
from skspectra.neural._estimators.fully_conv import FullyConvClassifier
from skspectra.neural._estimators.fully_conv_regressor import FullyConvRegressor

__all__ = [
    "ConvDenseClassifier",
    "DenseClassifier",
    "FullyConvClassifier",
    "FullyConvRegressor",
    "NetClassifier",
    "NetRegressor",
]
