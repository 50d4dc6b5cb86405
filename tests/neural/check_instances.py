"""The neural classifiers as scikit-learn's checks see them: narrow spectra, few epochs."""

import numpy as np

from skspectra.augmentation import Augmenter
from skspectra.neural import ConvDenseClassifier, DenseClassifier, FullyConvClassifier


class RepeatChannels(Augmenter):
    """Repeats every channel, so that nets with kernels can be fitted to two features."""

    def __init__(self, random_state=None):
        self.random_state = random_state

    def _nominal(self, X):
        return np.repeat(X, 4, axis=1)

    def perturb(self, X, rng):
        return X.repeat_interleave(4, dim=1)


_QUICK = {
    "dropout": 0.0,
    "max_epochs": 10,
    "batch_size": 16,
    "lr": 0.1,
    "random_state": 0,
}
_ONE_BLOCK = {"n_filters": (8,), "kernel_sizes": (3,), "augment": RepeatChannels()}

NETS = [
    FullyConvClassifier(**_ONE_BLOCK, **_QUICK),
    ConvDenseClassifier(**_ONE_BLOCK, hidden_layer_sizes=(8,), **_QUICK),
    DenseClassifier(hidden_layer_sizes=(8,), **_QUICK),
]

EXPECTED_FAILURES = {
    "check_sample_weight_equivalence_on_dense_data": (
        "batch normalisation counts rows, so a row that is repeated is not a row of twice the "
        "weight"
    ),
}
