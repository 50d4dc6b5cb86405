"""Endmembers of an image without pure pixels
==========================================

Three spectra of manganese and one of the support are mixed in every pixel. `MinimumVolumeUnmixer`
finds their spectra and their shares. Where chi-square is 1 they explain the counts; it tells that
there is something else in a spot that four endmembers cannot explain.
"""

import matplotlib.pyplot as plt
import numpy as np
from scipy.ndimage import gaussian_filter

from skspectra.datasets import make_l23_spectra
from skspectra.plotting import (
    AbundanceMapDisplay,
    EndmemberDisplay,
    ResidualMapDisplay,
)
from skspectra.unmixing import MinimumVolumeUnmixer

# %%
# The image: 64 x 64 pixels, about 100 counts in the highest channel.
energy = np.arange(630, 665, 0.2)
clean = {
    "shift": 0,
    "stretch": 0,
    "dose": None,
    "residual_background": 0,
    "gain_noise": 0,
}
X, y = make_l23_spectra(
    1,
    spectral_axis=energy,
    n_points=1,
    **clean,
    random_state=0,
    return_X_y=True,
)
names = ["Mn2+", "Mn3+", "Mn4+", "support"]
power_law = (energy / 630) ** -3
pure = [X[y == name][0].clip(0) + 0.4 * power_law for name in names[:3]]
pure = 100 * np.array([*pure, 0.8 * (energy / 630) ** -1.5])

rng = np.random.default_rng(0)
fields = gaussian_filter(
    rng.normal(size=(4, 64, 64)), (0, 6, 6), mode="wrap"
)
shares = np.exp(2 * fields / fields.std())
shares = (shares / shares.sum(axis=0)).reshape(4, -1).T
counts = rng.poisson(shares @ pure)
row, column = np.divmod(np.arange(4096), 64)
strange = np.hypot(row - 40, column - 14) < 3  # what is no mixture of them
counts[strange] += rng.poisson(
    30 * np.exp(-(((energy - 648) / 2) ** 2)), (strange.sum(), energy.size)
)

# %%
# What is found, the endmembers in dots beside the true ones.
unmix = MinimumVolumeUnmixer(n_components=4).fit(counts)
cosine = unmix.components_ @ pure.T
cosine /= np.outer(
    np.linalg.norm(unmix.components_, axis=1), np.linalg.norm(pure, axis=1)
)
found_names = [names[i] for i in cosine.argmax(axis=1)]
display = EndmemberDisplay(
    energy, unmix.components_, names=found_names
).plot()
for i, spectrum in enumerate(pure[cosine.argmax(axis=1)]):
    offset = 1.1 * (len(found_names) - 1 - i)
    display.ax_.plot(
        energy[::3],
        offset + spectrum[::3] / spectrum.max(),
        "k.",
        markersize=2,
    )

AbundanceMapDisplay.from_estimator(
    unmix, counts, (64, 64), names=found_names
)
ResidualMapDisplay.from_estimator(unmix, counts, (64, 64))
plt.show()
