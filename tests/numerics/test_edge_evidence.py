import numpy as np
import pytest

from skspectra._numerics.edges.evidence import (
    Evidence,
    divide_by_thickness,
    edge_evidence,
    keeps_thin_edges,
)

AXIS = np.arange(600, 700, 0.5)


BOXES = 30.0 * ((AXIS >= 630) & (AXIS < 655)) + 60.0 * ((AXIS >= 658) & (AXIS < 673))
EXPECTED = 100 * (AXIS / 640) ** -3 + BOXES


def test_evidence_of_a_box_on_a_power_law_is_known():
    evidence = edge_evidence(EXPECTED[None], AXIS, 640.0, (600, 625))
    assert evidence.contrast[0] == pytest.approx(0.3, rel=0.01)
    assert evidence.thickness[0] == pytest.approx(2, rel=0.01)


def test_the_errors_are_the_spread_of_spectra_that_differ_by_counting_noise():
    counts = np.random.default_rng(0).poisson(20 * EXPECTED, (500, AXIS.size))
    evidence = edge_evidence(counts, AXIS, 640.0, (600, 625))
    assert evidence.error.mean() == pytest.approx(evidence.contrast.std(), rel=0.15)
    assert evidence.thickness_error.mean() == pytest.approx(evidence.thickness.std(), rel=0.15)


def test_single_spectra_leave_clusters_of_the_other_kind_where_they_are_sure():
    nothing = np.zeros(6)
    clusters = Evidence(np.array([0.3, 0.3]), nothing[:2], np.array([0.8, 2.4]), nothing[:2])
    thickness, error = np.array([0.8, 1.8, 1.8, 2.4, 0.9, 1.3]), np.array([0, 0.1, 0.3, 0, 0.1, 0])
    spectra = Evidence(nothing + 0.3, nothing, thickness, error)
    labels = divide_by_thickness(np.array([0, 0, 0, 1, 1, 1]), spectra, clusters)
    np.testing.assert_array_equal(labels, [0, 1, 0, 2, 3, 2])
    unjudged = clusters._replace(thickness=clusters.thickness + 1)
    labels = divide_by_thickness(np.array([0, 0, 0, 1, 1, 1]), spectra, unjudged)
    np.testing.assert_array_equal(labels, [0, 0, 0, 1, 1, 1])


def test_thick_and_weak_clusters_are_dropped():
    contrast, error, sizes = np.array([0.3, 0.25, 0.05, 0.3]), np.full(4, 0.01), np.full(4, 50)
    thickness = np.array([0.9, 2.4, 0.9, 1.6])
    keep = keeps_thin_edges(Evidence(contrast, error, thickness, error), sizes)
    np.testing.assert_array_equal(keep, [True, False, False, True])
    unjudged = keeps_thin_edges(Evidence(contrast, error, thickness + 1, error), sizes)
    np.testing.assert_array_equal(unjudged, [True, True, False, True])
    noisy = keeps_thin_edges(Evidence(contrast, error * 20, thickness, error), sizes)
    assert not noisy.any()
