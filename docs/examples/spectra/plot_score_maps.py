"""Maps of principal components
============================

The scree plot tells how much of the variance a component explains, its map whether that is
structure. Here counts of a simulated particle with a reduced surface are binned by 2x2 pixels. The
third component, a rim of Mn2+, explains only twice as much as noise, but neighbouring pixels agree
on it.
"""

import matplotlib.pyplot as plt

from skspectra.datasets import make_particle_image
from skspectra.plotting import ScoreMapsDisplay, ScreeDisplay
from skspectra.preprocessing import PCADenoiser

image = make_particle_image(30, random_state=0)
binned = image.data.reshape(32, 2, 48, 2, -1).sum(axis=(1, 3))
rows = binned.reshape(32 * 48, -1)
denoiser = PCADenoiser(n_components=20, poisson=True).fit(rows)
n_auto = PCADenoiser(poisson=True).fit(rows).n_components_

ScreeDisplay.from_estimator(denoiser, n_kept=n_auto)
ScoreMapsDisplay.from_estimator(
    denoiser, binned, spectral_axis=image.spectral_axis, n_components=5
)
plt.show()
