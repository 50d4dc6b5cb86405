"""Neighbours of atoms, and what turns and mirrors do to them."""

import numpy as np
from scipy.spatial import cKDTree

__all__ = ["least_angle", "neighbor_vectors", "point_group", "sorted_by_angle", "surrounded"]


def neighbor_vectors(positions, n_neighbors):
    """Vectors to the nearest others, the nearest first, (n_atoms, n_neighbors, n_dimensions)."""
    _, index = cKDTree(positions).query(positions, k=n_neighbors + 1)
    index = np.where(index[:, :1] == np.arange(len(index))[:, None], index, _self_first(index))
    return positions[index[:, 1:]] - positions[:, None]


def _self_first(index):
    """Move each atom to the front where another lies at the same place."""
    itself = np.arange(len(index))[:, None]
    order = np.argsort(index != itself, axis=1, kind="stable")
    return np.take_along_axis(index, order, axis=1)


def least_angle(vectors):
    """Angle at which neighbours are fewest, where to begin counting them, in whole degrees.

    Counts by degree are smoothed over as many as there are between neighbours on average.
    """
    angles = np.degrees(np.arctan2(vectors[..., 0], vectors[..., 1])).ravel()
    counts = np.bincount(np.floor(angles).astype(int) % 360, minlength=360)
    width = 360 // vectors.shape[1]
    kernel = np.hanning(2 * width + 1)[1:-1]
    around = np.convolve(np.tile(counts, 3), kernel, mode="same")[360:720]
    return np.radians(np.argmin(around) + 0.5)


def sorted_by_angle(vectors, start):
    """Neighbours of each atom counted anticlockwise (row down, column right) from an angle."""
    angles = (np.arctan2(vectors[..., 0], vectors[..., 1]) - start) % (2 * np.pi)
    order = np.argsort(angles, axis=1, kind="stable")
    return np.take_along_axis(vectors, order[..., None], axis=1)


def surrounded(vectors):
    """Whether neighbours lie on all sides: no gap between two directions is 150 degrees or more.

    At a straight border the gap is 180 degrees, and less by noise.
    """
    angles = np.sort(np.arctan2(vectors[..., 0], vectors[..., 1]), axis=1)
    gaps = np.diff(angles, axis=1, append=angles[:, :1] + 2 * np.pi)
    return gaps.max(axis=1) < np.radians(150)


def point_group(n_fold, mirror):
    """Matrices of the turns, and with `mirror` of the mirrors, (n_operations, 2, 2)."""
    angles = 2 * np.pi * np.arange(n_fold) / n_fold
    turns = np.array([[[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]] for a in angles])
    return np.concatenate([turns, turns @ np.diag([1.0, -1.0])]) if mirror else turns
