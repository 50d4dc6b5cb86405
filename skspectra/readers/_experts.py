"""Classifiers trained at several doses, weighed by the noise of each spectrum."""

import warnings

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from skspectra.exceptions import SpectrumWarning
from skspectra.neural import FullyConvClassifier
from skspectra.preprocessing import SpectrumNormalizer
from skspectra.readers._by_noise import log_noise
from skspectra.readers._dense_nets import DenseNets
from skspectra.uncertainty import EnsembleClassifier

__all__ = [
    "default_classifiers",
    "default_detector",
    "evidence",
    "probabilities",
    "weighing",
]

LEAST_PROBABILITY = 1e-3  # of an expert, so that no one of them decides alone
TYPICAL_NOISE = -1.7  # decimal logarithm
NOISE_RANGE = (-0.8, 1.5)  # where there were edges to fit the weights to
N_CONVOLUTIONAL = {"high": 3, "mixed": 1}  # at each level of dose, and for mixtures


def default_classifiers(level, random_state):
    """Return small dense nets on principal components, and convolutional nets beside them.

    Convolutional nets are right about measured edges oftener where these have many counts, so they
    are for the high dose, and one of them for mixtures; under noise dense nets are better.
    """
    n_convolutional = N_CONVOLUTIONAL.get(level, 0)
    dense = DenseNets((48,), random_state=random_state)
    if not n_convolutional:
        return [dense]
    net = FullyConvClassifier(architecture="invariant", dropout=0.2, lr=0.01, max_epochs=25)
    ensemble = EnsembleClassifier(net, n_convolutional, random_state=random_state)
    return [dense, make_pipeline(SpectrumNormalizer(), ensemble)]


def default_detector(random_state):
    """Return what tells edges of the element from others."""
    return DenseNets((64, 32), random_state=random_state)


def probabilities(experts, spectra):
    """Return what each expert says, arrays of shape (n_spectra, n_classes)."""
    with warnings.catch_warnings():  # of flat spectra the reader says that they have no edge
        warnings.simplefilter("ignore", SpectrumWarning)
        return [each.predict_proba(spectra) for each in experts]


def evidence(experts, spectra, noise):
    """Logarithms of what the experts say, alone and times the noise.

    Parameters
    ----------
    experts : sequence of fitted classifiers
        All with the same classes.
    spectra : ndarray of shape (n_spectra, n_aligned)
        Aligned edges.
    noise : ndarray of shape (n_spectra,)
        Their noise.

    Returns
    -------
    evidence : ndarray of shape (n_spectra, 2 * n_experts * n_classes)
    """
    logs = np.concatenate(probabilities(experts, spectra), axis=1)
    logs = np.log(np.maximum(logs, LEAST_PROBABILITY))
    return np.hstack(
        [logs, logs * np.clip(log_noise(noise) - TYPICAL_NOISE, *NOISE_RANGE)[:, None]]
    )


def weighing(n_spectra):
    """Return what learns how far to believe each expert, at which noise.

    The penalty is stronger for thousands of spectra, which are simulated and read alike by all
    experts.
    """
    return LogisticRegression(C=np.clip(40 / n_spectra, 0.005, 0.05), max_iter=2000)
