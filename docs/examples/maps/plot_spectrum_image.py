"""From a spectrum image to a map of valence
=========================================

A simulated cathode particle: Mn4+ inside, a rim of Mn2+ and of mixed valence, two holes, 7 eV off
its nominal energy. With many counts every pixel is read; at 30 counts in the highest channel single
pixels cannot be, so the image is divided into phases and their sums are read.
"""

import hyperspy.api as hs
import matplotlib.pyplot as plt

from skspectra.datasets import make_particle_image
from skspectra.imaging import find_edges, read_image
from skspectra.models import load_pretrained
from skspectra.plotting import SpectrumAtDisplay, ValenceMapDisplay
from skspectra.preprocessing import PowerLawBackground


def as_signal(counts):
    """Make the image as HyperSpy loads one from a file."""
    particle = make_particle_image(
        counts=counts, n_points=5, random_state=0
    )
    signal = hs.signals.Signal1D(particle["data"][8:56:2, 20:84:2])
    energy = signal.axes_manager[-1]
    energy.offset, energy.scale = particle["spectral_axis"][0], 0.5
    energy.units = "eV"
    for axis in signal.axes_manager.navigation_axes:
        axis.scale, axis.units = 1.6, "nm"
    return signal


reader = load_pretrained("mn-l23")
bright, dark = as_signal(2000), as_signal(30)
print(find_edges(bright).round(1))

# %%
# Every pixel is read. What has no edge is black, what cannot be told is grey.
maps = read_image(reader, bright, by="auto")
print(maps.by, maps.counts())
ValenceMapDisplay.from_maps(maps)
plt.show()

# %%
# At 30 counts the sums of phases are read, and the result says why.
of_phases = read_image(reader, dark, by="auto")
print(of_phases.by, of_phases.why, of_phases.counts())
ValenceMapDisplay.from_maps(of_phases)
plt.show()

# %%
# One pixel with its background. In a window a click on the map shows another.
background = PowerLawBackground((600, 628), spectral_axis=maps.pixels.axis)
SpectrumAtDisplay.from_maps(maps, background, pixel=(3, 24))
plt.show()
