"""Which cluster is the substrate
==============================

`KMeansCleaner` clusters the spectra of each class and drops the clusters without an edge. Look at
their centres before trusting it; the numbers in brackets are the strengths of the edges.
"""

import matplotlib.pyplot as plt
import numpy as np

from skspectra.plotting import ClusterCentersDisplay
from skspectra.sampling import KMeansCleaner

rng = np.random.default_rng(0)
energy = np.arange(600, 700, 0.5)
y = np.repeat(["Mn2+", "Mn3+", "Mn4+"], 60)
position = np.select([y == "Mn2+", y == "Mn3+"], [640, 642], 644)[:, None]
on_particle = rng.random((y.size, 1)) < 0.6
l3, l2 = (np.exp(-(((energy - position - above) / 2) ** 2)) for above in (0, 11))
edge = 3 * l3 + l2 + 1 / (1 + np.exp(position - energy))
X = rng.poisson(2000 * (energy / 600) ** -3 + 400 * on_particle * edge)

cleaner = KMeansCleaner(pre_edge=(600, 632), spectral_axis=energy, random_state=0)
X_clean, y_clean = cleaner.fit_resample(X, y)
print(f"{len(X_clean)} of {len(X)} spectra kept, {on_particle.sum()} lie on the particle")
ClusterCentersDisplay.from_estimator(cleaner)
plt.show()
