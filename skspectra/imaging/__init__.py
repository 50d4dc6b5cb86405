"""Whole spectrum images: HyperSpy signals, dask arrays and numpy arrays."""

from skspectra.imaging._atoms import find_atoms
from skspectra.imaging._defects import repair_image
from skspectra.imaging._edges import find_edges
from skspectra.imaging._maps import ValenceMaps
from skspectra.imaging._neighbors import NeighborVectors, symmetrize
from skspectra.imaging._phases import PhaseSegmenter
from skspectra.imaging._predict import predict_image
from skspectra.imaging._read import read_image
from skspectra.imaging._sliding_descriptor import SlidingDescriptor
from skspectra.imaging._sliding_fft import SlidingFFT
from skspectra.imaging._transitions import MarkovTest, TransitionMatrix
from skspectra.imaging._zero_loss import zero_loss_positions

__all__ = [
    "MarkovTest",
    "NeighborVectors",
    "PhaseSegmenter",
    "SlidingDescriptor",
    "SlidingFFT",
    "TransitionMatrix",
    "ValenceMaps",
    "find_atoms",
    "find_edges",
    "predict_image",
    "read_image",
    "repair_image",
    "symmetrize",
    "zero_loss_positions",
]
