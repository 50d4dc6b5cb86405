"""Mean and spread of the spectra of each class
============================================

The band holds eight of ten spectra in every channel.
"""

import matplotlib.pyplot as plt
import numpy as np

from skspectra.datasets import make_l23_spectra
from skspectra.plotting import SpectraDisplay

energy = 635 + 0.1 * np.arange(300)
X, y = make_l23_spectra(
    100, n_points=5, shift=0, random_state=0, return_X_y=True
)
SpectraDisplay.from_spectra(X, y, spectral_axis=energy)
plt.show()
