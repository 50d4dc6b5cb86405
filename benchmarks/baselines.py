"""What spectroscopists and scikit-learn's users would try instead of the nets, on the same spectra.

Run ``python benchmarks/baselines.py FOLDER``, see ``benchmarks/real_spectra.py`` for the folder;
``--quick`` for fewer spectra. The time-series classifiers, MiniRocket, a wide fully convolutional
net and InceptionTime, are those of sktime (``pip install -c constraints.txt ".[baselines]"``);
without it they are left out. InceptionTime is one net here, not five, and both nets learn for 20
epochs, which takes most of the time of this script.
"""

import argparse
import time
import warnings
from pathlib import Path

from real_spectra import AXIS, IONS, WIDE, literature, manganese_oxide, variants
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.cross_decomposition import PLSRegression
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import LabelBinarizer
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from skspectra.datasets import make_l23_spectra
from skspectra.exceptions import SpectrumWarning
from skspectra.features import WhiteLineFeatures
from skspectra.neural import ConvDenseClassifier, DenseClassifier, FullyConvClassifier
from skspectra.preprocessing import PeakAligner, SpectrumNormalizer
from skspectra.unmixing import ReferenceFit


class PLSDA(ClassifierMixin, BaseEstimator):
    """Partial least squares on indicators of the classes."""

    def fit(self, X, y):
        self.binarizer_ = LabelBinarizer().fit(y)
        self.classes_ = self.binarizer_.classes_
        self.pls_ = PLSRegression(20).fit(X, self.binarizer_.transform(y))
        return self

    def predict(self, X):
        return self.classes_[self.pls_.predict(X).argmax(axis=1)]


class TimeSeriesClassifier(ClassifierMixin, BaseEstimator):
    """A classifier of sktime, which cannot itself be a step of scikit-learn's pipelines."""

    def __init__(self, classifier):
        self.classifier = classifier

    def fit(self, X, y):
        self.classifier_ = self.classifier.clone().fit(self._as_series(X), y)
        self.classes_ = self.classifier_.classes_
        return self

    def predict(self, X):
        return self.classifier_.predict(self._as_series(X))

    @staticmethod
    def _as_series(X):
        return X[:, None].astype("float32")


def reference_fit(n_per_class):
    """Class means of spectra without calibration error as references."""
    X, y = make_l23_spectra(
        n_per_class, ions=IONS, shift=0, stretch=0, random_state=2, return_X_y=True
    )
    references = {ion: X[y == ion].mean(axis=0) for ion in IONS}
    return ReferenceFit(references, shift=(-8, 8), spectral_axis=AXIS)


def make_models(max_epochs, n_per_class):
    normalize = SpectrumNormalizer
    aligned = PeakAligner((636, 656), spectral_axis=AXIS)
    on_spectra = {
        "fully conv, published": FullyConvClassifier(max_epochs=max_epochs, random_state=0),
        "fully conv, invariant": FullyConvClassifier(
            architecture="invariant", max_epochs=max_epochs, random_state=0
        ),
        "conv + dense": ConvDenseClassifier(max_epochs=max_epochs, random_state=0),
        "dense": DenseClassifier(max_epochs=max_epochs, random_state=0),
        "random forest": RandomForestClassifier(200, random_state=0),
        "gradient boosting": HistGradientBoostingClassifier(random_state=0),
        "support vectors": SVC(C=10),
        "5 nearest neighbours": KNeighborsClassifier(5),
        "linear discriminants": LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto"),
        "PLS-DA": PLSDA(),
    }
    models = {name: make_pipeline(normalize(), model) for name, model in on_spectra.items()}
    models["random forest, L3 aligned"] = make_pipeline(
        aligned, normalize(), RandomForestClassifier(200, random_state=0)
    )
    models["tree on white lines"] = make_pipeline(
        WhiteLineFeatures(spectral_axis=AXIS, features="shape"),
        DecisionTreeClassifier(max_depth=5, random_state=0),
    )
    models["reference fit"] = reference_fit(n_per_class)
    for name, model in time_series_classifiers().items():
        models[name] = make_pipeline(normalize(), TimeSeriesClassifier(model))
    return models


def time_series_classifiers():
    """Classifiers of sktime, none where it is not installed."""
    try:
        from sktime.classification.deep_learning.fcn import FCNClassifierTorch
        from sktime.classification.deep_learning.inceptiontime import InceptionTimeClassifierTorch
        from sktime.classification.kernel_based import RocketClassifier
    except ImportError:
        return {}
    return {
        "MiniRocket + ridge": RocketClassifier(rocket_transform="minirocket", random_state=0),
        "FCN": FCNClassifierTorch(num_epochs=20, batch_size=64, random_state=0),
        "InceptionTime, one net": InceptionTimeClassifierTorch(num_epochs=20, random_state=0),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    n_per_class, max_epochs = (200, 30) if options.quick else (1000, 80)
    warnings.simplefilter("ignore", SpectrumWarning)
    X, y = make_l23_spectra(n_per_class, ions=IONS, random_state=0, return_X_y=True)
    X_test, y_test = make_l23_spectra(300, ions=IONS, random_state=1, return_X_y=True)
    measured = {
        name: (list(variants(spectra, axis)), labels)
        for name, (axis, spectra, labels) in {
            "literature": (WIDE, *literature(options.folder)),
            "MnO": (WIDE, *manganese_oxide(options.folder)),
        }.items()
    }
    print(f"Accuracy after training on {len(X)} simulated spectra with calibration errors")
    print(f"{'':47}" + "".join(f"{name:^{16 * len(each)}}" for name, (each, _) in measured.items()))
    columns = "".join(f"{variant:>16}" for each, _ in measured.values() for variant, _ in each)
    print(f"{'':28}{'fit, s':>8}{'simulated':>11}{columns}")
    for name, model in make_models(max_epochs, n_per_class).items():
        start = time.perf_counter()
        model.fit(X, y)
        taken = time.perf_counter() - start
        scores = [
            model.score(spectra, labels)
            for each, labels in measured.values()
            for _, spectra in each
        ]
        cells = "".join(f"{score:16.3f}" for score in scores)
        print(f"{name:28}{taken:8.1f}{model.score(X_test, y_test):11.3f}{cells}", flush=True)


if __name__ == "__main__":
    main()
