"""Every public estimator as the common checks see it, and what they may fail, with the reason."""

import numpy as np
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression

from skspectra.augmentation import Augmenter, AxisStretch, EnergyShift, PCANoise, PoissonNoise
from skspectra.features import WhiteLineFeatures
from skspectra.imaging import (
    NeighborVectors,
    PhaseSegmenter,
    SlidingDescriptor,
    SlidingFFT,
    TransitionMatrix,
)
from skspectra.neural import (
    ConvDenseClassifier,
    DenseClassifier,
    FullyConvClassifier,
    FullyConvRegressor,
    NetClassifier,
    NetRegressor,
)
from skspectra.preprocessing import (
    PCADenoiser,
    PeakAligner,
    PowerLawBackground,
    SpectralCrop,
    SpectralResampler,
    SpectrumNormalizer,
)
from skspectra.readers import ValenceReader
from skspectra.sampling import Augment, KMeansCleaner, RandomMixture, ValenceMixture
from skspectra.uncertainty import EnsembleClassifier, NoveltyRejector
from skspectra.unmixing import (
    FCLS,
    NFINDR,
    VCA,
    BayesianUnmixer,
    MinimumVolumeUnmixer,
    PoissonPCA,
    ReferenceFit,
)


class PowerLawOnChannels(PowerLawBackground):
    """Counts channels from 1: the checks bring matrices of any width and no energies."""

    def _validate_spectra(self, X, *, reset, **check_params):
        X = super()._validate_spectra(X, reset=reset, **check_params)
        if reset:
            self.spectral_axis_ = np.arange(1.0, X.shape[1] + 1)
        return X


class FCLSOfFirstSpectra(FCLS):
    """Takes the first two spectra for endmembers: the checks bring matrices of any width."""

    def __init__(self, endmembers=None, *, sum_to_one=True, non_negative=True, weights=None):
        super().__init__(
            endmembers, sum_to_one=sum_to_one, non_negative=non_negative, weights=weights
        )

    def fit(self, X, y=None):
        self._validate_spectra(X, reset=True)
        rows = X.to_numpy() if hasattr(X, "to_numpy") else np.asarray(X)
        first = FCLS(rows[:2], **{k: v for k, v in self.get_params().items() if k != "endmembers"})
        vars(self).update({k: v for k, v in vars(first.fit(X)).items() if k != "endmembers"})
        return self


class RepeatChannels(Augmenter):
    """Repeats every channel, so that nets with kernels can be fitted to two features."""

    def __init__(self, random_state=None):
        self.random_state = random_state

    def _nominal(self, X):
        return np.repeat(X, 4, axis=1)

    def perturb(self, X, rng):
        return X.repeat_interleave(4, dim=1)


class FractionsRegressor(FullyConvRegressor):
    """Makes fractions of the numbers that the checks bring: their softmax, beside a zero."""

    def fit(self, X, y, sample_weight=None):
        X, y = self._validate(X, y, reset=True, **self._y_checks)
        self._shape = y.shape[1:]
        logits = y.reshape(len(y), -1) / (np.abs(y).max() + 1)
        fractions = softmax(np.column_stack([logits, np.zeros(len(y))]), axis=1)
        return super().fit(X, fractions, sample_weight)

    def predict(self, X):
        fractions = super().predict(X)[:, :-1].reshape(-1, *self._shape)
        return fractions if self._shape else fractions.astype(np.float32)  # as exact as the net


class ReaderOfFeatures(ValenceReader):
    """Makes spectra of the few features that the checks bring, each a line in the white line."""

    def _learn_element(self):
        self.element_, self.energy_, self.window_ = None, 640.0, (-7.0, 17.0)
        self.valences_ = np.arange(self.classes_.size, dtype=float)

    def _check_covers(self, axis):
        """The axis holds the numbers of the features."""

    def _check_enough(self, n_known):
        """The checks bring fewer spectra than a reader is worth training on."""
        super()._check_enough(max(n_known, 100))

    def _find(self, X, axis):
        if axis is self.spectral_axis_:
            axis = np.arange(600.0, 680.0, 0.2)
            places = 641 + 12 * np.arange(X.shape[1]) / X.shape[1]
            lines = np.exp(-(((axis - np.append(640, places)[:, None]) / 0.5) ** 2))
            X = np.column_stack([np.full(len(X), 3.0), 1 + np.tanh(X / 3)]) @ lines
        return super()._find(X, axis)


class MixtureOfClasses(ValenceMixture):
    """Doubles the first class there is: the checks bring classes of their own."""

    def _fit_resample(self, X, y):
        first = np.unique(y).tolist()[0]
        mixture = ValenceMixture({first: {first: 1}}, self.n_samples, shift=self.shift)
        mixture.set_params(random_state=self.random_state).spectral_axis_ = self.spectral_axis_
        return mixture._fit_resample(X, y)


TRANSFORMERS = [
    PowerLawOnChannels(window=(1, 3)),
    PowerLawOnChannels(window=(1, 3), loss="least_squares"),
    SpectrumNormalizer(),
    SpectrumNormalizer("max", center=False),
    SpectrumNormalizer("area"),
    SpectrumNormalizer("l2"),
    SpectrumNormalizer("snv"),
    SpectralCrop(window=(0, 1)),
    SpectralResampler(new_axis=[0, 0.5], outside="edge"),
    PeakAligner(window=(0, 3)),
    PeakAligner(window=(0, 3), method="centroid"),
    PeakAligner(window=(0, 3), method="correlation"),
    PCADenoiser(n_components=1),
    PCADenoiser(n_components=1, poisson=True),
    WhiteLineFeatures(separation=(0.5, 1.5)),
    FCLSOfFirstSpectra(),
    FCLSOfFirstSpectra(sum_to_one=False, weights="poisson"),
    NFINDR(n_components=2),
    NFINDR(n_components=2, poisson=True, denoise=True, n_init=3, random_state=0),
    VCA(n_components=2, random_state=0),
    MinimumVolumeUnmixer(n_components=2),
    MinimumVolumeUnmixer(n_components=2, poisson=False),
    BayesianUnmixer(n_components=1, n_sweeps=20, burn_in=10, random_state=0),
    PoissonPCA(n_components=1),
    ReferenceFit(shift=0),
    ReferenceFit(shift=(-1, 1)),
]
AUGMENTERS = [
    AxisStretch(),
    EnergyShift(shift=(-1, 1)),
    PCANoise(n_components=1),
    PoissonNoise(),
]
IMAGES = [PhaseSegmenter(max_phases=2, random_state=0)]
# What takes images, positions of atoms or sequences instead of rows of channels.
NO_SPECTRA = [
    NeighborVectors(n_neighbors=4),
    SlidingDescriptor("histogram", window=8, step=4),
    SlidingFFT(window=8, step=4),
    TransitionMatrix(),
]
SAMPLERS = [
    Augment([PoissonNoise()], n_copies=2, random_state=0),
    KMeansCleaner(2, keep=[0], random_state=0),
    MixtureOfClasses({}, n_samples=3, random_state=0),
]
REGRESSION_SAMPLERS = [RandomMixture(n_samples=3, n_components=2, random_state=0)]

_QUICK = {"dropout": 0.0, "max_epochs": 10, "batch_size": 16, "lr": 0.1, "random_state": 0}
_SIZES = {name: value for name, value in _QUICK.items() if name != "dropout"}
_SIZES["net_params"] = {"module__hidden_layer_sizes": (8,), "module__dropout": 0.0}
_ONE_BLOCK = {"n_filters": (8,), "kernel_sizes": (3,), "augment": RepeatChannels()}
NETS = [
    FullyConvClassifier(**_ONE_BLOCK, **_QUICK),
    FullyConvClassifier(architecture="invariant", n_filters=(8,), kernel_sizes=(3,), **_QUICK),
    ConvDenseClassifier(**_ONE_BLOCK, hidden_layer_sizes=(8,), **_QUICK),
    DenseClassifier(hidden_layer_sizes=(8,), **_QUICK),
    EnsembleClassifier(
        DenseClassifier(hidden_layer_sizes=(8,), **_QUICK), n_members=2, random_state=0
    ),
    NoveltyRejector(DenseClassifier(hidden_layer_sizes=(8,), **_QUICK)),
    FullyConvRegressor(**_ONE_BLOCK, **_QUICK),
    NetClassifier(architecture="dense", **_SIZES),
    NetRegressor(architecture="dense", **_SIZES),
    FractionsRegressor(target="fractions", **_ONE_BLOCK, **_QUICK),
]

READERS = [
    ReaderOfFeatures(
        classifiers=[LogisticRegression()],
        detector=LogisticRegression(),
        random_state=0,
    )
]

_PERTURBS = "fit_transform perturbs and transform leaves alone, as TargetEncoder's do"
_ROWS = "batch normalisation counts rows, so a repeated row is not a row of twice the weight"


def expected_failed_checks(estimator):
    if type(estimator) in map(type, SAMPLERS):
        return {"check_samplers_pandas_sparse": "spectra are dense"}
    if type(estimator) in map(type, AUGMENTERS):
        return {
            "check_transformer_general": _PERTURBS,
            "check_transformer_data_not_an_array": _PERTURBS,
        }
    if type(estimator) in map(type, NETS):
        return {"check_sample_weight_equivalence_on_dense_data": _ROWS}
    return {}
