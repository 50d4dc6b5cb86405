"""Local crystallography: an atom is described by the vectors to its neighbours."""

from numbers import Integral

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_array, check_is_fitted, validate_data

from skspectra._numerics.images.neighbors import (
    least_angle,
    neighbor_vectors,
    point_group,
    sorted_by_angle,
    surrounded,
)
from skspectra._sklearn import Interval, StrOptions, fit_context, validate_params

__all__ = ["NeighborVectors", "symmetrize"]


class NeighborVectors(TransformerMixin, BaseEstimator):
    r"""Describe each atom by the vectors to its nearest neighbours.

    .. math:: (r_{1,y}, r_{1,x}, r_{2,y}, r_{2,x}, \ldots)

    Atoms of one phase or variant have similar rows, so that k-means, Gaussian mixtures or principal
    components tell phases apart [1]_.

    Parameters
    ----------
    n_neighbors : int, default=4
        Number of neighbours.
    sort : {"angle", "distance"}, default="angle"
        Order of the neighbours: by angle, or the nearest first. Angles begin in the direction in
        which fewest neighbours lie, so that noise does not change the order in a lattice.
    border : {"nan", "drop", "keep"}, default="nan"
        How atoms are treated that are not surrounded by neighbours, as at the border of the image:
        their rows are NaN, left out, or computed like all others.

    Attributes
    ----------
    start_angle_ : float
        Angle at which the order begins, in radians, from the direction of columns towards that of
        rows.
    n_features_in_ : int
        Number of coordinates, 2.

    Raises
    ------
    ValueError
        If there are not more atoms than neighbours, or positions do not have two coordinates.

    References
    ----------
    .. [1] A. Belianinov et al., "Identification of phases, symmetries and defects through local
       crystallography", Nature Communications 6, 7801 (2015).

    Examples
    --------
    >>> import numpy as np
    >>> from skspectra.imaging import NeighborVectors
    >>> positions = np.argwhere(np.ones((3, 3)))
    >>> neighbors = NeighborVectors(border="drop").fit(positions)
    >>> neighbors.transform(positions)
    array([[ 1.,  0.,  0., -1., -1.,  0.,  0.,  1.]])
    >>> neighbors.inside(positions).nonzero()[0]
    array([4])
    """

    _parameter_constraints: dict = {
        "n_neighbors": [Interval(Integral, 1, None, closed="left")],
        "sort": [StrOptions({"angle", "distance"})],
        "border": [StrOptions({"nan", "drop", "keep"})],
    }

    def __init__(self, n_neighbors=4, *, sort="angle", border="nan"):
        self.n_neighbors = n_neighbors
        self.sort = sort
        self.border = border

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Find the direction in which fewest neighbours lie.

        Parameters
        ----------
        X : array-like of shape (n_atoms, 2)
            Positions, as row and column in any unit.
        y : None
            Ignored.

        Returns
        -------
        self : object
        """
        vectors = self._vectors(X, reset=True)
        inside = surrounded(vectors)
        self.start_angle_ = least_angle(vectors[inside] if inside.any() else vectors)
        return self

    def transform(self, X):
        """Return the vectors to the neighbours.

        Parameters
        ----------
        X : array-like of shape (n_atoms, 2)
            Positions: those of `fit`, or of another frame.

        Returns
        -------
        rows : ndarray of shape (n_atoms, 2 * n_neighbors)
            With ``border="drop"``, only the rows of atoms that are `inside`.
        """
        check_is_fitted(self, "start_angle_")
        vectors = self._vectors(X, reset=False)
        inside = surrounded(vectors)
        if self.sort == "angle":
            vectors = sorted_by_angle(vectors, self.start_angle_)
        rows = vectors.reshape(len(vectors), -1)
        if self.border == "drop":
            return rows[inside]
        return np.where(inside[:, None], rows, np.nan) if self.border == "nan" else rows

    def inside(self, X):
        """Return which atoms are surrounded by their neighbours.

        Parameters
        ----------
        X : array-like of shape (n_atoms, 2)
            Positions.

        Returns
        -------
        inside : ndarray of shape (n_atoms,), bool
        """
        check_is_fitted(self, "start_angle_")
        return surrounded(self._vectors(X, reset=False))

    def _vectors(self, X, *, reset):
        X = validate_data(self, X, reset=reset, dtype=np.float64)
        if X.shape[1] != 2:
            raise ValueError(f"Positions have two coordinates, got {X.shape[1]} columns.")
        if len(X) <= self.n_neighbors:
            raise ValueError(
                f"{self.n_neighbors} neighbours need more atoms, got {len(X)}. Lower n_neighbors."
            )
        return neighbor_vectors(X, self.n_neighbors)


@validate_params(
    {
        "rows": ["array-like"],
        "n_fold": [Interval(Integral, 1, None, closed="left")],
        "mirror": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def symmetrize(rows, n_fold, *, mirror=True, start_angle=-np.pi):
    """Apply all operations of a point group to the vectors of neighbours.

    Clustering all copies tells a ferroic phase from a phase that is not ferroic [1]_: if the copies
    of an atom fall into different clusters, these are variants of each other; if they fall into the
    same cluster, the neighbourhood of the atom has the symmetry.

    Parameters
    ----------
    rows : array-like of shape (n_atoms, 2 * n_neighbors)
        Vectors to the neighbours, from `NeighborVectors`.
    n_fold : int
        Order of the axis: 2, 3, 4 or 6 of a lattice.
    mirror : bool, default=True
        Whether mirrors belong to the group: 4mm is (4, True).
    start_angle : float, default=-pi
        Angle at which counting of neighbours begins, `NeighborVectors.start_angle_`.

    Returns
    -------
    copies : ndarray of shape (n_operations, n_atoms, 2 * n_neighbors)
        The first are the rows themselves, sorted by angle.

    References
    ----------
    .. [1] A. Belianinov et al., Nature Communications 6, 7801 (2015).

    Examples
    --------
    >>> from skspectra.imaging import symmetrize
    >>> symmetrize([[0.0, 1.0, 0.0, -2.0]], 2, mirror=False).round()[:, 0] + 0.0
    array([[ 0., -2.,  0.,  1.],
           [ 0., -1.,  0.,  2.]])
    """
    rows = check_array(rows, dtype=np.float64, ensure_all_finite="allow-nan", input_name="rows")
    if rows.shape[1] % 2:
        raise ValueError(f"rows hold pairs of coordinates, got {rows.shape[1]} columns.")
    vectors = rows.reshape(len(rows), -1, 2)
    copies = [
        sorted_by_angle(vectors @ each.T, start_angle) for each in point_group(n_fold, mirror)
    ]
    return np.stack(copies).reshape(len(copies), *rows.shape)
