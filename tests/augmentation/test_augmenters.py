import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from skspectra._numerics.constants import as_float64, as_like
from skspectra.augmentation import AxisStretch, EnergyShift, PCANoise, PoissonNoise
from skspectra.augmentation._base import AugmenterChain

ENERGY = 615 + 0.1 * np.arange(700)
IRREGULAR = 615 + 70 * np.linspace(0, 1, 700) ** 1.3


def spectra(n=20, seed=0, axis=ENERGY):
    rng = np.random.default_rng(seed)
    centre, width = rng.uniform(640, 660, (n, 1)), rng.uniform(2, 5, (n, 1))
    return np.exp(-(((axis - centre) / width) ** 2)) + 0.02 * rng.normal(size=(n, axis.size)) + 0.2


AUGMENTERS = [
    EnergyShift(shift=(-5, 5), spectral_axis=ENERGY),
    EnergyShift(shift=(-5, 5), spectral_axis=IRREGULAR),
    EnergyShift(shift=(-5, 5), window=(635, 665), spectral_axis=ENERGY),
    EnergyShift(shift=1.23, spectral_axis=ENERGY),
    AxisStretch(spectral_axis=ENERGY),
    AxisStretch(stretch=0.03, spectral_axis=IRREGULAR),
    PCANoise(),
    PCANoise(scale=3),
    PoissonNoise(),
    PoissonNoise(dose=50),
]
every_augmenter = pytest.mark.parametrize("augmenter", AUGMENTERS, ids=str)


@every_augmenter
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_numpy_and_torch_agree(augmenter, dtype):
    X = spectra().astype(dtype)
    augmenter.fit(X)
    ours = augmenter.perturb(X, np.random.default_rng(3))
    theirs = augmenter.perturb(torch.from_numpy(X), np.random.default_rng(3))
    assert ours.dtype == dtype
    assert theirs.dtype == getattr(torch, dtype)
    np.testing.assert_allclose(theirs.numpy(), ours, atol=1e-5 if dtype == "float32" else 1e-12)


@every_augmenter
def test_torch_draws_from_its_own_generator(augmenter):
    X = torch.from_numpy(spectra())
    augmenter.fit(X.numpy())
    one, same, other = (
        augmenter.perturb(X, torch.Generator().manual_seed(seed)) for seed in (0, 0, 1)
    )
    assert torch.equal(one, same)
    (main,) = {"shift", "stretch", "scale", "dose"} & set(augmenter.get_params())
    is_random = isinstance(getattr(augmenter, main), tuple) or main == "dose"
    assert torch.equal(one, other) != is_random


@every_augmenter
def test_transform_leaves_alone_and_fit_transform_perturbs(augmenter):
    X = spectra()
    nominal = augmenter.fit(X).transform(X)
    channels = getattr(augmenter, "window_channels_", slice(None))
    np.testing.assert_array_equal(nominal, X[:, channels])
    assert np.abs(augmenter.fit_transform(X) - nominal).max() > 1e-3
    np.testing.assert_array_equal(X, spectra())


@pytest.mark.parametrize("axis", [ENERGY, IRREGULAR], ids=["uniform", "irregular"])
@given(shift=st.floats(-5, 5))
@settings(max_examples=20, deadline=None)
def test_shift_is_interpolation(axis, shift):
    X = spectra(3, axis=axis)
    out = EnergyShift(shift=shift, spectral_axis=axis).fit_transform(X)
    np.testing.assert_allclose(out, [np.interp(axis - shift, axis, row) for row in X], atol=1e-10)


@given(channels=st.integers(-50, 50))
@settings(max_examples=20, deadline=None)
def test_whole_channel_shift_there_and_back_is_exact(channels):
    X = spectra(3)
    there = EnergyShift(shift=0.1 * channels, spectral_axis=ENERGY).fit_transform(X)
    back = EnergyShift(shift=-0.1 * channels, spectral_axis=ENERGY).fit_transform(there)
    inside = slice(50, 650)
    np.testing.assert_allclose(back[:, inside], X[:, inside], atol=1e-9)


def test_window_moves_over_the_wider_spectrum():
    X = spectra(4)
    out = EnergyShift(shift=2.0, window=(635, 665), spectral_axis=ENERGY).fit_transform(X)
    np.testing.assert_allclose(out, X[:, 180:480], atol=1e-9)
    EnergyShift(shift=(-5, 5), window=(620, 680), spectral_axis=ENERGY).fit(X)
    with pytest.raises(ValueError, match=r"Shifts of -5 to 5 move the window .617 to 682.9. out"):
        EnergyShift(shift=(-5, 5), window=(617, 683), spectral_axis=ENERGY).fit(X)


def test_shifts_fill_their_range_evenly():
    X = np.tile(ENERGY, (4000, 1))
    out = EnergyShift(shift=(-2, 4), spectral_axis=ENERGY, random_state=0).fit_transform(X)
    shifts = ENERGY[350] - out[:, 350]
    assert shifts.min() >= -2 and shifts.max() <= 4
    np.testing.assert_allclose(np.quantile(shifts, [0.25, 0.5, 0.75]), [-0.5, 1, 2.5], atol=0.15)


@given(stretch=st.floats(-0.05, 0.05))
@settings(max_examples=20, deadline=None)
def test_stretch_moves_energies_about_the_middle(stretch):
    middle = (ENERGY[0] + ENERGY[-1]) / 2
    out = AxisStretch(stretch=stretch, spectral_axis=ENERGY).fit_transform([ENERGY])
    inside = slice(40, 660)
    expected = middle + (ENERGY - middle) / (1 + stretch)
    np.testing.assert_allclose(out[0, inside], expected[inside], atol=1e-9)


def test_pca_noise_is_the_articles_formula():
    X = spectra(100)
    pca = PCA(10, svd_solver="full").fit(X)
    signal = pca.inverse_transform(pca.transform(X))
    for scale in (0, 1, 5):
        out = PCANoise(scale=scale).fit_transform(X)
        np.testing.assert_allclose(out, signal + scale * (X - signal), atol=1e-9)


def test_components_of_float32_counts_are_those_of_float64():
    rng = np.random.default_rng(0)
    X = 10_000 + np.outer(rng.uniform(0, 20, 2000), np.hanning(60)) + rng.normal(size=(2000, 60))
    exact = np.linalg.svd(X - X.mean(axis=0), full_matrices=False)[2][0]
    noise = PCANoise(n_components=1).fit(X.astype(np.float32))
    assert noise.components_.dtype == np.float32
    assert abs(noise.components_[0] @ exact) > 0.9999


def test_poisson_noise_has_the_mean_and_variance_of_counts():
    X = np.tile([[0.0, 1.0, 2.0, 4.0]], (20_000, 1)) - 1
    out = PoissonNoise(dose=40, random_state=0).fit_transform(X)
    np.testing.assert_allclose(out.mean(axis=0), X[0], atol=0.02)
    np.testing.assert_allclose(out.var(axis=0), (X[0] + 1) / 10, atol=0.01)
    flat = np.zeros((2, 4))
    np.testing.assert_array_equal(PoissonNoise().fit_transform(flat), flat)


def test_poisson_noise_counts_from_zero_where_nothing_is_negative():
    X = np.tile([[50.0, 60.0, 100.0]], (20_000, 1))
    out = PoissonNoise(dose=100, random_state=0).fit_transform(X)
    np.testing.assert_allclose(out.var(axis=0), X[0], rtol=0.05)


def test_random_state_seeds_fit_transform():
    X = spectra()
    one, same = (EnergyShift(random_state=3).fit_transform(X) for _ in range(2))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, EnergyShift(random_state=4).fit_transform(X))


@pytest.mark.parametrize(
    ("augmenter", "message"),
    [
        (EnergyShift(shift=(5, -5)), "low <= high"),
        (EnergyShift(shift=(1, 2, 3)), "number or a pair"),
        (EnergyShift(shift=(0, np.inf)), "finite"),
        (AxisStretch(stretch=(-2, 0)), "above -1"),
        (PCANoise(scale=(-1, 1)), "must not be negative"),
        (PCANoise(n_components=21), "n_components=21 needs as many spectra"),
        (PoissonNoise(dose=(0, 1)), "above 0"),
        (PoissonNoise(dose=0), "'dose' parameter"),
    ],
    ids=str,
)
def test_bad_parameters(augmenter, message):
    with pytest.raises(ValueError, match=message):
        augmenter.fit(spectra())


def test_chain_hands_on_the_axis_and_leaves_the_originals_alone():
    first = EnergyShift(shift=1.0, window=(635, 665), spectral_axis=ENERGY)
    second = AxisStretch(stretch=0.01)
    X = spectra()
    chain = AugmenterChain([first, second]).fit(X)
    np.testing.assert_allclose(chain.augmenters[1].spectral_axis_, ENERGY[200:500])
    assert second.spectral_axis is None
    assert chain.transform(X).shape == (20, 300)
    expected = second.fit_transform(first.fit_transform(X))
    # about the middle of the axis in energies or in channels, which is the same
    np.testing.assert_allclose(chain.perturb(X, np.random.default_rng(0)), expected, atol=1e-9)
    with pytest.raises(TypeError, match="must be instances of Augmenter, such as"):
        AugmenterChain([PCA()])


def test_augmenter_is_a_step_of_a_plain_pipeline():
    X, y = np.repeat(spectra(2), 20, axis=0), np.repeat(["a", "b"], 20)
    pipeline = make_pipeline(PoissonNoise(dose=50, random_state=0), LogisticRegression())
    pipeline.fit(X, y)
    noisy = PoissonNoise(dose=50, random_state=0).fit_transform(X)
    np.testing.assert_array_equal(pipeline[-1].coef_, LogisticRegression().fit(noisy, y).coef_)
    np.testing.assert_array_equal(
        pipeline.predict_proba(X), pipeline[-1].predict_proba(X), "predict does not perturb"
    )


def test_constants_are_copied_to_a_device_once():
    like = torch.empty(3, device="meta")
    values = np.arange(3.0)
    held = as_like(values, like)
    assert (held.dtype, held.device.type) == (torch.float32, "meta")
    assert as_like(values.copy(), like) is held
    assert as_float64(values, like).dtype == torch.float64
    assert as_like(values + 1, like) is not held
    assert as_like(values.reshape(1, 3), like).shape == (1, 3)
