"""Transitions between classes of atoms
====================================

Two hundred atoms of a simulated movie are of one of three classes in each of its frames.
`TransitionMatrix` counts how they follow each other; the numbers below the probabilities are 90 %
intervals, and the implied timescale tells how long the slowest change takes.
"""

import matplotlib.pyplot as plt
import numpy as np

from skspectra.imaging import TransitionMatrix
from skspectra.plotting import TransitionDisplay

names = ["edge", "corner", "bulk"]
truth = np.array(
    [[0.90, 0.08, 0.02], [0.20, 0.70, 0.10], [0.01, 0.01, 0.98]]
)
rng = np.random.default_rng(0)
classes = rng.integers(3, size=(200, 1))
for _ in range(19):
    drawn = rng.random((200, 1)) > truth[classes[:, -1]].cumsum(axis=1)
    classes = np.column_stack([classes, drawn.sum(axis=1)])

chain = TransitionMatrix(3).fit(classes)
print(f"after a long time: {chain.stationary_distribution_.round(2)}")
print(f"slowest change: {chain.implied_timescales_[0]:.0f} frames")
p_value = chain.test_markov(classes).p_value
print(f"p that the frame before the last does not matter: {p_value:.2f}")
TransitionDisplay.from_estimator(chain, names=names)
plt.show()
