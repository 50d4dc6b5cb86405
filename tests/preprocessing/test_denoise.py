import tracemalloc

import numpy as np
import pytest
from sklearn.decomposition import PCA

from skspectra.preprocessing import PCADenoiser
from skspectra.unmixing import PoissonPCA


def make_counts(n=64, p=50, level=20.0, seed=0):
    rng = np.random.default_rng(seed)
    components = np.abs(np.cumsum(rng.normal(size=(3, p)), axis=1)) + 0.1
    signal = level * rng.dirichlet(np.ones(3), n) * rng.uniform(0.2, 2, (n, 1)) @ components
    return signal, rng.poisson(signal).astype(float)


def test_plain_denoising_is_scikit_learns_pca_and_back():
    _, X = make_counts()
    pca = PCA(3).fit(X)
    denoiser = PCADenoiser(3).fit(X)
    np.testing.assert_allclose(denoiser.transform(X), pca.inverse_transform(pca.transform(X)))
    np.testing.assert_allclose(denoiser.explained_variance_ratio_, pca.explained_variance_ratio_)


@pytest.mark.parametrize("n_spectra", [64, 30])
def test_poisson_denoising_is_hyperspys(n_spectra):
    hs = pytest.importorskip("hyperspy.api")
    _, X = make_counts(n_spectra)
    signal = hs.signals.Signal1D(X.copy())
    signal.decomposition(normalize_poissonian_noise=True, print_info=False)
    model = signal.get_decomposition_model(3).data
    denoiser = PCADenoiser(3, poisson=True).fit(X)
    np.testing.assert_allclose(denoiser.transform(X), model, atol=1e-9)
    variance = signal.learning_results.explained_variance
    np.testing.assert_allclose(denoiser.explained_variance_ratio_, variance[:3] / variance.sum())


def test_hyperspys_model_of_our_components_is_the_denoised_signal():
    hs = pytest.importorskip("hyperspy.api")
    _, X = make_counts()
    signal = hs.signals.Signal1D(X.copy())
    signal.decomposition(algorithm=PoissonPCA(3), output_dimension=3, print_info=False)
    model = signal.get_decomposition_model(3).data
    np.testing.assert_allclose(PCADenoiser(3, poisson=True).fit_transform(X), model, atol=1e-8)


def test_poisson_scaling_finds_a_weak_feature_that_plain_pca_misses():
    rng = np.random.default_rng(0)
    strong, weak = np.zeros(100), np.zeros(100)
    strong[:50], weak[50:] = 5000, 1
    share = rng.uniform(0.5, 1, (400, 1))
    signal = strong + 4 * share * weak + 2
    X = rng.poisson(signal).astype(float)
    error = {
        poisson: (PCADenoiser(2, poisson=poisson).fit_transform(X) - signal)[:, 50:].std()
        for poisson in (False, True)
    }
    assert error[True] < 0.9 * error[False]


def test_each_row_is_denoised_by_itself():
    _, X = make_counts()
    denoiser = PCADenoiser(3, poisson=True).fit(X)
    np.testing.assert_allclose(denoiser.transform(X[5:6])[0], denoiser.transform(X)[5])
    assert not denoiser.transform(np.zeros((1, 50))).any()


def test_share_of_variance_chooses_the_number_of_components():
    _, X = make_counts()
    for poisson in (False, True):
        denoiser = PCADenoiser(0.9, poisson=poisson).fit(X)
        ratio = PCADenoiser(50, poisson=poisson).fit(X).explained_variance_ratio_
        assert denoiser.n_components_ == np.argmax(np.cumsum(ratio) > 0.9) + 1


@pytest.mark.parametrize("n_components", [0.5, "auto", 2])
def test_spectra_that_are_all_alike_come_back(n_components):
    X = np.tile([1.0, 2.0, 4.0], (5, 1))
    denoiser = PCADenoiser(n_components).fit(X)
    assert len(denoiser.components_) == denoiser.n_components_
    np.testing.assert_allclose(denoiser.transform(X), X)


def test_empty_channels_and_spectra_are_no_trouble():
    _, X = make_counts()
    X[:, 7] = 0
    X[3] = 0
    out = PCADenoiser(3, poisson=True).fit_transform(X)
    assert np.isfinite(out).all()
    np.testing.assert_allclose(out[:, 7], 0, atol=1e-12)


def test_bad_input():
    _, X = make_counts()
    with pytest.raises(ValueError, match="n_components=51"):
        PCADenoiser(51).fit(X)
    with pytest.raises(ValueError, match="Negative values.*Denoise before the background"):
        PCADenoiser(3, poisson=True).fit(X - 5)


@pytest.mark.parametrize("poisson", [True, False])
def test_parts_of_an_image_are_as_good_as_the_whole(poisson):
    _, X = make_counts(600)
    whole = PCADenoiser(3, poisson=poisson).fit(X)
    parts = PCADenoiser(3, poisson=poisson)
    for part in np.split(X, [50, 300, 301]):
        parts.partial_fit(part)
    np.testing.assert_allclose(parts.transform(X), whole.transform(X), rtol=1e-9)
    parts.fit(X[:300]).partial_fit(X[300:])
    again = PCADenoiser(3, poisson=poisson).fit(X[300:])
    np.testing.assert_allclose(parts.transform(X), again.transform(X), rtol=1e-9)


@pytest.mark.parametrize("poisson", [True, False])
def test_auto_finds_the_number_that_went_in_at_any_gain(poisson):
    _, X = make_counts(1000, level=50)
    for gain in (1, 7):
        assert PCADenoiser(poisson=poisson).fit(gain * X).n_components_ == 3


def test_auto_is_near_the_least_error():
    signal, X = make_counts(1000, level=5)
    errors = [
        np.square(PCADenoiser(k, poisson=True).fit_transform(X) - signal).mean()
        for k in range(1, 9)
    ]
    found = PCADenoiser(poisson=True).fit_transform(X)
    assert np.square(found - signal).mean() < 1.02 * min(errors)


def test_scores_and_loadings_make_the_denoised_spectra():
    _, X = make_counts()
    for poisson in (True, False):
        denoiser = PCADenoiser(4, poisson=poisson).fit(X)
        product = denoiser.mean_ + denoiser.scores(X) @ denoiser.loadings_
        np.testing.assert_allclose(product, denoiser.transform(X), rtol=1e-12)
    np.testing.assert_allclose(
        np.abs(denoiser.scores(X)), np.abs(PCA(4).fit_transform(X)), rtol=1e-6
    )


@pytest.mark.parametrize("poisson", [True, False])
def test_memory_beyond_input_and_output_is_that_of_blocks(poisson):
    X = np.random.default_rng(0).random((400_000, 40), dtype=np.float32)
    denoiser = PCADenoiser(3, poisson=poisson)
    for method, output in ((denoiser.fit, 0), (denoiser.transform, X.nbytes)):
        tracemalloc.start()
        method(X)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < output + (64 << 20)
