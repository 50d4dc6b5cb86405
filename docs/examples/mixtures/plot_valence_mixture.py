"""Classes of mixed valence, made of those of pure valence
=======================================================

`ValenceMixture` adds spectra of Mn2.5+ and Mn3.5+: sums of random spectra of two classes, each
first shifted a little.
"""

import matplotlib.pyplot as plt
import numpy as np

from skspectra.datasets import make_l23_spectra
from skspectra.plotting import SpectraDisplay
from skspectra.preprocessing import SpectrumNormalizer
from skspectra.sampling import ValenceMixture

energy = 635 + 0.1 * np.arange(300)
X, y = make_l23_spectra(
    100, n_points=5, shift=0, random_state=0, return_X_y=True
)
mixture = ValenceMixture(
    {
        "Mn2.5+": {"Mn2+": 0.5, "Mn3+": 0.5},
        "Mn3.5+": {"Mn3+": 0.5, "Mn4+": 0.5},
    },
    n_samples=100,
    spectral_axis=energy,
    random_state=0,
)
X, y = mixture.fit_resample(X, y)
X = SpectrumNormalizer(center=False).fit_transform(X)
SpectraDisplay.from_spectra(X, y, spectral_axis=energy)
plt.show()
