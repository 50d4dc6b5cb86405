"""Uncertainty of classifiers: ensembles and rejection, around any classifier."""

from skspectra.uncertainty._ensemble import EnsembleClassifier
from skspectra.uncertainty._novelty import NoveltyRejector

__all__ = ["EnsembleClassifier", "NoveltyRejector"]
