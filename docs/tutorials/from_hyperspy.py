"""From HyperSpy
=============

HyperSpy keeps spectra in signals with axes. scikit-learn takes matrices with a row for each
spectrum. This tutorial goes from a signal to a matrix and back.
"""

import hyperspy.api as hs
import matplotlib.pyplot as plt

from skspectra.datasets import make_particle_image
from skspectra.imaging import read_image
from skspectra.io import from_rows, to_matrix
from skspectra.models import load_pretrained
from skspectra.pipeline import make_pipeline
from skspectra.plotting import AbundanceMapDisplay, EndmemberDisplay
from skspectra.preprocessing import (
    PCADenoiser,
    PowerLawBackground,
    SpectrumNormalizer,
)
from skspectra.unmixing import MinimumVolumeUnmixer

# %%
# A signal
# --------
#
# Here it is a simulated particle. ``hs.load`` or `read_signal` give yours.

particle = make_particle_image(300, n_points=5, random_state=0)
signal = hs.signals.Signal1D(particle.data[8:56, 20:84].astype(float))
energy_axis = signal.axes_manager[-1]
energy_axis.offset, energy_axis.scale = particle.spectral_axis[0], 0.5
energy_axis.units, energy_axis.name = "eV", "Energy loss"
print(signal)

# %%
# Rows and back
# -------------
#
# `to_matrix` gives the rows, the energies and the shape of the image. For data in
# memory the rows are a view, not a copy. For a lazy signal they are a dask array.

X, energy, shape = to_matrix(signal)
print(X.shape, energy[[0, -1]], shape)

# %%
# Any step of scikit-learn takes the rows. Here principal components remove noise, and a
# power law is subtracted.

clean = make_pipeline(
    PCADenoiser(n_components=4, poisson=True),
    PowerLawBackground((600, 628), spectral_axis=energy),
)
edges = from_rows(clean.fit_transform(X), signal, spectral_axis=energy)
print(edges)

# %%
# `from_rows` puts rows back where their spectra are, with the axes of the signal. A
# number for each row becomes a map.

strength = from_rows(
    edges.isig[632.0:650.0].data.sum(axis=-1).ravel(), signal
)
figure, axes = plt.subplots(1, 2, figsize=(8, 3), layout="constrained")
axes[0].imshow(strength.data, cmap="gray")
axes[0].set(title="Counts of the edge", xticks=[], yticks=[])
axes[1].plot(energy, X[24 * 64 + 32], color="0.7", label="recorded")
axes[1].plot(energy, edges.data[24, 32], color="#0072B2", label="cleaned")
axes[1].set(xlabel="Energy loss (eV)", ylabel="Counts", title="One pixel")
axes[1].legend(frameon=False)
plt.show()

# %%
# A map of valence
# ----------------
#
# `read_image` takes the signal itself and gives signals.

maps = read_image(load_pretrained("mn-l23"), signal, by="auto")
print(maps.by, maps.why)
print(maps.valence)
maps.plot()
plt.show()

# %%
# HyperSpy's decomposition
# ------------------------
#
# The estimators of this package also work as an algorithm of HyperSpy's
# ``decomposition``. Loadings and factors are then where HyperSpy's plots expect them.
# Spectra are first scaled to equal area, since shares that add up to one cannot explain
# a brightness that varies. Pixels without an edge are left out: scaled to the same
# area, they would be mostly noise.

scaled = SpectrumNormalizer("area", center=False).fit_transform(X)
scaled = from_rows(scaled, signal, spectral_axis=energy)
no_edge = from_rows((maps.reasons == "no edge").ravel(), signal)
scaled.decomposition(
    algorithm=MinimumVolumeUnmixer(3),
    output_dimension=3,
    navigation_mask=no_edge,
    print_info=False,
)
factors = scaled.get_decomposition_factors()
loadings = scaled.get_decomposition_loadings()
print(factors)
print(loadings)
EndmemberDisplay(energy, factors.data).plot()
AbundanceMapDisplay(loadings.data).plot()
plt.show()

# %%
# Where to go on
# --------------
#
# * :doc:`/how_to/larger_than_memory` reads lazy signals.
# * :doc:`which_unmixing_when` compares methods of unmixing.
