"""Energies that a classifier uses
===============================

A window of 2 eV is hidden, at one energy after another. The filled curve of a class is the
probability of the right answer that is lost.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split

from skspectra.datasets import make_l23_spectra
from skspectra.pipeline import make_pipeline
from skspectra.plotting import SaliencyDisplay
from skspectra.preprocessing import SpectrumNormalizer

energy = 635 + 0.1 * np.arange(300)
X, y = make_l23_spectra(
    200, n_points=5, shift=0, random_state=0, return_X_y=True
)
X_train, X_test, y_train, y_test = train_test_split(
    X, y, stratify=y, random_state=0
)
model = make_pipeline(
    SpectrumNormalizer(), RandomForestClassifier(random_state=0)
)
model.fit(X_train, y_train)
print(f"accuracy: {model.score(X_test, y_test):.2f}")
SaliencyDisplay.from_estimator(
    model, X_test, y_test, width=2, spectral_axis=energy
)
plt.show()
