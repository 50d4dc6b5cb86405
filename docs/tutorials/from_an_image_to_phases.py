"""From an image to phases
=======================

An image of atoms is a collection of local descriptions: of windows, or of the neighbours of each
atom. Once they are rows, every estimator that takes spectra takes them.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline

from skspectra.imaging import (
    NeighborVectors,
    SlidingFFT,
    TransitionMatrix,
    symmetrize,
)
from skspectra.plotting import (
    NeighborDisplay,
    SlidingWindowDisplay,
    TransitionDisplay,
)
from skspectra.unmixing import NFINDR

# %%
# Windows
# -------
#
# `SlidingFFT` describes a window by the magnitudes of its Fourier transform. They do
# not depend on where in the window the lattice begins. Here is a lattice with a
# superstructure in its right half:

row, column = np.mgrid[:256, :256]
atoms = np.cos(2 * np.pi * row / 12) + np.cos(2 * np.pi * column / 12)
ordered = atoms + 0.6 * np.cos(2 * np.pi * row / 24)
image = np.where(column < 128, atoms, ordered)
image += np.random.default_rng(0).normal(size=row.shape)

fft = SlidingFFT(window=48, step=12, band=(0.02, 0.15)).fit(image)
rows = fft.transform(image)  # (324, n_frequencies)
clusters = make_pipeline(
    PCA(5, random_state=0), KMeans(2, n_init=3, random_state=0)
)
labels = clusters.fit_predict(rows)

figure, axes = plt.subplots(1, 4, figsize=(9.6, 3), layout="constrained")
axes[0].imshow(image, cmap="gray")
axes[0].set(title="Image", xticks=[], yticks=[])
SlidingWindowDisplay.from_estimator(fft, rows, labels, axes=axes[1:])
plt.show()

# %%
# How large a window? Three to six unit cells of what is to be seen, here two to four of
# the superstructure of 24 pixels. A smaller one does not resolve its reflections. A
# larger one blurs the boundary: half a window to either side of it is a mixture of both
# phases. `NFINDR` and `MinimumVolumeUnmixer` take mixtures apart:

unmix = NFINDR(2, denoise=True).fit(rows)
share = fft.fold(unmix.transform(rows))  # (18, 18, 2)
pattern = fft.to_spectrum(unmix.components_[0])  # (48, 48)
figure, axes = plt.subplots(1, 2, figsize=(6, 3), layout="constrained")
drawn = axes[0].imshow(share[..., 0], vmin=0, vmax=1)
figure.colorbar(drawn, ax=axes[0])
axes[0].set(title="Share of the first phase", xticks=[], yticks=[])
axes[1].imshow(pattern[16:33, 16:33], cmap="magma")  # what the band holds
axes[1].set(title="Its Fourier transform", xticks=[], yticks=[])
plt.show()

# %%
# `SlidingDescriptor` does the same with correlations, histograms and any function of
# windows.
#
# Atoms and their neighbours
# --------------------------
#
# `find_atoms` (with scikit-image, in the extra ``atoms``) gives positions.
# `NeighborVectors` gives the vectors to the nearest neighbours of each, in the same
# order for all:

rng = np.random.default_rng(0)
grid = np.argwhere(np.ones((20, 30)))
shift = np.where(grid[:, 1] < 15, 1.8, -1.8) * (grid[:, 0] % 2)
positions = (
    12.0 * grid
    + np.column_stack([0 * shift, shift])
    + 0.36 * rng.normal(size=grid.shape)
)

neighbors = NeighborVectors(4, border="drop").fit(positions)
vectors = neighbors.transform(positions)  # (n_inside, 8)
model = KMeans(2, n_init=3, random_state=0).fit(vectors)
labels = model.labels_
inside = neighbors.inside(positions)
displacement = -vectors.reshape(len(vectors), -1, 2).mean(axis=1)
figure, ax = plt.subplots(figsize=(6, 4), layout="constrained")
NeighborDisplay(
    positions[inside], labels, vectors=displacement, vector_scale=6
).plot(ax)
plt.show()

# %%
# Are two clusters two phases, or two variants of one? Turn and mirror every
# neighbourhood. Copies of a variant fall into the cluster of the other. Those of a
# phase that has the symmetry stay in theirs.

copies = symmetrize(
    vectors, 4, start_angle=neighbors.start_angle_
)  # (8, n_inside, 8)
in_which = np.array([model.predict(copy) for copy in copies])
print(
    "clusters that the copies of an atom visit:",
    np.ptp(in_which, axis=0).mean() + 1,
)

# %%
# A Gaussian mixture gives probabilities besides, and its ``bic`` says how many clusters
# there are. The components of a PCA are the modes of distortion.
#
# What becomes of what
# --------------------
#
# In a movie, classes follow each other. `TransitionMatrix` counts how often, with
# credible intervals, and tests whether the class before the last still matters:

frames = []
state = (rng.random(len(vectors)) < 0.5).astype(int)
for _ in range(30):  # a movie in which variants switch now and then
    state = np.where(rng.random(state.size) < 0.1, 1 - state, state)
    frames.append(np.where(state == 1, labels, 1 - labels))
sequences = np.array(frames).T  # one row for each atom

chain = TransitionMatrix(2).fit(sequences)
TransitionDisplay.from_estimator(chain, names=["left", "right"])
print("implied timescale:", chain.implied_timescales_.round(1), "frames")
print(
    "memory beyond one frame: p =",
    round(chain.test_markov(sequences).p_value, 2),
)
plt.show()

# %%
# If the implied timescale grows with ``lag``, the classes hide something that the next
# frame depends on. ``reversible=True`` estimates with detailed balance, by deeptime. A
# class of -1 was not seen.
