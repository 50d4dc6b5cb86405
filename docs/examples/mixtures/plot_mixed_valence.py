"""Mean valence of mixtures, with an interval for every spectrum
=============================================================

`RandomMixture` mixes spectra of pure valence in all proportions to train a `FullyConvRegressor`.
Its intervals are calibrated with mixtures of other spectra, and hold nine of ten of the new ones.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.metrics import PredictionErrorDisplay

from skspectra.augmentation import EnergyShift, PoissonNoise
from skspectra.datasets import make_l23_spectra
from skspectra.neural import FullyConvRegressor
from skspectra.pipeline import make_pipeline
from skspectra.preprocessing import SpectrumNormalizer
from skspectra.sampling import RandomMixture

energy = 635 + 0.1 * np.arange(300)
pure = make_l23_spectra(
    100, n_points=20, shift=0, dose=None, random_state=0
)
valence = np.array([int(ion[2]) for ion in pure.target])
# New spectra are of other points of the theory.
part = pure.parameters["point"].to_numpy() % 5


def mixtures(rows, n_samples, seed):
    """Mix pure spectra and their valences, then shift and count."""
    mixture = RandomMixture(
        n_samples, spectral_axis=energy, random_state=seed
    )
    X, y = mixture.fit_resample(pure.data[rows], valence[rows])
    measure = make_pipeline(
        EnergyShift((-3, 3), spectral_axis=energy, random_state=seed),
        PoissonNoise((30, 3000), random_state=seed),
        SpectrumNormalizer(),
    )
    return measure.fit_transform(X[rows.sum() :]), y[rows.sum() :]


net = FullyConvRegressor(
    max_epochs=20, lr=0.02, schedule="one-cycle", random_state=0
)
net.fit(*mixtures(part < 3, 2000, seed=0)).calibrate(
    *mixtures(part == 3, 500, seed=1)
)
X_new, y_new = mixtures(part == 4, 100, seed=2)
lower, upper = net.predict_interval(X_new, coverage=0.9)

figure, ax = plt.subplots(figsize=(4.5, 4.5), layout="constrained")
PredictionErrorDisplay.from_predictions(
    y_new,
    net.predict(X_new),
    kind="actual_vs_predicted",
    ax=ax,
    scatter_kwargs={"s": 12},
)
held = (lower <= y_new) & (y_new <= upper)
drawn = (
    np.arange(y_new.size) % 3 == 0
)  # every third interval, so that each can be seen
for inside, color in (
    (held & drawn, "#0072B2"),
    (~held & drawn, "#D55E00"),
):
    ax.hlines(y_new[inside], lower[inside], upper[inside], color=color)
ax.set(
    xticks=[2, 2.5, 3, 3.5, 4],
    yticks=[2, 2.5, 3, 3.5, 4],
    xlabel="Mean valence, predicted",
    ylabel="Mean valence, mixed",
    title=f"90 % intervals hold {held.sum()} of {held.size}\n(a third is drawn)",
)
plt.show()
