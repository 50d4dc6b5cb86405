import numpy as np

from skspectra.datasets import make_particle_image


def test_counts_are_poisson_of_what_is_expected():
    image = make_particle_image(30, random_state=0)
    z = (image.data - image.expected) / np.sqrt(image.expected)
    assert abs(z.mean()) < 0.01 and abs(z.std() - 1) < 0.01
    again = make_particle_image(30, random_state=0)
    np.testing.assert_array_equal(again.data, image.data)


def test_height_and_background_are_as_asked():
    low, high = (
        make_particle_image(counts, background=b, random_state=1) for counts, b in ((1, 3), (10, 5))
    )
    at = np.argmin(np.abs(low.spectral_axis - 615))
    ratio = high.expected[..., at] / low.expected[..., at]
    np.testing.assert_allclose(ratio, 10 * 5 / 3, rtol=0.01)
    core = low.expected[low.valence == 4]
    edge = core - 3 * (low.spectral_axis / 636) ** -3 * core[:, :1] / (3 * (600 / 636) ** -3)
    assert 0.9 < edge.max() < 1.1
    peak = low.spectral_axis[edge.max(axis=0).argmax()]
    assert 634 < peak < 639  # L3 of Mn4+ is 7 eV low


def test_rims_are_of_two_to_three_pixels():
    valence = make_particle_image(random_state=2).valence
    row = valence[32, 47::-1]
    rim = row[np.isfinite(row)][-6:]
    assert 2 <= (rim == 2).sum() <= 3 and 2 <= (rim == 3.5).sum() <= 4
