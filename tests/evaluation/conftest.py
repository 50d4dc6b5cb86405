import logging

import pytest

from skspectra.evaluation import _cross_validation
from skspectra.neural._cuda.stacked_training import fit_side_by_side


@pytest.fixture
def stacked(monkeypatch, caplog):
    """Take the path of CUDA, and see what is logged."""
    caplog.set_level(logging.INFO, "skspectra")
    monkeypatch.setattr(_cross_validation, "fit_together", lambda estimator: fit_side_by_side)
    return caplog
