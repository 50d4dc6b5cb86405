import numpy as np
import pytest


def peaks(n_spectra, n_channels=24, n_classes=3, seed=0):
    """Peaks of different widths, one width per class, with some noise."""
    rng = np.random.default_rng(seed)
    codes = np.arange(n_spectra) % n_classes
    position = rng.uniform(0.4, 0.6, (n_spectra, 1)) * n_channels
    width = np.array([0.03, 0.09, 0.25])[codes][:, None] * n_channels
    X = np.exp(-(((np.arange(n_channels) - position) / width) ** 2) / 2)
    return X + rng.normal(0, 0.02, X.shape), np.array(["Mn2+", "Mn3+", "Mn4+"])[codes]


@pytest.fixture(scope="session")
def spectra():
    """Spectra of 24 channels and their labels: X of shape (60, 24), y of shape (60,)."""
    return peaks(60)


@pytest.fixture(scope="session")
def published_spectra():
    """Spectra of the published width: X of shape (12, 300), y of shape (12,)."""
    return peaks(12, n_channels=300)
