"""Accuracy against calibration shift of nets that were trained without any.

Run ``python benchmarks/shift.py``; ``--quick`` for fewer spectra and folds, ``--any-instrument``
for coarse resolutions and thick specimens too, as `make_l23_spectra` has them by default.
"""

import argparse
import time

import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import StratifiedShuffleSplit
from sklearn.pipeline import make_pipeline

from skspectra.augmentation import EnergyShift
from skspectra.cli._demo import ONE_INSTRUMENT
from skspectra.datasets import make_l23_spectra
from skspectra.evaluation import robustness_curve
from skspectra.neural import ConvDenseClassifier, DenseClassifier, FullyConvClassifier
from skspectra.preprocessing import SpectrumNormalizer

AXIS = 625 + 0.1 * np.arange(500)
WINDOW = (635, 665)
SHIFTS = np.linspace(-5, 5, 101)
CALIBRATED = {"shift": 0, "stretch": 0}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--any-instrument", action="store_true")
    options = parser.parse_args()
    quick, recorded = options.quick, CALIBRATED if options.any_instrument else ONE_INSTRUMENT
    n_per_class, max_epochs, n_folds = (200, 40, 2) if quick else (1000, 50, 5)
    X, y = make_l23_spectra(
        n_per_class, spectral_axis=AXIS, random_state=0, return_X_y=True, **recorded
    )
    models = {
        "fully convolutional, published": FullyConvClassifier(max_epochs=max_epochs),
        "fully convolutional, invariant": FullyConvClassifier(
            architecture="invariant", max_epochs=max_epochs
        ),
        "conv + dense": ConvDenseClassifier(max_epochs=max_epochs),
        "dense": DenseClassifier(max_epochs=max_epochs),
        "random forest": RandomForestClassifier(200),
    }
    print(f"{3 * n_per_class} simulated spectra, {n_folds} folds, shifts of -5 to +5 eV by 0.1")
    print(f"{'':32}{'no shift':>10}{'mean':>8}{'worst fold':>12}{'lowest':>8}{'s':>8}")
    for name, model in models.items():
        start = time.perf_counter()
        scores = robustness_curve(
            make_pipeline(SpectrumNormalizer(), model),
            X,
            y,
            perturbation=EnergyShift(window=WINDOW, spectral_axis=AXIS),
            param_name="shift",
            param_range=SHIFTS,
            cv=StratifiedShuffleSplit(n_folds, test_size=0.1, random_state=0),
        )
        taken = time.perf_counter() - start
        curve = scores.mean(axis=1)
        print(
            f"{name:32}{curve[len(curve) // 2]:10.3f}{curve.mean():8.3f}"
            f"{scores.mean(axis=0).min():12.3f}{curve.min():8.3f}{taken:8.1f}"
        )


if __name__ == "__main__":
    main()
