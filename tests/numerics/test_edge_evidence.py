import numpy as np
import pytest

from skspectra._numerics.edges.evidence import Evidence, edge_evidence, keeps_thin_edges

AXIS = np.arange(600, 700, 0.5)


def test_evidence_of_a_box_on_a_power_law_is_known():
    background = 100 * (AXIS / 640) ** -3
    edge = 30.0 * ((AXIS >= 630) & (AXIS < 655)) + 60.0 * ((AXIS >= 658) & (AXIS < 673))
    evidence = edge_evidence((background + edge)[None], AXIS, 640.0, (600, 625))
    assert evidence.contrast[0] == pytest.approx(0.3, rel=0.01)
    assert evidence.thickness[0] == pytest.approx(2, rel=0.01)


def test_thick_and_weak_clusters_are_dropped():
    contrast, error, sizes = np.array([0.3, 0.25, 0.05, 0.3]), np.full(4, 0.01), np.full(4, 50)
    thickness = np.array([0.9, 2.4, 0.9, 1.6])
    keep = keeps_thin_edges(Evidence(contrast, error, thickness), sizes)
    np.testing.assert_array_equal(keep, [True, False, False, True])
    unjudged = keeps_thin_edges(Evidence(contrast, error, thickness + 1), sizes)
    np.testing.assert_array_equal(unjudged, [True, True, False, True])
    noisy = keeps_thin_edges(Evidence(contrast, error * 20, thickness), sizes)
    assert not noisy.any()
