"""What is known of measured images without a reader."""

import numpy as np
import pytest

from skspectra.imaging import PhaseSegmenter
from skspectra.io import read_signal, to_matrix
from skspectra.sampling import KMeansCleaner

pytestmark = pytest.mark.real_data


def counts_of(path, window):
    rows, axis, shape = to_matrix(read_signal(path))
    near = (axis > window[0]) & (axis < window[1])
    return np.maximum(np.asarray(rows)[:, near], 0), axis[near], shape


def test_phases_of_a_line_scan_follow_each_other(real_data):
    rows, axis, _ = counts_of(real_data / "lsmo_linescan.hspy", (580, 690))
    segmenter = PhaseSegmenter(spectral_axis=axis, random_state=0).fit(rows)
    labels = segmenter.labels_
    assert (labels >= 0).all(), "all of it is a manganite"
    changes = (np.diff(labels) != 0).sum()
    assert 1 < segmenter.n_phases_ <= changes + 1 <= segmenter.n_phases_ + 2
    assert segmenter.onset_ == pytest.approx(632, abs=3)
    assert segmenter.gain_ > 5, "its counts are scaled"


def test_phases_of_an_image_begin_at_its_copper_edge_and_are_connected(real_data):
    rows, axis, shape = counts_of(real_data / "cuzn_spectrum_image.hspy", (700, 2000))
    segmenter = PhaseSegmenter(spectral_axis=axis, random_state=0).fit(rows, shape=shape)
    assert segmenter.onset_ == pytest.approx(931, abs=25)  # channels of 8 eV
    labels = segmenter.labels_
    alike = np.mean([(labels[1:] == labels[:-1]).mean(), (labels[:, 1:] == labels[:, :-1]).mean()])
    shares = np.unique(labels, return_counts=True)[1] / labels.size
    assert alike > 3 * (shares**2).sum(), "neighbours by chance"


def test_the_cleaner_keeps_what_shows_an_edge(real_data):
    rows, axis, _ = counts_of(real_data / "lsmo_linescan.hspy", (580, 690))
    assert KMeansCleaner(spectral_axis=axis, random_state=0).fit(rows).mask_.all()
    rows, axis, _ = counts_of(real_data / "cuzn_spectrum_image.hspy", (700, 2000))
    kept = KMeansCleaner(spectral_axis=axis, random_state=0).fit(rows).mask_
    after, before = (
        rows[:, (axis > low) & (axis < high)].mean(axis=1)
        for low, high in ((940, 1000), (860, 920))
    )
    jump = after / before.clip(1)
    assert 0.2 < kept.mean() < 0.8
    assert np.quantile(jump[kept], 0.1) > np.median(jump[~kept])
