import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.mixture import GaussianMixture

from skspectra.imaging import NeighborVectors, find_atoms, symmetrize

GRID = np.argwhere(np.ones((20, 30))).astype(float)


def displaced_lattice(noise=0.03, seed=0):
    """Square lattice, every second row moved: right on one side, left on the other."""
    row, column = GRID.T
    shift = np.where(row % 2 == 1, np.where(column < 15, 0.15, -0.15), 0)
    positions = GRID + np.column_stack([np.zeros(len(GRID)), shift])
    return positions + noise * np.random.default_rng(seed).normal(size=positions.shape)


def test_vectors_are_those_to_the_nearest_by_brute_force():
    positions = np.random.default_rng(0).uniform(size=(200, 2))
    rows = NeighborVectors(5, sort="distance", border="keep").fit_transform(positions)
    for atom in range(0, 200, 17):
        distance = np.linalg.norm(positions - positions[atom], axis=1)
        nearest = np.argsort(distance)[1:6]
        np.testing.assert_allclose(rows[atom].reshape(5, 2), positions[nearest] - positions[atom])


def test_noise_does_not_exchange_neighbours():
    positions = GRID + 0.05 * np.random.default_rng(0).normal(size=GRID.shape)
    neighbors = NeighborVectors(4, border="drop").fit(positions)
    rows = neighbors.transform(positions)
    assert np.abs(rows - np.median(rows, axis=0)).max() < 0.5
    frame = neighbors.transform(GRID)
    np.testing.assert_allclose(frame, np.broadcast_to(frame[0], frame.shape), atol=1e-12)


def test_atoms_at_the_border_are_marked():
    neighbors = NeighborVectors(4).fit(GRID)
    at_border = np.isin(GRID[:, 0], [0, 19]) | np.isin(GRID[:, 1], [0, 29])
    np.testing.assert_array_equal(np.isnan(neighbors.transform(GRID)).all(axis=1), at_border)
    np.testing.assert_array_equal(neighbors.inside(GRID), ~at_border)
    assert len(NeighborVectors(4, border="drop").fit_transform(GRID)) == 18 * 28
    assert np.isfinite(NeighborVectors(4, border="keep").fit_transform(GRID)).all()


def test_two_atoms_at_one_place_are_neighbours_of_each_other():
    rows = NeighborVectors(1, border="keep").fit_transform([[0, 0], [0, 0], [3, 4], [6, 8]])
    np.testing.assert_allclose(rows[:3], [[0, 0], [0, 0], [-3, -4]])


@pytest.mark.parametrize(
    "clusterer", [KMeans(2, n_init=3, random_state=0), GaussianMixture(2, random_state=0)]
)
def test_variants_are_told_apart(clusterer):
    positions = displaced_lattice()
    neighbors = NeighborVectors(4, border="drop").fit(positions)
    inside = neighbors.inside(positions)
    odd = GRID[inside, 0] % 2 == 1
    labels = clusterer.fit_predict(neighbors.transform(positions)[odd])
    left = (GRID[inside, 1] < 15)[odd]
    assert max((labels == left).mean(), (labels != left).mean()) > 0.95


def test_variants_are_copies_of_each_other_and_a_symmetric_phase_is_one_of_itself():
    neighbors = NeighborVectors(4, border="drop").fit(GRID)
    start = neighbors.start_angle_
    same = neighbors.transform(GRID)
    copies = symmetrize(same, 4, start_angle=start)
    assert copies.shape == (8, *same.shape)
    np.testing.assert_allclose(copies, np.broadcast_to(same, copies.shape), atol=1e-12)
    positions = displaced_lattice(noise=0)
    rows = neighbors.transform(positions)
    inside = neighbors.inside(positions)
    right, left = (rows[(GRID[inside, 0] == 9) & (GRID[inside, 1] == column)] for column in (5, 25))
    turned = symmetrize(right, 2, mirror=False, start_angle=start)
    np.testing.assert_allclose(turned[1], left, atol=1e-12)


def test_atoms_are_found_to_a_tenth_of_a_pixel():
    pytest.importorskip("skimage")
    rng = np.random.default_rng(0)
    truth = 12.0 * np.argwhere(np.ones((8, 8))) + 12 + rng.uniform(-1, 1, (64, 2))
    row, column = np.mgrid[:110, :110]
    image = sum(np.exp(-((row - y) ** 2 + (column - x) ** 2) / 12) for y, x in truth)
    found = find_atoms(image + 0.02 * rng.normal(size=image.shape), separation=8)
    assert len(found) == 64
    distance = np.linalg.norm(found[:, None] - truth, axis=2).min(axis=0)
    assert np.sqrt((distance**2).mean()) < 0.1
    assert find_atoms(np.zeros((30, 30)), 5).shape == (0, 2)


def test_bad_input():
    with pytest.raises(ValueError, match="4 neighbours need more atoms, got 1"):
        NeighborVectors().fit([[0.0, 0.0]])
    with pytest.raises(ValueError, match="two coordinates, got 3"):
        NeighborVectors().fit(np.ones((9, 3)))
    with pytest.raises(ValueError, match="0 sample"):
        NeighborVectors().fit(np.zeros((0, 2)))
    with pytest.raises(ValueError, match="pairs of coordinates, got 3"):
        symmetrize(np.ones((2, 3)), 4)
