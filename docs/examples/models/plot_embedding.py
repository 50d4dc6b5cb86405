"""Embedding of spectra and of the features of a net
=================================================

Spectra of one microscope and reference spectra (triangles) of another, which is calibrated 3 eV
higher. In the map of the inputs the references lie together, whatever their class; in that of the
features they lie beside the spectra of their class.
"""

import matplotlib.pyplot as plt

from skspectra.datasets import make_l23_spectra
from skspectra.neural import FullyConvClassifier
from skspectra.plotting import EmbeddingDisplay
from skspectra.preprocessing import SpectrumNormalizer

settings = {
    "n_points": 5,
    "stretch": 0,
    "resolution": (0.3, 1),
    "return_X_y": True,
}
X, y = make_l23_spectra(
    80, shift=0, dose=(1000, 5000), random_state=0, **settings
)
references, names = make_l23_spectra(
    8, shift=3, dose=5000, random_state=1, **settings
)
normalize = SpectrumNormalizer().fit(X)
X, references = normalize.transform(X), normalize.transform(references)

net = FullyConvClassifier(
    architecture="invariant", lr=0.03, max_epochs=60, random_state=0
)
net.fit(X, y)
print(f"references named right: {net.score(references, names):.0%}")
EmbeddingDisplay.from_estimator(
    net, X, y, references, names, random_state=0
)
plt.show()
