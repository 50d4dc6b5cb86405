import dask.array as da
import numpy as np
import pytest
from line_reader import ENERGY, line_image

from skspectra.imaging import repair_image


def spoiled(image):
    """The image with every defect, and which channels were spoiled."""
    bad = np.zeros(image.shape, bool)
    image = image.astype(float)
    image[1, 2, 40] += 3000  # a spike beside the edge
    image[3, 1, 80:82] += [9000, 4000]  # one of two channels on the line
    bad[1, 2, 40] = bad[3, 1, 80:82] = True
    for pixel, value in (((2, 3), np.nan), ((0, 0), 0)):
        image[pixel], bad[pixel] = value, True
    image[4, 4, 10], bad[4, 4, 10] = np.nan, True
    return image, bad


@pytest.mark.parametrize("counts", [100, 2000])
def test_every_defect_is_replaced_and_nothing_else(counts):
    clean, _ = line_image((6, 7), counts=counts)
    image, bad = spoiled(clean)
    repaired, n_replaced = repair_image(image)
    np.testing.assert_array_equal(n_replaced, bad.sum(axis=-1))
    np.testing.assert_array_equal(repaired[~bad], image[~bad])
    z = (repaired[bad] - clean[bad]) / np.sqrt(np.maximum(clean[bad], 1))
    assert np.sqrt(np.mean(z**2)) < 2


def test_lazy_images_are_repaired_across_their_chunks():
    image, _ = spoiled(line_image((6, 7))[0])
    expected, n_replaced = repair_image(image)
    repaired, lazy_n = repair_image(da.from_array(image, chunks=(2, 3, 50)))
    np.testing.assert_array_equal(repaired.compute(), expected)
    np.testing.assert_array_equal(lazy_n.compute(), n_replaced)


@pytest.mark.parametrize("counts", [0.2, 3, 100, 1e5])
@pytest.mark.parametrize("step", [0.5, 8.0])
def test_sound_images_are_left_alone(counts, step):
    image, _ = line_image((12, 13), counts=counts, axis=np.arange(600.0, 700.0, step))
    repaired, n_replaced = repair_image(image)
    assert n_replaced.max() == 0
    np.testing.assert_array_equal(repaired, image)


def test_a_ceiling_is_found_by_its_type_and_by_its_repetition():
    clean, _ = line_image((6, 7), counts=40_000)
    image = clean.astype(float)
    image[2, 2, 70:76] = image[2, 2].max() * 0.7
    ceiling = np.where(image > image[2, 2, 70], image[2, 2, 70], image)
    assert repair_image(ceiling)[1][2, 2] >= 6
    ceiling[4, 4, 20] = 1e7
    n_replaced = repair_image(ceiling)[1]
    assert n_replaced[2, 2] >= 6 and n_replaced[4, 4] >= 1, "a spike hides no ceiling"
    narrow = clean // 4
    narrow[1, 1, 30] = 2**16 - 1
    assert repair_image(narrow.astype(np.uint16))[1][1, 1] == 1


@pytest.mark.parametrize("channel", [0, -1])
def test_spikes_at_the_ends_of_the_axis_are_found(channel):
    clean, _ = line_image((6, 7))
    image = clean.copy()
    image[2, 3, channel] += 30_000
    repaired, n_replaced = repair_image(image)
    assert n_replaced.sum() == n_replaced[2, 3] == 1
    assert repaired[2, 3, channel] == pytest.approx(clean[2, 3, channel], rel=0.2)


@pytest.mark.parametrize("value", [0, 50_000])
def test_dead_channels_are_interpolated(value):
    clean, _ = line_image((6, 7), counts=2000)
    image = clean.copy()
    image[..., 20:22] = value
    image[3, 3, 60] += 90_000  # a spike besides
    repaired, n_replaced = repair_image(image)
    assert n_replaced[3, 3] == 3
    assert np.delete(n_replaced.ravel(), 3 * 7 + 3).tolist() == [2] * 41
    z = (repaired[..., 20:22] - clean[..., 20:22]) / np.sqrt(clean[..., 20:22])
    assert np.sqrt(np.mean(z**2)) < 2
    padded = clean.copy()
    padded[..., :20] = padded[..., 40:50] = 0  # no channels of the detector
    np.testing.assert_array_equal(repair_image(padded)[0], padded)


def test_holes_lines_and_single_spectra():
    image, _ = line_image((6, 7))
    image[1:5, 2:6] = 0
    repaired, _ = repair_image(image)
    assert not repaired[2:4, 3:5].any()  # nothing beside them says what they should hold
    line, _ = line_image((9,))
    line[4, 60] += 5000
    assert repair_image(line)[1].tolist() == [0, 0, 0, 0, 1, 0, 0, 0, 0]
    one = line[0].astype(float)
    one[[3, 50]] = np.nan
    repaired, n_replaced = repair_image(one)
    assert n_replaced == 2 and np.isfinite(repaired).all()
    assert np.isnan(repair_image(np.full(ENERGY.size, np.nan))[0]).all()
