import numpy as np
import pytest


def simulated_mixture(counts, seed=0, size=64, purity=0.8, n_components=4):
    """Counts of a smooth image of mixtures, nowhere purer than `purity`, and the truth."""
    from scipy.ndimage import gaussian_filter

    rng = np.random.default_rng(seed)
    energy = np.linspace(0, 1, 120)
    centre = np.linspace(0.25, 0.75, n_components)[:, None]
    endmembers = np.exp(-(((energy - centre) / 0.09) ** 2)) + 0.3 * np.exp(-2 * energy)
    endmembers *= counts
    fields = gaussian_filter(
        rng.normal(size=(n_components, size, size)), (0, size / 10, size / 10), mode="wrap"
    )
    shares = np.exp(2.5 * fields / fields.std()).reshape(n_components, -1).T
    shares /= shares.sum(axis=1, keepdims=True)
    top = shares.max(axis=1, keepdims=True)
    spread = shares + (top - purity).clip(0) * shares / np.maximum(1 - top, 1e-9)
    shares = np.where(top > purity, np.minimum(spread, purity), shares)
    shares /= shares.sum(axis=1, keepdims=True)
    return rng.poisson(shares @ endmembers), shares, endmembers


@pytest.fixture(scope="session")
def mixture():
    return simulated_mixture
