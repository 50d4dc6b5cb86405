"""Fitted models as files, and those that come with the package."""

from skspectra.models._pretrained import load_pretrained
from skspectra.models._saving import describe_model, load_model, save_model

__all__ = ["describe_model", "load_model", "load_pretrained", "save_model"]
