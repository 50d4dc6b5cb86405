"""Transformers, which change each spectrum by itself."""

from skspectra.preprocessing._align import PeakAligner
from skspectra.preprocessing._crop import SpectralCrop
from skspectra.preprocessing._denoise import PCADenoiser
from skspectra.preprocessing._normalize import SpectrumNormalizer
from skspectra.preprocessing._power_law import PowerLawBackground, PowerLawParameters
from skspectra.preprocessing._resample import SpectralResampler

__all__ = [
    "PCADenoiser",
    "PeakAligner",
    "PowerLawBackground",
    "PowerLawParameters",
    "SpectralCrop",
    "SpectralResampler",
    "SpectrumNormalizer",
]
