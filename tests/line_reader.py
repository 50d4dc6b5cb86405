"""A reader that knows Mn by one line, for tests of what is done with a reader."""

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator

from skspectra.imaging._edges import nominal_l3

ENERGY = np.arange(600.0, 700.0, 0.5)
CLASSES = np.array(["Mn2+", "Mn3+"])


def line_image(shape, *, counts=1000.0, shift=0.0, axis=ENERGY, seed=0):
    """Counts of an image: Mn2+ left, Mn3+ right, nothing in the last quarter; and the labels."""
    labels = np.full(shape, "Mn2+", dtype="<U7")
    labels[..., shape[-1] // 2 :] = "Mn3+"
    if len(shape) > 1:
        labels[..., -max(1, shape[-2] // 4) :, :] = "unknown"
    width = np.where(labels == "Mn2+", 1.5, 4.0)[..., None]
    line = np.exp(-(((axis - nominal_l3("Mn") - shift) / width) ** 2) / 2)
    edge = np.where((labels == "unknown")[..., None], 0.0, line)
    expected = counts * (2 * (axis / 600) ** -3 + edge)
    return np.random.default_rng(seed).poisson(expected), labels


class LineReader(BaseEstimator):
    """Tells a narrow line from a wide one, wherever in 625 to 660 eV it lies."""

    element_, classes_, valences_ = "Mn", CLASSES, np.array([2.0, 3.0])
    energy_ = nominal_l3("Mn")

    def fit(self, X, y):
        """Learn nothing."""
        return self

    def read(self, spectra, spectral_axis=None):
        """Answer in the columns of a ValenceReader."""
        axis = np.asarray(spectral_axis)
        if axis[0] > 625 or axis[-1] < 660:
            raise ValueError("the axis does not cover the edge")
        spectra = np.asarray(spectra, float)
        before, inside = axis < 625, (axis >= 625) & (axis <= 660)
        base = 2 * (axis / 600) ** -3
        scale = (spectra[:, before] @ base[before]) / (base[before] @ base[before])
        net = (spectra - scale[:, None] * base)[:, inside]
        area, height = net.sum(axis=1), np.maximum(net.max(axis=1), 1e-9)
        width = np.abs(area) * (axis[1] - axis[0]) / height / 2.5
        third = np.clip((width - 1.5) / 2.5, 0, 1)
        no_edge = area < 5 * np.sqrt(np.maximum(spectra[:, inside].sum(axis=1), 1))
        labels = np.where(no_edge, "unknown", CLASSES[(third > 0.5).astype(int)])
        return pd.DataFrame(
            {
                "valence": labels,
                "probability": np.maximum(third, 1 - third),
                "mean_valence": 2 + third,
                "lower": 1.9 + third,
                "upper": 2.1 + third,
                "shift": axis[inside][net.argmax(axis=1)] - nominal_l3("Mn"),
                "novelty": np.where(no_edge, 2.0, 0.5),
                "reason": np.where(no_edge, "no edge", ""),
                "Mn2+": 1 - third,
                "Mn3+": third,
            }
        )
