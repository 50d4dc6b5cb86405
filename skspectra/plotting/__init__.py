"""Display classes: arrays at construction, `plot` draws."""

from skspectra.plotting._activations import ActivationsDisplay
from skspectra.plotting._background import BackgroundDisplay
from skspectra.plotting._clusters import ClusterCentersDisplay
from skspectra.plotting._embedding import EmbeddingDisplay
from skspectra.plotting._history import TrainingHistoryDisplay
from skspectra.plotting._line_scan import LineScanDisplay
from skspectra.plotting._robustness import RobustnessDisplay
from skspectra.plotting._saliency import SaliencyDisplay
from skspectra.plotting._scree import ScreeDisplay
from skspectra.plotting._spectra import SpectraDisplay
from skspectra.plotting._valence_map import ValenceMapDisplay

__all__ = [
    "ActivationsDisplay",
    "BackgroundDisplay",
    "ClusterCentersDisplay",
    "EmbeddingDisplay",
    "LineScanDisplay",
    "RobustnessDisplay",
    "SaliencyDisplay",
    "ScreeDisplay",
    "SpectraDisplay",
    "TrainingHistoryDisplay",
    "ValenceMapDisplay",
]
