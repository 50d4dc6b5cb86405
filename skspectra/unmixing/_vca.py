"""Endmembers that are spectra of the image, found one by one along random directions."""

from numbers import Integral

import numpy as np

from skspectra._numerics.mixtures.affine_plane import principal_axes, project
from skspectra._numerics.mixtures.pure_pixels import perspective_plane, vertex_components
from skspectra._numerics.random import as_generator
from skspectra._sklearn import Interval
from skspectra.unmixing._linear import LinearUnmixer
from skspectra.unmixing._rows import blocks_of, check_n_components, check_room, rows_of

__all__ = ["VCA"]


class VCA(LinearUnmixer):
    """Find the purest spectra one by one, by vertex component analysis (VCA).

    Each is the spectrum that reaches farthest along a random direction orthogonal to those found
    before [1]_. This takes one pass over the spectra for each endmember. Each endmember must occur
    pure somewhere in the image. If there are no pure spectra, use `MinimumVolumeUnmixer`.

    If there is little noise, differences of brightness are removed first, by projecting spectra
    along rays from the origin on a plane.

    Parameters
    ----------
    n_components : int
        Number of endmembers.
    denoise : bool, default=False
        Whether the endmembers are the projections of the spectra that were found on the principal
        axes, which have less noise, instead of the spectra themselves.
    random_state : int, RandomState instance or None, default=None
        Seeds the directions.

    Attributes
    ----------
    components_ : ndarray of shape (n_components, n_channels)
        Endmembers.
    indices_ : ndarray of shape (n_components,)
        Their rows in X.
    spectral_axis_ : ndarray of shape (n_channels,)
        The axis: numeric column names, else the channel numbers.
    n_features_in_ : int
        Number of channels seen at fit.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen at fit, where they are strings.

    Raises
    ------
    ValueError
        If there are fewer spectra than endmembers, or if the spectra lie in fewer dimensions.

    References
    ----------
    .. [1] J. M. P. Nascimento and J. M. Bioucas-Dias, "Vertex component analysis: a fast algorithm
       to unmix hyperspectral data", IEEE Transactions on Geoscience and Remote Sensing 43, 898
       (2005).

    Examples
    --------
    >>> import numpy as np
    >>> from skspectra.unmixing import VCA
    >>> pure = np.array([[3.0, 1.0, 0.0], [0.0, 1.0, 3.0]])
    >>> shares = np.array([[0.5, 0.5], [1, 0], [0.2, 0.8], [0, 1]])
    >>> unmix = VCA(2, random_state=0).fit(shares @ pure)
    >>> sorted(unmix.indices_.tolist())
    [1, 3]
    """

    _parameter_constraints: dict = {
        "n_components": [Interval(Integral, 1, None, closed="left")],
        "denoise": ["boolean"],
        "random_state": ["random_state"],
    }

    def __init__(self, n_components, *, denoise=False, random_state=None):
        self.n_components = n_components
        self.denoise = denoise
        self.random_state = random_state

    def _fit(self, X):
        X = self._validate_spectra(X, reset=True, ensure_min_samples=2)
        check_n_components(self.n_components, X)
        axes = principal_axes(self._checked_blocks(X), poisson=False)
        check_room(axes, self.n_components)
        to_plane = perspective_plane(axes, self.n_components)
        points = np.concatenate([to_plane(block) for _, block in blocks_of(X)])
        self.indices_ = vertex_components(points, as_generator(self.random_state))
        self.components_ = rows_of(X, self.indices_)
        if self.denoise:
            n_dimensions = self.n_components - 1
            scores = project(self.components_, axes, n_dimensions)
            self.components_ = axes.mean + scores @ axes.vectors[:n_dimensions]
