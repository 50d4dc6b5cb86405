"""Fractions of references in a line scan whose calibration drifts
===============================================================

Each spectrum is a mixture of the spectra of Mn3+ and Mn4+, shifted by an unknown amount.
`ReferenceFit` finds fractions and shifts together.
"""

import matplotlib.pyplot as plt
import numpy as np

from skspectra.augmentation import EnergyShift
from skspectra.datasets import make_l23_spectra
from skspectra.unmixing import ReferenceFit

energy = np.arange(630, 670, 0.1)
X, y = make_l23_spectra(
    20,
    spectral_axis=energy,
    n_points=5,
    shift=0,
    dose=None,
    random_state=0,
    return_X_y=True,
)
references = {name: X[y == name].mean(axis=0) for name in ("Mn3+", "Mn4+")}

rng = np.random.default_rng(0)
position = np.linspace(0, 1, 40)
fraction = 1 / (1 + np.exp(-12 * (position - 0.5)))
scan = np.outer(1 - fraction, references["Mn3+"]) + np.outer(
    fraction, references["Mn4+"]
)
drift = 2 * position - 1 + 0.2 * rng.normal(size=40)
scan = np.concatenate(
    [
        EnergyShift(
            shift=float(shift), spectral_axis=energy
        ).fit_transform(row[None])
        for row, shift in zip(scan, drift, strict=True)
    ]
)
scan = rng.poisson(300 * scan.clip(0)) / 300

fit = ReferenceFit(references, spectral_axis=energy).fit(scan)
found = fit.parameters(scan)

figure, axes = plt.subplots(
    2, 1, sharex=True, figsize=(4.5, 4.5), layout="constrained"
)
axes[0].plot(position, fraction, color="0.6", label="Mn4+, true")
axes[0].plot(
    position, found.fractions[:, 1], "o", markersize=3, label="Mn4+, found"
)
axes[0].set(ylabel="Fraction")
axes[1].plot(position, drift, color="0.6", label="shift, true")
axes[1].plot(
    position, found.shift, "o", markersize=3, label="shift, found"
)
axes[1].set(xlabel="Position along the scan", ylabel="Shift (eV)")
for ax in axes:
    ax.legend(frameon=False)
plt.show()
