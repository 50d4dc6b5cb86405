"""Selecting the training spectra of an image
==========================================

Substrate and thick places spoil a training set. `KMeansCleaner` clusters the spectra. It judges
the sum of each cluster by the strength of its edge over the background, and by how much of the
edge plural scattering has moved behind the white lines: the thickness index T. Look at the centres
before you trust it. In brackets are the strength of the edge and T.
"""

import matplotlib.pyplot as plt
import numpy as np

from skspectra.datasets import make_l23_spectra
from skspectra.plotting import ClusterCentersDisplay
from skspectra.sampling import KMeansCleaner

rng = np.random.default_rng(0)
energy = np.arange(600, 700, 0.5)
background = 3 * (energy / 642) ** -3
instrument = {
    "shift": 0,
    "stretch": 0,
    "resolution": 1,
    "dose": None,
    "random_state": 0,
}
place = np.repeat(["thin", "thick", "substrate"], 150)
expected = np.tile(background, (place.size, 1))
for name, thickness in (("thin", (0.2, 1)), ("thick", (1.8, 3))):
    edges = make_l23_spectra(
        150,
        ions=["Mn2+"],
        spectral_axis=energy,
        thickness=thickness,
        n_points=5,
        **instrument,
    )
    expected[place == name] += edges.data.clip(0)
X = rng.poisson(300 * expected)

cleaner = KMeansCleaner(spectral_axis=energy, random_state=0).fit(X)
for name in ("thin", "thick", "substrate"):
    print(f"{name}: {cleaner.mask_[place == name].mean():.0%} kept")
ClusterCentersDisplay.from_estimator(cleaner)
plt.show()
