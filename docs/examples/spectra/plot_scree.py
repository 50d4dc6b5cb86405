"""Scree plot of principal components
==================================

Components of the signal stand above the tail, which is noise. Fit many components to see the tail,
then keep those above it.
"""

import matplotlib.pyplot as plt

from skspectra.datasets import make_l23_spectra
from skspectra.plotting import ScreeDisplay
from skspectra.preprocessing import PCADenoiser

X, _ = make_l23_spectra(
    100, n_points=5, shift=0, dose=2000, random_state=0, return_X_y=True
)
ScreeDisplay.from_estimator(PCADenoiser(n_components=40).fit(X), n_kept=20)
plt.show()
