"""Endmembers that are spectra of the image: the corners of the largest simplex."""

from numbers import Integral

import numpy as np

from skspectra._numerics.mixtures.affine_plane import principal_axes, project
from skspectra._numerics.mixtures.pure_pixels import growing_simplex, largest_simplex
from skspectra._numerics.random import as_generator
from skspectra._sklearn import Interval
from skspectra.unmixing._linear import LinearUnmixer
from skspectra.unmixing._rows import blocks_of, check_n_components, check_room, rows_of

__all__ = ["NFINDR"]


class NFINDR(LinearUnmixer):
    r"""Find the purest spectra, the corners of the largest simplex (N-FINDR).

    Mixtures whose shares add up to one lie in a simplex, the corners of which are the endmembers.
    Spectra are projected on their first principal axes, one fewer than there are endmembers, and
    pixels are exchanged while the volume

    .. math:: V = \frac{1}{(q - 1)!} \left| \det \begin{pmatrix} 1 & \cdots & 1 \\
        t_1 & \cdots & t_q \end{pmatrix} \right|

    grows [1]_. Each endmember must occur pure somewhere in the image. If there are no pure spectra,
    use `MinimumVolumeUnmixer`.

    Parameters
    ----------
    n_components : int
        Number of endmembers.
    n_init : int, default=1
        Number of starts; the largest simplex is kept. The first start takes, one by one, the pixel
        that is farthest from those before it. The others are random.
    poisson : bool, default=False
        Whether the spectra are counts and projected after Keenan and Kotula's scaling.
    denoise : bool, default=False
        Whether the endmembers are the projections of the spectra that were found, which have less
        noise, instead of the spectra themselves.
    random_state : int, RandomState instance or None, default=None
        Seeds the random starts.

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
        If there are fewer spectra than endmembers, if the spectra lie in fewer dimensions, or with
        ``poisson=True`` if some are negative.

    References
    ----------
    .. [1] M. E. Winter, "N-FINDR: an algorithm for fast autonomous spectral end-member
       determination in hyperspectral data", Proceedings of SPIE 3753, 266 (1999).

    Examples
    --------
    >>> import numpy as np
    >>> from skspectra.unmixing import NFINDR
    >>> pure = np.array([[3.0, 1.0, 0.0], [0.0, 1.0, 3.0]])
    >>> shares = np.array([[0.5, 0.5], [1, 0], [0.2, 0.8], [0, 1]])
    >>> unmix = NFINDR(2).fit(shares @ pure)
    >>> sorted(unmix.indices_.tolist())
    [1, 3]
    """

    _parameter_constraints: dict = {
        "n_components": [Interval(Integral, 1, None, closed="left")],
        "n_init": [Interval(Integral, 1, None, closed="left")],
        "poisson": ["boolean"],
        "denoise": ["boolean"],
        "random_state": ["random_state"],
    }

    def __init__(self, n_components, *, n_init=1, poisson=False, denoise=False, random_state=None):
        self.n_components = n_components
        self.n_init = n_init
        self.poisson = poisson
        self.denoise = denoise
        self.random_state = random_state

    def _fit(self, X):
        X = self._validate_spectra(X, reset=True, ensure_min_samples=2)
        check_n_components(self.n_components, X)
        axes = principal_axes(self._checked_blocks(X), poisson=self.poisson)
        check_room(axes, self.n_components)
        n_dimensions = self.n_components - 1
        scores = np.concatenate([project(block, axes, n_dimensions) for _, block in blocks_of(X)])
        found = [largest_simplex(scores, start) for start in self._starts(scores)]
        self.indices_ = max(found, key=lambda each: each[1])[0]
        if self.denoise:
            plane = axes.vectors[:n_dimensions] * axes.scale
            self.components_ = axes.mean + scores[self.indices_] @ plane
        else:
            self.components_ = rows_of(X, self.indices_)

    def _starts(self, scores):
        rng = as_generator(self.random_state)
        yield growing_simplex(scores)
        for _ in range(self.n_init - 1):
            yield rng.choice(len(scores), self.n_components, replace=False)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.positive_only = self.poisson
        return tags
