"""Displays: figures of spectra, maps and models."""

from skspectra.plotting._abundances import AbundanceMapDisplay
from skspectra.plotting._activations import ActivationsDisplay
from skspectra.plotting._background import BackgroundDisplay
from skspectra.plotting._clusters import ClusterCentersDisplay
from skspectra.plotting._embedding import EmbeddingDisplay
from skspectra.plotting._endmembers import EndmemberDisplay
from skspectra.plotting._history import TrainingHistoryDisplay
from skspectra.plotting._line_scan import LineScanDisplay
from skspectra.plotting._neighbors import NeighborDisplay
from skspectra.plotting._residuals import ResidualMapDisplay
from skspectra.plotting._robustness import RobustnessDisplay
from skspectra.plotting._saliency import SaliencyDisplay
from skspectra.plotting._score_maps import ScoreMapsDisplay
from skspectra.plotting._scree import ScreeDisplay
from skspectra.plotting._sliding_windows import SlidingWindowDisplay
from skspectra.plotting._spectra import SpectraDisplay
from skspectra.plotting._spectrum_at import SpectrumAtDisplay
from skspectra.plotting._transitions import TransitionDisplay
from skspectra.plotting._valence_map import ValenceMapDisplay

__all__ = [
    "AbundanceMapDisplay",
    "ActivationsDisplay",
    "BackgroundDisplay",
    "ClusterCentersDisplay",
    "EmbeddingDisplay",
    "EndmemberDisplay",
    "LineScanDisplay",
    "NeighborDisplay",
    "ResidualMapDisplay",
    "RobustnessDisplay",
    "SaliencyDisplay",
    "ScoreMapsDisplay",
    "ScreeDisplay",
    "SlidingWindowDisplay",
    "SpectraDisplay",
    "SpectrumAtDisplay",
    "TrainingHistoryDisplay",
    "TransitionDisplay",
    "ValenceMapDisplay",
]
