import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from skspectra.exceptions import SpectrumWarning
from skspectra.preprocessing import SpectrumNormalizer

NORMS = ["minmax", "max", "area", "l2", "snv"]
every_norm = pytest.mark.parametrize("norm", NORMS)
ENERGY = np.array([1.0, 2.0, 4.0, 5.0, 6.0, 7.0])
spectra = arrays(float, (3, 6), elements=st.integers(1, 1000).map(float)).filter(
    lambda X: (np.ptp(X, axis=1) > 0).all()
)


@every_norm
@pytest.mark.parametrize("center", [True, False])
@given(X=spectra)
@settings(max_examples=30, deadline=None)
def test_normalising_twice_changes_nothing(norm, center, X):
    normalizer = SpectrumNormalizer(norm, center=center, spectral_axis=ENERGY)
    once = normalizer.fit_transform(X)
    np.testing.assert_allclose(normalizer.fit_transform(once), once, atol=1e-12)


@every_norm
@given(X=spectra, gain=st.floats(1e-3, 1e3))
@settings(max_examples=30, deadline=None)
def test_gain_does_not_matter(norm, X, gain):
    normalizer = SpectrumNormalizer(norm, spectral_axis=ENERGY).fit(X)
    np.testing.assert_allclose(normalizer.transform(gain * X), normalizer.transform(X), atol=1e-9)


@every_norm
def test_scale_is_what_its_name_says(norm):
    X = np.random.default_rng(0).uniform(1, 9, (4, 6))
    measure = {
        "minmax": lambda z: np.ptp(z, axis=1),
        "max": lambda z: z.max(axis=1),
        "area": lambda z: (np.diff(ENERGY) * (abs(z)[:, 1:] + abs(z)[:, :-1]) / 2).sum(axis=1),
        "l2": lambda z: (z**2).sum(axis=1),
        "snv": lambda z: z.std(axis=1),
    }[norm]
    for center in (True, False):
        out = SpectrumNormalizer(norm, center=center, spectral_axis=ENERGY).fit_transform(X)
        np.testing.assert_allclose(measure(out), 1)
        if center or norm == "snv":
            np.testing.assert_allclose(out.mean(axis=1), 0, atol=1e-12)


def test_default_is_the_articles():
    X = np.random.default_rng(0).uniform(1, 9, (4, 6))
    scaled = (X - X.min(axis=1, keepdims=True)) / np.ptp(X, axis=1, keepdims=True)
    expected = scaled - scaled.mean(axis=1, keepdims=True)
    np.testing.assert_allclose(SpectrumNormalizer().fit_transform(X), expected)


@pytest.mark.parametrize("norm", ["l2", "snv"])
def test_spectra_whose_scale_overflows_are_warned_of(norm):
    X = np.array([[1e30, 3e30, 1e30], [1, 2, 3]], dtype=np.float32)
    with pytest.warns(SpectrumWarning, match="1 of 2 spectra .* overflow"):
        out = SpectrumNormalizer(norm, center=False).fit_transform(X)
    assert not out[0].any()
    assert out[1].any()


@every_norm
def test_flat_spectra_become_zeros_with_one_warning(norm):
    X = np.array([[0.1] * 6, [1, 2, 3, 4, 5, 6], [0.0] * 6])
    with pytest.warns(SpectrumWarning, match="2 of 3 spectra are flat") as record:
        out = SpectrumNormalizer(norm, spectral_axis=ENERGY).fit_transform(X)
    assert len(record) == 1
    assert not out[[0, 2]].any()
    assert out[1].any()
