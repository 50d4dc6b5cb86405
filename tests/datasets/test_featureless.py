import numpy as np
import pytest
from scipy.signal import find_peaks

from skspectra.datasets import make_featureless_edges

AXIS = np.arange(690.0, 750.0, 0.1)


@pytest.fixture(scope="module")
def edges():
    return make_featureless_edges(
        60, element="Fe", spectral_axis=AXIS, shift=0, resolution=0.3, random_state=0
    )


def test_kinds_are_balanced_and_of_height_one(edges):
    kinds, counts = np.unique(edges.target, return_counts=True)
    assert kinds.tolist() == ["d10", "line", "metal", "step"]
    assert set(counts) == {60}
    np.testing.assert_allclose(np.abs(edges.data).max(axis=1), 1, rtol=1e-6)


def test_metals_have_two_broad_lines_where_the_2p_levels_are(edges):
    for row in edges.data[edges.target == "metal"]:
        peaks, properties = find_peaks(row, prominence=0.05, width=1.0 / 0.1)
        assert len(peaks) <= 2
        assert abs(AXIS[peaks[0]] - 708.7) < 1.5  # the step is added
        if len(peaks) == 2:
            assert 11 < AXIS[peaks[1]] - AXIS[peaks[0]] < 15  # 13.1, and errors of the dispersion


def test_filled_shells_have_more_step_than_line(edges):
    after = edges.data[:, (AXIS > 712) & (AXIS < 719)].mean(axis=1)
    assert after[edges.target == "d10"].min() > after[edges.target == "metal"].mean()


def test_shift_moves_and_seed_repeats():
    settings = {"n_per_class": 3, "spectral_axis": AXIS, "resolution": 0.5, "random_state": 1}
    X, kinds = make_featureless_edges(element="Fe", shift=0, return_X_y=True, **settings)
    moved, _ = make_featureless_edges(element="Fe", shift=5, return_X_y=True, **settings)
    is_metal = kinds == "metal"
    distance = AXIS[moved[is_metal].argmax(axis=1)] - AXIS[X[is_metal].argmax(axis=1)]
    np.testing.assert_allclose(distance, 5, atol=0.11)
    again, _ = make_featureless_edges(element="Fe", shift=0, return_X_y=True, **settings)
    np.testing.assert_array_equal(X, again)


def test_unknown_element_is_refused():
    with pytest.raises(ValueError, match="element"):
        make_featureless_edges(element="O")
