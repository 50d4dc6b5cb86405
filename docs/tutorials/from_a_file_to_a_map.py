"""From a file to a map
=====================

This tutorial reads the oxidation state of manganese in every pixel of a spectrum image. No
training is needed: the reader comes with the package.
"""

import hyperspy.api as hs
import matplotlib.pyplot as plt

from skspectra.datasets import make_particle_image
from skspectra.imaging import find_edges, read_image
from skspectra.io import list_signals, read_signal
from skspectra.models import load_pretrained
from skspectra.plotting import SpectrumAtDisplay
from skspectra.preprocessing import PowerLawBackground

# %%
# A file
# ------
#
# If you have a .dm3, .dm4, .emd or .hspy file, skip this block, and write the name of
# your file in place of ``particle.hspy`` below. The block simulates a cathode particle
# with 2000 counts in the highest channel and writes it to a file. The particle is Mn4+
# inside and Mn2+ at its surface. Between them is a layer of half Mn3+ and half Mn4+.
# The energies of its axis are 7 eV too low.

particle = make_particle_image(2000, n_points=5, random_state=0)
signal = hs.signals.Signal1D(particle.data[8:56:2, 20:84:2])
for axis in signal.axes_manager.navigation_axes:
    axis.scale, axis.units = 1.6, "nm"
energy = signal.axes_manager[-1]
energy.offset, energy.scale = particle.spectral_axis[0], 0.5
energy.units = "eV"
signal.save("particle.hspy", overwrite=True)

# %%
# What is in the file
# -------------------
#
# A file may hold several signals. `list_signals` lists them. `read_signal` opens one as
# a HyperSpy signal, whose data stay in the file until they are needed.

print(list_signals("particle.hspy"))
image = read_signal("particle.hspy")
print(image)

# %%
# `find_edges` looks for the L2,3 edges of eight 3d metals in the sum of all spectra.
# The column ``energy`` says where the L3 line lies, and ``shift`` how far that is from
# where it lies on average. In Mn4+ it lies 1 eV higher than that, so an axis that is
# 7 eV too low gives -6. There is no need to correct the axis.

print(find_edges(image).round(1))

# %%
# The map
# -------
#
# Three lines make the map: load a reader, read the image, draw the result.

reader = load_pretrained("mn-l23")
maps = read_image(reader, image, by="auto")
maps.plot()
plt.show()

# %%
# The same is one command in a terminal. It finds the element, writes the picture, the
# maps as HyperSpy signals, a summary, and a web page that works offline:
#
# .. code-block:: sh
#
#     skspectra map particle.hspy
#
# Pixels without an edge are black. Grey pixels are *unknown*: the reader does not name
# a valence that it is not sure of. Here these are pixels of mixed valence. They have a
# mean valence, in the middle, and its uncertainty, on the right.

print(maps.by, maps.counts())

# %%
# Look at a spectrum
# ------------------
#
# A map is worth what its spectra are worth. Look at some of them, with the background
# that is subtracted. Give a window before the edge, and the row and column of a pixel.
# Where the figure opens in a window, a click on the map chooses another pixel.

background = PowerLawBackground((600, 628), spectral_axis=maps.pixels.axis)
SpectrumAtDisplay.from_maps(maps, background, pixel=(3, 24))
plt.show()

# %%
# Save the maps
# -------------
#
# Maps of a HyperSpy signal are HyperSpy signals. They have the pixel size and the units
# of the image. ``maps.valence`` holds the mean valence, and NaN where it is not known.

maps.valence.save("valence.hspy", overwrite=True)
print(maps.valence)

# %%
# At a low dose
# -------------
#
# At 30 counts in the highest channel, no pixel can be read by itself. With
# ``by="auto"`` the image is divided into phases, and the reader reads the sum of each
# phase. The result says why.

dim = make_particle_image(30, n_points=5, random_state=0)
of_phases = read_image(
    reader, dim.data, spectral_axis=dim.spectral_axis, by="auto"
)
print(of_phases.by, of_phases.why)
of_phases.plot()
plt.show()

# %%
# Where to go on
# --------------
#
# * :doc:`/how_to/low_dose` says what to do when many pixels are unknown.
# * :doc:`/explanation/limits` says when not to believe a map.
# * :doc:`/how_to/read_files` lists the formats and what is checked.
