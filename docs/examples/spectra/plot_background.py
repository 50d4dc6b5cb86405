"""The background of a spectrum, with its error
============================================

A power law is fitted to the grey window. Far from the window its error grows, and with it that of
the edge that is left.
"""

import matplotlib.pyplot as plt
import numpy as np

from skspectra.plotting import BackgroundDisplay
from skspectra.preprocessing import PowerLawBackground

rng = np.random.default_rng(0)
energy = np.arange(600, 700, 0.5)
lines = [
    np.exp(-(((energy - position) / 1.8) ** 2)) for position in (642, 653)
]
edge = 300 * lines[0] + 120 * lines[1] + 60 / (1 + np.exp(642 - energy))
spectrum = rng.poisson(600 * (energy / 600) ** -3 + edge)

background = PowerLawBackground(
    window=(605, 635), spectral_axis=energy
).fit([spectrum])
BackgroundDisplay.from_estimator(background, spectrum)
plt.show()
