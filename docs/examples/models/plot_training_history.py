"""Training history of a net
=========================

With a `validation_fraction` the loss and the accuracy on held-out spectra are recorded too. Dropout
is off when those are scored, so their loss may lie below that of training.
"""

import matplotlib.pyplot as plt

from skspectra.datasets import make_l23_spectra
from skspectra.neural import FullyConvClassifier
from skspectra.plotting import TrainingHistoryDisplay
from skspectra.preprocessing import SpectrumNormalizer

X, y = make_l23_spectra(
    100, n_points=5, shift=(-1, 1), random_state=0, return_X_y=True
)
net = FullyConvClassifier(
    dropout=0.3,
    max_epochs=40,
    validation_fraction=0.2,
    verbose=1,
    random_state=0,
)
net.fit(SpectrumNormalizer().fit_transform(X), y)
TrainingHistoryDisplay.from_estimator(net)
plt.show()
