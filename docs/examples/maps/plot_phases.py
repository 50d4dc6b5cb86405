"""Valence of a particle at thirty counts
======================================

A cathode particle of Mn4+ whose surface is reduced to Mn2+, with a layer between them that is half
Mn3+ and half Mn4+, at 30 counts in the highest channel on a background of 90. No pixel can be read
by itself. `PhaseSegmenter` divides the image into phases by counts and neighbours, counts that it
held out decide which phases differ, and the reader reads the sum of each. The layer between is read
as a sum of the two others and of Mn3+, on the energy axis that they share. `read_image` does all of
it.
"""

import matplotlib.pyplot as plt
import numpy as np

from skspectra.datasets import make_particle_image
from skspectra.imaging import read_image
from skspectra.models import load_pretrained

image = make_particle_image(30, random_state=0)
reader = load_pretrained("mn-l23")
maps = read_image(
    reader, image.data, spectral_axis=image.spectral_axis, by="phases"
)
phases = maps.phases
print(maps.counts())

figure, axes = plt.subplots(2, 2, figsize=(7.2, 5.2), layout="constrained")
onset = np.searchsorted(image.spectral_axis, phases.onset_)
axes[0, 0].imshow(
    image.data[..., onset : onset + 40].sum(axis=-1), cmap="gray"
)
axes[0, 0].set_title("Counts after the onset")
energy = phases.spectral_axis_
for k, spectrum in enumerate(phases.phase_spectra_):
    at = phases.labels_ == k
    color = ("#0072B2", "#D55E00", "#009E73")[k]
    axes[0, 1].plot(
        energy, spectrum / spectrum[:20].mean() + k / 2, color=color
    )
    label = f"{np.median(maps.valence[at]):.1f}, {at.sum()} pixels"
    axes[0, 1].text(699, 0.95 + k / 2, label, color=color, ha="right")
pixel = image.data[32, 48, np.searchsorted(image.spectral_axis, energy)]
axes[0, 1].plot(energy, pixel / 120, color="0.7", zorder=0)
axes[0, 1].set(
    xlabel="Energy loss (eV)",
    yticks=[],
    title="Sums of the phases, and a pixel",
)
for ax, values, title in (
    (axes[1, 0], maps.valence, "Read"),
    (axes[1, 1], image.valence, "True"),
):
    drawn = ax.imshow(values, cmap="viridis", vmin=2, vmax=4)
    ax.set(title=title, facecolor="black")
figure.colorbar(drawn, ax=axes[1], label="Mean valence")
for ax in (axes[0, 0], *axes[1]):
    ax.set(xticks=[], yticks=[])
plt.show()
