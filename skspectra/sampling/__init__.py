"""Samplers, which change the rows that a model is trained on.

They are steps of a `skspectra.pipeline.Pipeline`, and are skipped at predict. The pipeline of
scikit-learn refuses them, because they are not transformers.
"""

from skspectra.sampling._augment import Augment
from skspectra.sampling._kmeans_cleaner import KMeansCleaner
from skspectra.sampling._random_mixture import RandomMixture
from skspectra.sampling._valence_mixture import ValenceMixture

__all__ = ["Augment", "KMeansCleaner", "RandomMixture", "ValenceMixture"]
