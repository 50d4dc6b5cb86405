"""Phases of a lattice from Fourier transforms in sliding windows
==============================================================

A square lattice lies beside one in which every second row of atoms is dimmer, which makes a
reflection at half the frequency. k-means of the principal components of `SlidingFFT` tells them
apart, however noisy the image is.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline

from skspectra.imaging import SlidingFFT
from skspectra.plotting import SlidingWindowDisplay

row, column = np.mgrid[:256, :256]
atoms = np.cos(2 * np.pi * row / 12) + np.cos(2 * np.pi * column / 12)
ordered = atoms + 0.6 * np.cos(2 * np.pi * row / 24)
right = column > 128 + 25 * np.sin(row / 40)
image = np.where(right, ordered, atoms) + np.random.default_rng(0).normal(
    size=row.shape
)

# %%
# Windows of four unit cells of the smaller lattice, each a quarter of its side from the next.
fft = SlidingFFT(window=48, step=12, band=(0.02, 0.15)).fit(image)
rows = fft.transform(image)
clusters = make_pipeline(
    PCA(5, random_state=0), KMeans(2, n_init=3, random_state=0)
)
labels = clusters.fit_predict(rows)

figure, axes = plt.subplots(1, 4, figsize=(9.6, 3), layout="constrained")
axes[0].imshow(image, cmap="gray")
axes[0].set(title="Image", xticks=[], yticks=[])
SlidingWindowDisplay.from_estimator(fft, rows, labels, axes=axes[1:])
plt.show()
