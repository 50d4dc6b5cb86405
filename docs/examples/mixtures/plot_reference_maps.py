"""Maps of a fit of references
===========================

Coefficients, chi-square and shift of `ReferenceFit` over an image from which a background was
subtracted. The reference of Mn4+ comes from another instrument and lies .8 eV too high: with
``spread`` it is moved, without it Mn3+ is found that is not there. The dark spot of the first map
holds a third compound, of which chi-square tells.
"""

import matplotlib.pyplot as plt
import numpy as np

from skspectra.augmentation import EnergyShift
from skspectra.datasets import make_l23_spectra
from skspectra.plotting import AbundanceMapDisplay, ResidualMapDisplay
from skspectra.preprocessing import PowerLawBackground
from skspectra.unmixing import ReferenceFit

energy = np.arange(600, 670, 0.2)
clean = {
    "shift": 0,
    "stretch": 0,
    "dose": None,
    "residual_background": 0,
    "gain_noise": 0,
}
X, y = make_l23_spectra(
    5,
    spectral_axis=energy,
    n_points=5,
    **clean,
    random_state=0,
    return_X_y=True,
)
references = {
    name: X[y == name].mean(axis=0) for name in ("Mn2+", "Mn3+", "Mn4+")
}
moved = EnergyShift(shift=0.8, spectral_axis=energy).fit_transform(
    references["Mn4+"][None]
)[0]

row, column = np.mgrid[:24, :36]
share = np.clip(column / 35, 0, 1)[..., None]
image = (1 - share) * references["Mn2+"] + share * references["Mn4+"]
strange = np.hypot(row - 15, column - 10) < 3
image[strange] = 0.4 * np.exp(-(((energy - 648) / 2) ** 2))
counts = np.random.default_rng(0).poisson(
    300 * (image.clip(0) + 2 * (energy / 640) ** -3)
)
counts = counts.reshape(-1, energy.size)
edges = PowerLawBackground((600, 630), spectral_axis=energy).fit_transform(
    counts
)

# %%
# Fractions without and with shifts of each reference, and what is left with them.
theirs = references | {"Mn4+": moved}
figure, axes = plt.subplots(2, 3, figsize=(7.5, 4), layout="constrained")
for line, spread in zip(axes, (0, 1), strict=True):
    fit = ReferenceFit(
        theirs, shift=(-3, 3), spread=spread, spectral_axis=energy
    ).fit(edges)
    AbundanceMapDisplay.from_estimator(
        fit, edges, (24, 36), names=fit.classes_, axes=line
    )
    line[0].set_ylabel(f"spread={spread} eV")

figure, axes = plt.subplots(1, 3, figsize=(9, 2.4), layout="constrained")
found = fit.parameters(edges, counts=counts)
ResidualMapDisplay.from_estimator(
    fit, edges, (24, 36), counts=counts, ax=axes[0]
)
ResidualMapDisplay(
    found.residual.reshape(24, 36), label="Residual (counts)"
).plot(axes[1])
shift = found.reference_shift[:, 2].reshape(24, 36)
ResidualMapDisplay(shift, label="Shift of Mn4+ (eV)").plot(axes[2])
plt.show()
