"""The valence along a line
========================

A scan from Mn2+ into Mn3+, read spectrum by spectrum. The band is the interval of 90 % of the mean
valence.
"""

import matplotlib.pyplot as plt
import numpy as np

from skspectra.datasets import make_l23_spectra
from skspectra.imaging import read_image
from skspectra.models import load_pretrained

energy = np.arange(600, 690, 0.25)
pure, ions = make_l23_spectra(
    1,
    ions=("Mn2+", "Mn3+"),
    spectral_axis=energy,
    n_points=1,
    resolution=0.8,
    thickness=0.2,
    shift=-3,
    stretch=0,
    dose=None,
    random_state=0,
    return_X_y=True,
)
share = 1 / (1 + np.exp(-np.linspace(-8, 8, 40)))[:, None]
edge = (1 - share) * pure[0].clip(0) + share * pure[1].clip(0)
counts = np.random.default_rng(0).poisson(
    2000 * edge + 3000 * (energy / 600) ** -3
)

maps = read_image(load_pretrained("mn-l23"), counts, spectral_axis=energy)
display = maps.plot()
display.axes_[1].plot(
    2 + share[:, 0], color="black", linestyle=":", label="simulated"
)
display.axes_[1].legend(frameon=False)
plt.show()
