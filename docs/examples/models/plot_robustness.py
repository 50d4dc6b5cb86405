"""Robustness against calibration errors
=====================================

A fit of references that may be shifted is hardly affected. A forest that was trained without
shifts is.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.ensemble import RandomForestClassifier

from skspectra.augmentation import EnergyShift
from skspectra.datasets import make_l23_spectra
from skspectra.evaluation import robustness_curve
from skspectra.plotting import RobustnessDisplay
from skspectra.unmixing import ReferenceFit

energy = np.arange(625, 675, 0.2)
X, y = make_l23_spectra(
    40,
    spectral_axis=energy,
    n_points=5,
    shift=0,
    random_state=0,
    return_X_y=True,
)
shifts = np.linspace(-5, 5, 11)
scores = {
    name: robustness_curve(
        model,
        X,
        y,
        perturbation=EnergyShift(spectral_axis=energy),
        param_name="shift",
        param_range=shifts,
        cv=3,
    )
    for name, model in {
        "random forest": RandomForestClassifier(50, random_state=0),
        "reference fit": ReferenceFit(shift=(-6, 6), spectral_axis=energy),
    }.items()
}
RobustnessDisplay(shifts, scores, chance=1 / 3).plot()
plt.show()
