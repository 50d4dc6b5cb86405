"""White lines and a decision tree
===============================

Measure what a spectroscopist measures, and let one decision tree name the valence from the shape of
the lines alone, whatever the calibration.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.model_selection import cross_val_score
from sklearn.tree import DecisionTreeClassifier, plot_tree

from skspectra.datasets import make_l23_spectra
from skspectra.features import WhiteLineFeatures
from skspectra.pipeline import make_pipeline

energy = np.arange(620, 680, 0.1)
X, y = make_l23_spectra(
    100,
    spectral_axis=energy,
    shift=(-5, 5),
    thickness=0,
    dose=(5000, 100_000),
    n_points=5,
    random_state=0,
    return_X_y=True,
)

wizard = make_pipeline(
    WhiteLineFeatures(features="shape", spectral_axis=energy),
    DecisionTreeClassifier(
        max_depth=2, min_samples_leaf=10, random_state=0
    ),
)
scores = cross_val_score(wizard, X, y, cv=5)
print(f"accuracy over +-5 eV: {scores.mean():.2f}")

wizard.fit(X, y)
measure, tree = wizard
features = measure.set_output(transform="pandas").transform(X)

figure, axes = plt.subplots(
    1, 2, figsize=(9, 3.6), width_ratios=(1, 1.7), layout="constrained"
)
for name, color in zip(
    tree.classes_, ["#0072B2", "#D55E00", "#009E73"], strict=True
):
    mine = features[y == name]
    axes[0].scatter(
        mine.separation, mine.area_ratio, s=6, color=color, label=name
    )
axes[0].set(
    xlabel="Distance of L2 from L3 (eV)", ylabel="L3/L2 area ratio"
)
axes[0].legend(frameon=False)
plot_tree(
    tree,
    ax=axes[1],
    feature_names=features.columns,
    class_names=tree.classes_,
    impurity=False,
    label="none",
    fontsize=9,
)
plt.show()
