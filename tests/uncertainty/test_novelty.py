import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.covariance import LedoitWolf
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline

from skspectra._numerics.interpolation import resample_rows
from skspectra.datasets import make_l23_spectra
from skspectra.exceptions import SpectrumWarning
from skspectra.io import read_spectra
from skspectra.neural import DenseClassifier
from skspectra.preprocessing import PowerLawBackground, SpectrumNormalizer
from skspectra.uncertainty import EnsembleClassifier, NoveltyRejector

AXIS = 635 + 0.1 * np.arange(300)
WIDE = 615 + 0.1 * np.arange(700)


def simulated(n_per_class, ions=("Mn2+", "Mn3+", "Mn4+"), *, n_points=40, seed=0):
    instrument = {"resolution": (0.1, 2.5)}  # coarser edges are not unlike slopes
    return make_l23_spectra(
        n_per_class, ions=ions, n_points=n_points, random_state=seed, return_X_y=True, **instrument
    )


@pytest.fixture(scope="module")
def rejector():
    """Rejector around something quick: what is novel does not depend on the classifier."""
    classifier = make_pipeline(SpectrumNormalizer(), LinearDiscriminantAnalysis())
    return NoveltyRejector(classifier).fit(*simulated(1000, n_points=100))


def refused(rejector, X):
    return np.mean(rejector.predict_with_reject(X) == "unknown")


def test_stated_share_of_training_spectra_is_kept():
    X, y = simulated(100)
    for keep in (0.8, 0.95, 1.0):
        rejector = NoveltyRejector(RandomForestClassifier(5, random_state=0), keep=keep)
        kept = np.mean(rejector.fit(X, y).novelty(X) <= 1)
        assert keep <= kept <= keep + 1.001 / len(X)


def test_new_spectra_of_the_same_kind_are_kept(rejector):
    assert refused(rejector, simulated(200, seed=1)[0]) < 0.04


@pytest.mark.parametrize(
    ("ions", "least"),
    [(("Ti3+", "Ti4+"), 0.9), (("Co2+", "Co3+"), 0.5), (("Ni2+", "Ni3+"), 0.4)],
)
def test_another_element_is_refused(rejector, ions, least):
    X, _ = simulated(100, ions, n_points=10)
    assert refused(rejector, X[:, :300]) > least


def test_noise_and_slopes_are_refused(rejector):
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(50, 300))
    assert refused(rejector, noise) == 1
    assert refused(rejector, np.linspace(1, 0, 300) + 0.05 * noise) > 0.7


def test_flat_spectra_are_infinitely_novel(rejector):
    X = simulated(2)[0]
    X[[1, 3]] = [[0], [7]]
    with pytest.warns(SpectrumWarning, match="2 of 6 spectra are flat"):
        novelty = rejector.novelty(X)
    assert np.flatnonzero(np.isinf(novelty)).tolist() == [1, 3]


@pytest.mark.parametrize("n_clusters", [1, 3])
def test_statistics_against_their_definition(n_clusters):
    def kept(values):
        return np.sort(values)[int(np.ceil(0.99 * (values.size - 1)))]

    X, y = simulated(500)
    rejector = NoveltyRejector(LinearDiscriminantAnalysis(), n_clusters=n_clusters).fit(X, y)
    seen = X.astype(float)
    _, _, directions = np.linalg.svd(seen - seen.mean(axis=0), full_matrices=False)
    scores = (seen - seen.mean(axis=0)) @ directions[:15].T
    squares = []
    for ion in rejector.classes_:
        own = scores[y == ion]
        of_class = LedoitWolf().fit(own).covariance_
        cluster = KMeans(n_clusters, n_init=1, random_state=0).fit_predict(own)
        for number in range(n_clusters):
            members = own[cluster == number]
            covariance = 0.7 * np.cov(members.T, ddof=0) + 0.3 * of_class
            offsets = scores - members.mean(axis=0)
            precision = np.linalg.inv(covariance)
            squares.append(np.einsum("ni,ij,nj->n", offsets, precision, offsets))
    distance = np.sqrt(np.min(squares, axis=0))
    residue = seen - seen.mean(axis=0) - scores @ directions[:15]
    share = (residue**2).sum(axis=1) / (seen**2).sum(axis=1)
    expected = np.max([each / kept(each) for each in (distance, share)], axis=0)
    expected /= kept(expected)
    np.testing.assert_allclose(rejector.novelty(X), expected, rtol=5e-3)


def test_wraps_nets_ensembles_and_frames_and_predicts_as_they_do(spectra):
    X, y = spectra
    net = DenseClassifier(hidden_layer_sizes=(4,), max_epochs=2, random_state=0)
    for estimator in (
        net,
        EnsembleClassifier(net, 2, random_state=0),
        make_pipeline(SpectrumNormalizer(), net),
    ):
        rejector = NoveltyRejector(estimator, n_components=5).fit(X, y)
        alone = estimator.fit(X, y)
        np.testing.assert_array_equal(rejector.predict(X), alone.predict(X))
        np.testing.assert_array_equal(rejector.predict_proba(X), alone.predict_proba(X))
        assert rejector.novelty(X).shape == (60,)


@pytest.mark.parametrize("unknown", [None, "other", -1])
def test_unknown_may_be_anything(spectra, unknown):
    X, _ = spectra
    y = np.arange(60) % 2
    rejector = NoveltyRejector(LinearDiscriminantAnalysis(), unknown=unknown, n_components=3)
    answer = rejector.fit(X, y).predict_with_reject([*X[:2], np.ones(24)])
    assert answer.tolist()[2] == unknown
    assert answer[0] in (0, 1)


CHANNELS = np.arange(40)


def peaks(n_spectra, width, seed=0):
    """Noisy peaks of a width, anywhere."""
    rng = np.random.default_rng(seed)
    positions = rng.uniform(15, 25, (n_spectra, 1))
    return np.exp(-(((CHANNELS - positions) / width) ** 2)) + rng.normal(0, 0.03, (n_spectra, 40))


def with_counterexamples():
    """Two classes, and what lies between them as unknown."""
    labels = {3: "narrow", 5: "wide", 4: "unknown"}
    X = np.concatenate([peaks(200, width, width) for width in labels])
    return X, np.repeat(list(labels.values()), 200)


@pytest.fixture(scope="module")
def taught():
    forest = RandomForestClassifier(50, random_state=0)
    return NoveltyRejector(forest, n_components=2).fit(*with_counterexamples())


@pytest.fixture(scope="module")
def untaught():
    """Rejector that knows the same classes and was shown nothing else."""
    X, y = with_counterexamples()
    known = y != "unknown"
    forest = RandomForestClassifier(50, random_state=0)
    return NoveltyRejector(forest, n_components=2).fit(X[known], y[known])


def test_spectra_without_weight_are_not_learned():
    X, y = np.concatenate([peaks(100, 3), peaks(100, 5), peaks(100, 9)]), np.repeat([0, 1, 1], 100)
    forest = RandomForestClassifier(10, random_state=0)
    rejector = NoveltyRejector(forest, n_components=2)
    weight = np.repeat([1.0, 1.0, 0.0], 100)
    other = peaks(50, 9, seed=1)
    assert refused(rejector.fit(X, y, sample_weight=weight), other) > 0.9
    assert refused(rejector.fit(X, y), other) < 0.1


def test_what_it_was_shown_as_unknown_is_refused(taught, untaught):
    between = peaks(100, 4, seed=1)
    assert refused(untaught, between) < 0.1
    assert refused(taught, between) > 0.9
    for width in (3, 5):
        assert refused(taught, peaks(100, width, seed=1)) < 0.1


def test_unknown_spectra_are_not_of_a_class(taught):
    X, y = with_counterexamples()
    known = y != "unknown"
    assert taught.classes_.tolist() == ["narrow", "wide"]
    assert 0.99 <= np.mean(taught.novelty(X[known]) <= 1) < 0.993
    proba = taught.predict_proba(X)
    np.testing.assert_allclose(proba.sum(axis=1), 1, rtol=1e-6)
    narrow, _, wide = taught.estimator_.predict_proba(X[known]).T
    expected = np.transpose([narrow, wide]) / (narrow + wide)[:, np.newaxis]
    np.testing.assert_allclose(proba[known], expected, atol=1e-12)
    assert set(taught.predict(X)) == {"narrow", "wide"}


def test_what_is_shown_as_unknown_leaves_the_shape_of_the_classes(taught, untaught):
    for name in ("mean_", "components_", "cluster_means_", "precisions_"):
        np.testing.assert_array_equal(getattr(taught, name), getattr(untaught, name))
    np.testing.assert_array_equal(taught.scales_[:2], untaught.scales_[:2])


def test_probabilities_of_classes_that_vanish_are_equal():
    class Certain(LinearDiscriminantAnalysis):
        def predict_proba(self, X):
            return np.tile(np.float32([0, 0, 1]), (len(X), 1))

    X, y = np.random.default_rng(0).normal(size=(30, 4)), ["a", "b", "unknown"] * 10
    np.testing.assert_array_equal(NoveltyRejector(Certain()).fit(X, y).predict_proba(X[:2]), 0.5)


def test_bad_input_is_refused(spectra):
    X, y = spectra
    classifier = LinearDiscriminantAnalysis()
    with pytest.raises(ValueError, match=r"two spectra at least .* \[0, 1\] have fewer"):
        NoveltyRejector(RandomForestClassifier(2)).fit(np.ones((6, 5)), [0, 1] * 3)
    with pytest.raises(ValueError, match="All labels are 'unknown'"):
        NoveltyRejector(RandomForestClassifier(2)).fit(X, ["unknown"] * 60)
    with pytest.raises(ValueError, match="'keep' parameter"):
        NoveltyRejector(classifier, keep=0).fit(X, y)
    novel = NoveltyRejector(classifier, n_components=2).fit(X, y).predict_with_reject
    with pytest.raises(ValueError, match="contains NaN") as caught:
        novel(np.where(np.arange(60)[:, np.newaxis] == 7, np.nan, X))
    assert "1 of 60 rows of X hold NaN or infinity, the first is row 7" in caught.value.__notes__[0]
    with pytest.raises(ValueError, match="expecting 24 features"):
        NoveltyRejector(classifier, n_components=2).fit(X, y).novelty(X[:, :20])


@pytest.mark.real_data
def test_real_manganese_is_kept_and_oxygen_is_not(rejector, real_data):
    literature, _ = read_spectra(real_data / "mn_l23_literature.csv", AXIS, outside="edge")
    data = np.load(real_data / "mn2_acquired.npz")
    oxide = resample_rows(data["intensity"], data["energy_eV"].astype(float), AXIS)
    assert refused(rejector, literature) < 0.06  # one of 17, which is coarser than the simulated
    assert refused(rejector, oxide) < 0.02

    energy = np.arange(480, 548, 0.1)
    scan, _ = read_spectra(real_data / "lsmo_linescan.hspy", energy)
    scan = PowerLawBackground((480, 515), spectral_axis=energy).fit_transform(scan)
    oxygen = resample_rows(scan, energy, np.linspace(518, 547.9, 300))
    assert refused(rejector, oxygen) == 1
