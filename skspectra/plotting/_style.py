"""What the displays share."""

import itertools
import re

import numpy as np

__all__ = ["COLORS", "axes_of", "class_colors", "component_names", "spectral_label"]

# Okabe and Ito's palette, told apart by every kind of colour vision
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#F0E442")
_WHOLE_VALENCE = re.compile(r"(?<![\d.])[234]\+$")


def axes_of(given, **figure_params):
    """Return the axes that are given, or those of a new figure by `pyplot.subplots`."""
    if given is not None:
        return given
    import matplotlib.pyplot as plt

    return plt.subplots(layout="constrained", **figure_params)[1]


def class_colors(names):
    """Colours of classes, in their order; 2+, 3+ and 4+ have the same in every figure."""
    colors = {}
    for name in names:
        valence = _WHOLE_VALENCE.search(str(name))
        color = valence and COLORS[int(valence[0][0]) - 2]
        if color and color not in colors.values():
            colors[name] = color
    free = itertools.cycle([color for color in COLORS if color not in colors.values()])
    return [colors.get(name) or next(free) for name in names]


def spectral_label(axis):
    """Label of the axis of spectra, which is channel numbers where none was given."""
    return "Channel" if np.array_equal(axis, np.arange(len(axis))) else "Energy loss (eV)"


def component_names(names, count):
    """Names of components as text, or their numbers from 1 where there are none."""
    if names is None:
        return [str(number + 1) for number in range(count)]
    if len(names) != count:
        raise ValueError(f"names has {len(names)} entries, but there are {count} components.")
    return list(map(str, names))
