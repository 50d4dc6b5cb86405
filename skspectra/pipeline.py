"""Pipelines that run samplers while they are fitted: imbalanced-learn's, re-exported."""

from imblearn.pipeline import Pipeline, make_pipeline

__all__ = ["Pipeline", "make_pipeline"]
