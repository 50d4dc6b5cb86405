"""From scikit-learn
=================

A spectrum is a row of ``X``. Everything that is done to it is an estimator. This tutorial builds a
pipeline for spectra, scores it, searches its parameters, and exchanges its classifier.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    cross_val_score,
)

from skspectra.augmentation import EnergyShift
from skspectra.datasets import make_l23_spectra
from skspectra.evaluation import robustness_curve
from skspectra.neural import FullyConvClassifier
from skspectra.pipeline import make_pipeline
from skspectra.plotting import RobustnessDisplay, SpectraDisplay
from skspectra.preprocessing import SpectralCrop, SpectrumNormalizer

# %%
# Spectra
# -------
#
# `make_l23_spectra` simulates Mn L2,3 edges of known valence. Here all are of one
# instrument without a calibration error.

energy = np.arange(620, 680, 0.2)
instrument = {
    "shift": 0,
    "stretch": 0,
    "resolution": (0.3, 1.6),
    "thickness": 0,
}
spectra = make_l23_spectra(
    150, spectral_axis=energy, n_points=15, **instrument, random_state=0
)
X, y = spectra.data, spectra.target
print(X.shape, np.unique(y))
SpectraDisplay.from_spectra(X, y, spectral_axis=energy)
plt.show()

# %%
# A pipeline
# ----------
#
# Transformers change each row by itself. The energy axis is given to the steps that
# need one. With pandas output the columns are named after it, and later steps read it there.

forest = make_pipeline(
    SpectralCrop((630, 665), spectral_axis=energy),
    SpectrumNormalizer(),
    RandomForestClassifier(50, random_state=0),
)

# %%
# Spectra of the same ion and ``point`` come from the same calculation. They are held
# out together, or the score would say nothing about other compounds.

groups = y + spectra.parameters["point"].astype(str).to_numpy()
print(cross_val_score(forest, X, y, groups=groups, cv=GroupKFold(3)))

# %%
# A search
# --------
#
# Parameters of every step can be searched together.

grid = {
    "spectralcrop__window": [(630, 665), (635, 650)],
    "spectrumnormalizer__norm": ["minmax", "area"],
}
search = GridSearchCV(forest, grid, cv=GroupKFold(3)).fit(
    X, y, groups=groups
)
print(search.best_params_, round(search.best_score_, 3))

# %%
# Exchange the classifier
# -----------------------
#
# A net is a classifier like any other. It takes the place of the forest. These spectra are
# of one calibrated instrument, and the forest does well on them. What if the calibration
# is off? `robustness_curve` fits once for each fold and scores the held-out spectra at every
# strength of a perturbation. `EnergyShift` moves a window over the spectra, so that all its
# channels are measured.

shifts = np.arange(-4, 5, 1.0)
move = EnergyShift(window=(630, 665), spectral_axis=energy)
scores = {
    name: robustness_curve(
        make_pipeline(SpectrumNormalizer(), classifier),
        X,
        y,
        perturbation=move,
        param_name="shift",
        param_range=shifts,
        groups=groups,
        cv=GroupKFold(3),
    )
    for name, classifier in {
        "invariant net": FullyConvClassifier(
            architecture="invariant", random_state=0
        ),
        "random forest": RandomForestClassifier(50, random_state=0),
    }.items()
}
RobustnessDisplay(shifts, scores, chance=1 / 3).plot()
plt.show()

# %%
# The forest has learned where the edge lies. The net has learned its shape.
#
# Where to go on
# --------------
#
# * :doc:`/reference/conventions` says what the axis, windows and steps are.
# * :doc:`/explanation/shift_invariance` says how the net does it.
# * :doc:`/how_to/calibration_off` lists other ways.
