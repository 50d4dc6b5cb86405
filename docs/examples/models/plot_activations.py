"""Outputs of the blocks of a net
==============================

The mean output of each block of the fully convolutional net: a column for each class, a row for
each block. Up to four filters are curves in black and grey, more are the rows of an image. Towards
the end the blocks become coarse and the classes differ; the last two rows have an output for each
class, in its colour.
"""

import matplotlib.pyplot as plt
import numpy as np

from skspectra.datasets import make_l23_spectra
from skspectra.neural import FullyConvClassifier
from skspectra.plotting import ActivationsDisplay
from skspectra.preprocessing import SpectrumNormalizer

energy = 635 + 0.1 * np.arange(300)
X, y = make_l23_spectra(
    100, n_points=5, shift=0, random_state=0, return_X_y=True
)
X = SpectrumNormalizer().fit_transform(X)
net = FullyConvClassifier(dropout=0.3, max_epochs=30, random_state=0).fit(
    X, y
)
ActivationsDisplay.from_estimator(net, X, y, spectral_axis=energy)
plt.show()
