"""Valence of a particle at thirty counts
======================================

A cathode particle of Mn4+ whose surface is reduced to Mn2+, with a layer between them that is half
Mn3+ and half Mn4+, at 30 counts in the highest channel on a background of 90. No pixel can be read
by itself. `PhaseSegmenter` divides the image into phases by counts and neighbours, counts that it
held out decide which phases differ, and the reader reads the sum of each.
"""

import matplotlib.pyplot as plt
import numpy as np

from skspectra.datasets import make_particle_image
from skspectra.imaging import PhaseSegmenter
from skspectra.models import load_pretrained

image = make_particle_image(30, random_state=0)
segmenter = PhaseSegmenter(spectral_axis=image.spectral_axis, random_state=0).fit(image.data)
table = load_pretrained("mn-l23").read(segmenter.phase_spectra_, image.spectral_axis)
print(table[["valence", "probability", "mean_valence", "lower", "upper", "reason"]].round(2))
valence, step = segmenter.interpolate(table["mean_valence"])

figure, axes = plt.subplots(2, 2, figsize=(7.2, 5), layout="constrained")
onset = np.searchsorted(image.spectral_axis, segmenter.onset_)
axes[0, 0].imshow(image.data[..., onset : onset + 40].sum(axis=-1), cmap="gray")
axes[0, 0].set_title("Counts of 20 eV after the onset")
for k, spectrum in enumerate(segmenter.phase_spectra_):
    label = f"{table['mean_valence'][k]:.1f}, {np.sum(segmenter.labels_ == k)} pixels"
    axes[0, 1].plot(image.spectral_axis, spectrum / spectrum[:20].mean() + k / 2, label=label)
axes[0, 1].plot(
    image.spectral_axis, image.data[32, 48] / 120, color="0.7", zorder=0, label="a pixel"
)
axes[0, 1].set(xlabel="Energy loss (eV)", yticks=[], title="Sums of the phases", xlim=(600, 700))
axes[0, 1].legend(frameon=False, fontsize="small", loc="center left", bbox_to_anchor=(1, 0.5))
for ax, values, title in ((axes[1, 0], valence, "Read"), (axes[1, 1], image.valence, "True")):
    drawn = ax.imshow(values, cmap="viridis", vmin=2, vmax=4)
    ax.set(title=title, facecolor="black")
figure.colorbar(drawn, ax=axes[1], label="Mean valence")
for ax in (axes[0, 0], *axes[1]):
    ax.set(xticks=[], yticks=[])
plt.show()
