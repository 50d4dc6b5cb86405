import numpy as np
import pytest
from line_reader import ENERGY, LineReader, line_image

from skspectra.datasets import make_l23_spectra, make_particle_image
from skspectra.imaging import read_image
from skspectra.imaging._joint_reading import read_together
from skspectra.models import load_pretrained

AXIS = np.arange(600, 700, 0.5)


@pytest.fixture(scope="module")
def reader():
    return load_pretrained("mn-l23")


def counts_of(seed, shift):
    """Counts of Mn2+, Mn3+ and Mn4+ and of mixtures, as of one instrument, and their valence."""
    edges = make_l23_spectra(
        1,
        ions=["Mn2+", "Mn3+", "Mn4+"],
        spectral_axis=AXIS,
        shift=shift,
        stretch=0,
        resolution=0.8,
        thickness=0.2,
        n_points=20,
        dose=None,
        residual_background=0,
        gain_noise=0,
        readout_noise=0,
        random_state=seed,
    )
    pure = edges.data[np.argsort(edges.target)].astype(float).clip(0)
    shares = np.array([[0, 0, 8], [0.5, 0.5, 0], [0, 0.25, 0.75], [0, 0.5, 0.5], [1, 0, 0]])
    expected = 1000 * (shares @ pure + 3 * shares.sum(axis=1)[:, None] * (AXIS / 636) ** -3.0)
    valence = shares @ [2, 3, 4] / shares.sum(axis=1)
    return np.random.default_rng(seed).poisson(expected).astype(float), valence


def test_mixtures_are_read_where_one_axis_has_measured_what_they_are_mixed_of(reader):
    errors, alone = [], []
    for seed, shift in enumerate((-7, -2, 0, 3, 8)):
        spectra, valence = counts_of(seed, shift)
        table = read_together(reader, spectra, AXIS)
        errors.append(table["mean_valence"] - valence)
        alone.append(reader.read(spectra, AXIS)["mean_valence"] - valence)
        assert ((table["lower"] <= valence) & (valence <= table["upper"])).all()
        assert table["valence"][3] == "unknown" and table["reason"][3] == "cannot tell"
    within = (np.abs(errors) < 0.25).mean()
    assert within >= 0.75 > 0.6 > (np.abs(alone) < 0.25).mean()


@pytest.mark.parametrize("seed", [25, 27])
def test_both_ends_stay_as_the_reader_says_though_templates_make_a_sum_of_them(reader, seed):
    image = make_particle_image(30, random_state=seed)
    sums = np.stack([image.data[image.valence == v].sum(axis=0) for v in (4, 3.5, 2)])
    table = read_together(reader, sums, image.spectral_axis)
    assert table["valence"].tolist() == ["Mn4+", "unknown", "Mn2+"]
    np.testing.assert_allclose(table["mean_valence"], [4, 3.5, 2], atol=0.25)


def test_phases_that_cannot_be_told_alone_are_named_by_the_shift_that_they_share(reader):
    image = make_particle_image(10, random_state=21)
    sums = np.stack([image.data[image.valence == v].sum(axis=0) for v in (4, 2, 3.5)])
    assert (reader.read(sums, image.spectral_axis)["reason"] == "cannot tell").all()
    table = read_together(reader, sums, image.spectral_axis)
    assert table["valence"][1] == "Mn2+"
    np.testing.assert_allclose(table["shift"][1], -7, atol=0.3)
    np.testing.assert_allclose(table["mean_valence"][:2], [4, 2], atol=0.25)


def test_what_is_pure_or_alone_stays_as_the_reader_says(reader):
    spectra, _ = counts_of(0, -4)
    read, together = reader.read(spectra, AXIS), read_together(reader, spectra, AXIS)
    assert read["valence"][0] == "Mn4+"
    assert together.loc[0].equals(read.loc[0])
    assert read_together(reader, spectra[3:4], AXIS).equals(reader.read(spectra[3:4], AXIS))
    background = 1e4 * (AXIS / 600) ** -3.0
    nothing = np.stack([background, 2 * background])
    assert (read_together(reader, nothing, AXIS)["reason"] == "no edge").all()


def test_another_kind_of_reader_is_left_as_it_is():
    rows = line_image((4, 6))[0].reshape(24, -1).astype(float)
    assert read_together(LineReader(), rows, ENERGY).equals(LineReader().read(rows, ENERGY))


def test_the_particle_at_thirty_counts_is_mapped_with_its_mixed_rim(reader):
    image = make_particle_image(30, random_state=11)
    maps = read_image(reader, image.data, spectral_axis=image.spectral_axis, by="phases")
    inside = np.isfinite(image.valence)
    right = np.abs(maps.valence - image.valence) <= 0.25
    assert right[inside].mean() >= 0.95
    assert right[image.valence == 3.5].mean() >= 0.85
    assert np.isnan(maps.valence[~inside]).mean() >= 0.95
