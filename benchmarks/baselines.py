"""What spectroscopists and scikit-learn's users would try instead of the nets, on the same spectra.

Run ``python benchmarks/baselines.py FOLDER``, see ``benchmarks/real_spectra.py`` for the folder;
``--quick`` for fewer spectra. MiniRocket is tried where aeon is installed.
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
from sklearn.preprocessing import LabelBinarizer, StandardScaler
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
            graph="invariant", max_epochs=max_epochs, random_state=0
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
    try:
        from aeon.transformations.collection.convolution_based import MiniRocket
    except ImportError:
        return models
    models["MiniRocket + LDA"] = make_pipeline(
        normalize(),
        MiniRocket(random_state=0),
        StandardScaler(),
        LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto"),
    )
    return models


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
    columns = [f"{name} {variant}" for name, (each, _) in measured.items() for variant, _ in each]
    print(f"Accuracy after training on {len(X)} simulated spectra with calibration errors")
    print(f"{'':28}{'fit, s':>8}{'simulated':>11}" + "".join(f"{c[:20]:>22}" for c in columns))
    for name, model in make_models(max_epochs, n_per_class).items():
        start = time.perf_counter()
        model.fit(X, y)
        taken = time.perf_counter() - start
        scores = [
            model.score(spectra, labels)
            for each, labels in measured.values()
            for _, spectra in each
        ]
        cells = "".join(f"{score:22.3f}" for score in scores)
        print(f"{name:28}{taken:8.1f}{model.score(X_test, y_test):11.3f}{cells}", flush=True)


if __name__ == "__main__":
    main()
