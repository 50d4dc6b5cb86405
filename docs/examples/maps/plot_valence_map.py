"""A map of valence and its probability
====================================

A spectrum image is named pixel by pixel by a reader that comes with the package, without training.
Here a particle of Mn3+ with a rim of Mn2+ lies on a film of Mn4+ that has a hole, and the
calibration is 3 eV off. Pixels that the reader calls unknown are grey.
"""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import ListedColormap

from skspectra.datasets import make_l23_spectra
from skspectra.models import load_pretrained

reader = load_pretrained("mn-l23")
energy = np.arange(615, 685, 0.1)  # eV

# %%
# The image: about 500 counts a channel in the highest line, on a background of 1500.
row, column = np.mgrid[:30, :40]
radius = np.hypot(row - 16, column - 16)
ion = np.select([radius < 7, radius < 10], ["Mn3+", "Mn2+"], "Mn4+")
hole = np.hypot(row - 6, column - 34) < 4
instrument = {
    "shift": 3,
    "stretch": 0,
    "resolution": 0.8,
    "thickness": 0.3,
    "dose": None,
}
X, y = make_l23_spectra(
    1,
    spectral_axis=energy,
    n_points=1,
    **instrument,
    random_state=2,
    return_X_y=True,
)
edge = np.zeros((*ion.shape, energy.size))
for spectrum, name in zip(X, y, strict=True):
    edge[(ion == name) & ~hole] = spectrum
expected = 500 * edge.clip(0) + 1500 * (energy / energy[0]) ** -3
image = np.random.default_rng(0).poisson(expected)

# %%
# Pixels become rows, and what is found of the rows becomes a map again.
table = reader.read(image.reshape(-1, energy.size), energy)
is_known = (table["valence"] != "unknown").to_numpy().reshape(ion.shape)
probability = table[list(reader.classes_)].to_numpy()
code = np.ma.array(
    probability.argmax(axis=1).reshape(ion.shape), mask=~is_known
)
certainty = np.ma.array(
    probability.max(axis=1).reshape(ion.shape), mask=~is_known
)
right = reader.classes_[code.data] == ion
print(f"right: {right[is_known].mean():.0%}")
print(f"unknown in the hole: {(~is_known)[hole].mean():.0%}")
for name in reader.classes_:
    unknown = (~is_known)[(ion == name) & ~hole].mean()
    print(f"unknown of {name}: {unknown:.0%}")

figure, axes = plt.subplots(
    1, 2, figsize=(7.2, 2.4), sharey=True, layout="constrained"
)
extent = (0, 2 * ion.shape[1], 2 * ion.shape[0], 0)  # 2 nm a pixel
colors = ListedColormap(["#0072B2", "#D55E00", "#009E73"])
valence_map = axes[0].imshow(
    code, cmap=colors, vmin=-0.5, vmax=2.5, extent=extent
)
bar = figure.colorbar(valence_map, ax=axes[0], ticks=range(3))
bar.set_ticklabels(reader.classes_)
certainty_map = axes[1].imshow(
    certainty, cmap="cividis", vmin=1 / 3, vmax=1, extent=extent
)
figure.colorbar(certainty_map, ax=axes[1])
for ax, title in zip(axes, ("Valence", "Probability of it"), strict=True):
    ax.set(xlabel="x (nm)", facecolor="0.8", title=title)
axes[0].set_ylabel("y (nm)")
plt.show()
