"""Display classes: arrays at construction, `plot` draws."""

from skspectra.plotting._robustness import RobustnessDisplay
from skspectra.plotting._spectra import SpectraDisplay

__all__ = ["RobustnessDisplay", "SpectraDisplay"]
