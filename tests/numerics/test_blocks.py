"""What steps need besides their input and output is bounded, whatever the number of spectra."""

import tracemalloc

import numpy as np
import pytest
from estimators import AUGMENTERS, TRANSFORMERS

from skspectra._numerics.blocks import blocks, in_blocks
from skspectra.augmentation import AxisStretch, EnergyShift, PCANoise, PoissonNoise
from skspectra.features import WhiteLineFeatures
from skspectra.preprocessing import (
    PCADenoiser,
    PeakAligner,
    PowerLawBackground,
    SpectralCrop,
    SpectralResampler,
    SpectrumNormalizer,
)
from skspectra.unmixing import ReferenceFit

ENERGY = 615 + 0.1 * np.arange(700)
STEPS = [
    PowerLawBackground((615, 630), spectral_axis=ENERGY),
    PowerLawBackground((615, 684), spectral_axis=ENERGY, loss="least_squares"),
    *(SpectrumNormalizer(norm, spectral_axis=ENERGY) for norm in ("minmax", "area", "l2", "snv")),
    SpectralCrop((616, 684), spectral_axis=ENERGY),
    SpectralResampler(ENERGY[:-1] + 0.03, spectral_axis=ENERGY),
    SpectralResampler(ENERGY[3:-9:5], spectral_axis=ENERGY),
    PeakAligner((630, 660), spectral_axis=ENERGY),
    PeakAligner((630, 660), method="correlation", spectral_axis=ENERGY),
    PeakAligner((630, 660), spectral_axis=ENERGY + 1e-5 * ENERGY**2),
    PCADenoiser(5),
    PCADenoiser(5, poisson=True),
    WhiteLineFeatures(spectral_axis=ENERGY),
    ReferenceFit(shift=0, spectral_axis=ENERGY),
    EnergyShift(spectral_axis=ENERGY, random_state=0),
    EnergyShift(spectral_axis=ENERGY, window=(625, 675), random_state=0),
    AxisStretch(spectral_axis=ENERGY, random_state=0),
    PCANoise(random_state=0),
    PoissonNoise(random_state=0),
]


@pytest.fixture(scope="module")
def spectra():
    """64 MiB of three kinds of edges on a background."""
    rng = np.random.default_rng(0)
    lines = [np.exp(-(((ENERGY - at) / 2) ** 2)) for at in (641, 642, 653)]
    edges = np.array([3 * lines[0] + lines[2], 3 * lines[1] + 2 * lines[2], lines[1] + lines[2]])
    clean = (100 * edges + 200 * (ENERGY / 615) ** -3).astype(np.float32)
    return np.tile(rng.poisson(clean[:, None], (3, 100, 700)).reshape(300, 700), (80, 1)).astype(
        np.float32
    )


@pytest.mark.parametrize("step", STEPS, ids=str)
@pytest.mark.filterwarnings("ignore::skspectra.exceptions.SpectrumWarning")
def test_memory_beyond_input_and_output_is_below_64_mib(step, spectra):
    if hasattr(step, "perturb"):
        function = step.fit_transform
    else:
        function = step.fit(spectra[:300], np.arange(300) // 100).transform
    if isinstance(step, WhiteLineFeatures):  # slow, and holds many arrays as large as its input
        spectra = spectra[::4]
    tracemalloc.start()
    out = function(spectra)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak - out.nbytes < 64 * 2**20


def test_no_step_is_forgotten():
    rooms = ("skspectra.preprocessing", "skspectra.augmentation", "skspectra.features")
    checked = [type(step) for step in (*TRANSFORMERS, *AUGMENTERS)]
    wanted = {each for each in checked if each.__module__.startswith(rooms)}
    assert wanted - {type(step) for step in STEPS} == set()


@pytest.mark.parametrize("shape", [(0, 5), (1, 5), (1000, 700), (3, 10**6)])
def test_blocks_take_every_row_once(shape):
    X = np.broadcast_to(np.float32(0), shape)
    rows = [row for block in blocks(X) for row in range(*block.indices(len(X)))]
    assert rows == list(range(len(X)))
    numbers = np.arange(float(len(X)))[:, None] * np.ones((1, min(shape[1], 3)))
    np.testing.assert_array_equal(in_blocks(lambda r: 2 * numbers[r], numbers), 2 * numbers)
