"""Samplers: they decide which rows a model is trained on, and are skipped at predict.

They are steps of a `skspectra.pipeline.Pipeline`; scikit-learn's refuses them as no transformers.
"""

from skspectra.sampling._augment import Augment
from skspectra.sampling._kmeans_cleaner import KMeansCleaner
from skspectra.sampling._random_mixture import RandomMixture
from skspectra.sampling._valence_mixture import ValenceMixture

__all__ = ["Augment", "KMeansCleaner", "RandomMixture", "ValenceMixture"]
