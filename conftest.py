"""Fixtures and settings of all tests, those in docstrings too."""

import atexit
import importlib.util
import os
import shutil
import tempfile
from pathlib import Path

import pytest

# These are set before torch and matplotlib are imported, which only workers of pytest-xdist do.
os.environ["OMP_NUM_THREADS"] = "1"  # one core for each worker
os.environ["MPLBACKEND"] = "agg"
if importlib.util.find_spec("triton") is None:  # it comes with torch for CUDA
    collect_ignore = ["skspectra/neural/_cuda/triton"]
if "PYTEST_XDIST_WORKER" not in os.environ:  # workers inherit the folder
    os.environ["SKSPECTRA_CACHE"] = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, os.environ["SKSPECTRA_CACHE"], ignore_errors=True)


@pytest.fixture
def real_data():
    """Folder with real measurements."""
    folder = os.environ.get("SKSPECTRA_REAL_DATA")
    if not folder:
        pytest.skip("SKSPECTRA_REAL_DATA does not name a folder with real measurements")
    return Path(folder)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    """Where real data is promised, a test of it that skips has failed."""
    report = yield
    promised = os.environ.get("SKSPECTRA_REAL_DATA") and "real_data" in item.keywords
    if promised and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
    return report
