import numpy as np
import pytest

from skspectra._numerics.n_components import (
    count_before_elbow,
    count_with_alike_neighbours,
    marchenko_pastur_edge,
    neighbour_correlation,
)


def test_elbow_is_where_the_line_turns():
    values = np.concatenate([np.geomspace(1e4, 100, 4), np.linspace(1, 0.9, 30)])
    assert count_before_elbow(values) == count_before_elbow(1e-9 * values) == 4
    assert count_before_elbow(np.array([3.0, 2.0])) == 2
    assert count_before_elbow(np.array([3.0, 0.0, 0.0, 0.0])) == 1


@pytest.mark.parametrize("shape", [(300,), (30, 40), (8, 9, 10)])
def test_noise_is_not_alike_and_structure_is(shape):
    scores = np.random.default_rng(0).normal(size=(*shape, 4))
    correlation, error = neighbour_correlation(scores)
    assert (np.abs(correlation) < 4 * error).all()
    scores[: shape[0] // 2, ..., :2] += 2
    assert count_with_alike_neighbours(scores) == 2


def test_correlation_is_numpys_along_a_line():
    scores = np.cumsum(np.random.default_rng(0).normal(size=2000)).reshape(-1, 1)
    expected = np.corrcoef(scores[1:, 0], scores[:-1, 0])[0, 1]
    assert neighbour_correlation(scores)[0][0] == pytest.approx(expected, abs=5e-3)


def test_noise_stays_below_its_edge_in_most_draws():
    rng = np.random.default_rng(0)
    greatest = [np.linalg.norm(rng.normal(size=(300, 40)), 2) ** 2 for _ in range(100)]
    assert 0.95 <= np.mean(greatest < marchenko_pastur_edge(300, 40)) <= 1
    assert np.median(greatest) > 0.9 * marchenko_pastur_edge(300, 40)
