import numpy as np
import pytest
from scipy.optimize import approx_fprime, linear_sum_assignment

from skspectra._numerics.images.spikes import spikes
from skspectra._numerics.mixtures import minimum_volume
from skspectra.exceptions import SpectrumWarning
from skspectra.io import read_spectra
from skspectra.unmixing import FCLS, NFINDR, MinimumVolumeUnmixer


def errors(unmix, counts, shares, endmembers):
    """Mean angle to the true endmembers in degrees, and mean error of the abundances."""
    found = unmix.components_
    cosine = found @ endmembers.T
    cosine /= np.outer(np.linalg.norm(found, axis=1), np.linalg.norm(endmembers, axis=1))
    rows, columns = linear_sum_assignment(-cosine)
    order = rows[np.argsort(columns)]
    angles = np.degrees(np.arccos(cosine[order, np.arange(len(endmembers))].clip(-1, 1)))
    return angles.mean(), np.abs(unmix.transform(counts)[:, order] - shares).mean()


@pytest.mark.parametrize("counts, angle", [(10, 4), (100, 2), (1000, 0.8)])
def test_endmembers_are_found_though_no_spectrum_is_pure(mixture, counts, angle):
    X, shares, endmembers = mixture(counts)
    unmix = MinimumVolumeUnmixer().fit(X)
    assert unmix.n_components_ == 4
    assert unmix.noise_variance_ == pytest.approx(1, abs=0.03)
    found = errors(unmix, X, shares, endmembers)
    best = np.abs(FCLS(endmembers, weights="poisson").fit(X).transform(X) - shares).mean()
    assert found[0] < angle
    assert found[1] < 1.8 * best
    purest = errors(NFINDR(4, poisson=True, denoise=True).fit(X), X, shares, endmembers)
    assert purest[0] > 1.5 * found[0]
    assert unmix.chi2(X).mean() == pytest.approx(1, abs=0.3 if counts == 10 else 0.05)


def test_a_gain_changes_nothing(mixture):
    X, _, _ = mixture(100)
    one, seven = MinimumVolumeUnmixer().fit(X), MinimumVolumeUnmixer().fit(7 * X)
    assert seven.noise_variance_ == pytest.approx(7 * one.noise_variance_)
    np.testing.assert_allclose(seven.components_, 7 * one.components_, rtol=1e-3, atol=0.1)


def test_spectra_that_are_no_counts(mixture):
    _, shares, endmembers = mixture(1)
    X = shares @ endmembers + 0.01 * np.random.default_rng(0).normal(size=(len(shares), 120))
    unmix = MinimumVolumeUnmixer(poisson=False).fit(X)
    assert unmix.n_components_ == 4
    assert errors(unmix, X, shares, endmembers)[0] < 1


def test_the_gradient_is_that_of_the_objective(mixture, monkeypatch):
    caught = {}

    def catch(objective, start, **_):
        caught.update(objective=objective, start=start)
        raise StopIteration

    monkeypatch.setattr(minimum_volume, "minimize", catch)
    with pytest.raises(StopIteration):
        MinimumVolumeUnmixer(4).fit(mixture(100)[0])
    point = 1.1 * caught["start"]
    numerical = approx_fprime(point, lambda x: caught["objective"](x)[0], 1e-6)
    np.testing.assert_allclose(caught["objective"](point)[1], numerical, rtol=1e-3, atol=1e-4)


def test_varying_brightness_is_named_and_normalising_helps(mixture):
    _, shares, endmembers = mixture(100)
    rng = np.random.default_rng(0)
    X = rng.poisson(shares @ endmembers * rng.uniform(0.6, 1.4, (len(shares), 1)))
    with pytest.warns(SpectrumWarning, match="brightness.*SpectrumNormalizer"):
        worse = MinimumVolumeUnmixer(4).fit(X)
    even = 120 * X / X.sum(axis=1, keepdims=True)
    better = MinimumVolumeUnmixer(4).fit(even)
    angles = [errors(*args, shares, endmembers)[0] for args in ((worse, X), (better, even))]
    assert angles[1] < 2.5 < angles[0]


def test_spikes_are_named(mixture):
    X, _, _ = mixture(100)
    rows, channels = [5, 100, 2000], [20, 50, 51]
    X[rows, channels] += 3000
    found = spikes(X.astype(float), X.mean(axis=0))
    np.testing.assert_array_equal(np.argwhere(found), np.column_stack([rows, channels]))
    with pytest.warns(SpectrumWarning, match="3 of 4096 spectra have spikes"):
        MinimumVolumeUnmixer(4).fit(X)


def test_a_sharp_line_of_a_small_phase_is_no_spike(mixture):
    X, _, _ = mixture(100)
    X[:12, 60] += 3000
    assert not spikes(X.astype(float), X.mean(axis=0)).any()


def test_spectra_without_counts_are_named_and_do_no_harm(mixture):
    X, shares, endmembers = mixture(100)
    X[:5] = 0
    with pytest.warns(SpectrumWarning, match="5 of 4096 spectra have no counts"):
        unmix = MinimumVolumeUnmixer(4).fit(X)
    assert errors(unmix, X[5:], shares[5:], endmembers)[0] < 2
    np.testing.assert_allclose(unmix.transform(X).sum(axis=1), 1, rtol=1e-5)


def test_noise_alone_is_one_endmember():
    X = np.random.default_rng(0).poisson(50, size=(500, 40))
    unmix = MinimumVolumeUnmixer().fit(X)
    assert unmix.n_components_ == 1
    np.testing.assert_allclose(unmix.components_[0], X.mean(axis=0), rtol=0.01)


@pytest.mark.real_data
def test_a_measured_image_is_told_what_it_needs(real_data):
    X, _ = read_spectra(real_data / "cuzn_spectrum_image.hspy", np.arange(700, 1980, 8.0))
    with pytest.warns(SpectrumWarning) as caught:
        unmix = MinimumVolumeUnmixer(3).fit(X)
    told = " ".join(str(each.message) for each in caught)
    assert "brightness of the spectra varies" in told and "have spikes" in told
    assert (unmix.components_ >= 0).all()
    np.testing.assert_allclose(unmix.transform(X).sum(axis=1), 1, rtol=1e-5)
