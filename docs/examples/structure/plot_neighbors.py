"""Ferroic variants from the neighbours of atoms
==============================================

In every second row of a lattice atoms are displaced, to one side in the left half and to the other
in the right. `find_atoms` finds them in the image, and a Gaussian mixture of the vectors to their
neighbours finds the variants; the arrows are displacements from the middle of the neighbours.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.mixture import GaussianMixture

from skspectra.imaging import NeighborVectors, find_atoms
from skspectra.plotting import NeighborDisplay

rng = np.random.default_rng(0)
row, column = 12.0 * np.mgrid[1:18, 1:24] + rng.normal(
    0, 0.15, (2, 17, 23)
)
column[1::2] += np.where(np.arange(23) < 11, 1.5, -1.5)
y, x = np.mgrid[:216, :288]
image = np.zeros(y.shape)
for i, j in zip(row.ravel(), column.ravel(), strict=True):
    near = np.s_[
        max(int(i) - 9, 0) : int(i) + 10, max(int(j) - 9, 0) : int(j) + 10
    ]
    image[near] += np.exp(-((y[near] - i) ** 2 + (x[near] - j) ** 2) / 12)
image = rng.poisson(60 * (image + 0.2))

positions = find_atoms(image, separation=9)
neighbors = NeighborVectors(4).fit(positions)
vectors = neighbors.transform(positions)
inside = neighbors.inside(positions)
labels = np.full(len(positions), -1)
labels[inside] = GaussianMixture(2, n_init=5, random_state=0).fit_predict(
    vectors[inside]
)
displacement = -vectors.reshape(len(vectors), -1, 2).mean(axis=1)

figure, ax = plt.subplots(figsize=(7, 5), layout="constrained")
display = NeighborDisplay(
    positions, labels, vectors=displacement, vector_scale=8
)
display.plot(ax, image=image)
plt.show()
