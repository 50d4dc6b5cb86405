"""Simulated spectrum image of a cathode particle whose surface is reduced."""

from numbers import Integral, Real

import numpy as np
from sklearn.utils import Bunch

from skspectra._numerics.random import as_generator
from skspectra._sklearn import Interval, validate_params
from skspectra.datasets._l23 import make_l23_spectra

__all__ = ["make_particle_image"]

DESCR = """Simulated Mn L2,3 spectrum image of a cathode particle

Mn4+ inside, a rim of 2.5 pixels that is half Mn3+ and half Mn4+, and outside it one of 2.5 pixels
of Mn2+; two holes within, substrate around it with another hole. See
skspectra.datasets.make_particle_image.
"""

_IONS = ("Mn2+", "Mn3+", "Mn4+")
_RIM = 2.5  # pixels of each of the two layers
_HOLES = ((26, 40, 4), (40, 60, 3), (10, 10, 6))  # row, column, radius


@validate_params(
    {
        "counts": [Interval(Real, 0, None, closed="neither")],
        "background": [Interval(Real, 0, None, closed="neither")],
        "shift": [Real],
        "resolution": [Interval(Real, 0, None, closed="neither")],
        "thickness": [Interval(Real, 0, None, closed="left")],
        "n_points": [Interval(Integral, 1, None, closed="left")],
        "random_state": ["random_state", np.random.Generator],
    },
    prefer_skip_nested_validation=True,
)
def make_particle_image(
    counts=30,
    *,
    background=3.0,
    shift=-7.0,
    resolution=1.0,
    thickness=0.3,
    n_points=20,
    random_state=None,
):
    """Simulate a spectrum image of a cathode particle at a low dose.

    The particle is like layered nickel manganese cobalt oxide after cycling: Mn4+ with a reduced
    surface [1]_. It is thinner at its edges; around it is a substrate whose background falls less
    steeply, and holes have 3 % of the background. The edges are those of `make_l23_spectra`.

    Parameters
    ----------
    counts : float, default=30
        Expected counts of the edge in the highest channel of Mn4+ where the particle is thickest.
    background : float, default=3.0
        Background at 636 eV in units of `counts`.
    shift : float, default=-7.0
        Calibration error in eV.
    resolution : float, default=1.0
        Full width at half maximum of the instrument in eV.
    thickness : float, default=0.3
        Inelastic mean free paths, for the plural scattering within the edges.
    n_points : int, default=20
        Points of the parameter range of each ion, one of which is drawn.
    random_state : int, RandomState, Generator or None, default=None
        Seeds the edges, the outline and the counts.

    Returns
    -------
    image : :class:`~sklearn.utils.Bunch`
        data : ndarray of shape (64, 96, 200), int
            Counts.
        spectral_axis : ndarray of shape (200,)
            Energies in eV, .5 apart from 600.
        valence : ndarray of shape (64, 96)
            Mean valence of Mn in each pixel; NaN outside of the particle and in holes.
        expected : ndarray of shape (64, 96, 200)
            Expected counts, of which `data` is a Poisson sample.
        DESCR : str
            Description.

    References
    ----------
    .. [1] F. Lin et al., "Surface reconstruction and chemical evolution of stoichiometric layered
       cathode materials for lithium-ion batteries", Nature Communications 5, 3529 (2014).

    Examples
    --------
    >>> import numpy as np
    >>> from skspectra.datasets import make_particle_image
    >>> image = make_particle_image(30, random_state=0)
    >>> image.data.shape, np.unique(image.valence[image.valence > 0])
    ((64, 96, 200), array([2. , 3.5, 4. ]))
    """
    rng = as_generator(random_state)
    axis = np.arange(600, 700, 0.5)
    valence, depth, is_hole = _outline(rng)
    spectra = _edges(axis, rng, shift, resolution, thickness, n_points)
    falling = (axis / 636)[:, None] ** -np.array([3.0, 2.0])
    of_particle, of_substrate = background * falling.T * np.array([[1], [0.7]])
    amount = 0.65 + 0.35 * np.sqrt((depth.clip(0) / 30).clip(0, 1))
    expected = np.empty((*valence.shape, axis.size))
    expected[:] = of_substrate
    expected[is_hole] = 0.03 * of_particle
    for each, edge in spectra.items():
        at = valence == each
        expected[at] = amount[at][:, None] * (of_particle + edge)
    expected *= counts
    return Bunch(
        data=rng.poisson(expected),
        spectral_axis=axis,
        valence=valence,
        expected=expected,
        DESCR=DESCR,
    )


def _outline(rng):
    """Valence of each pixel, its depth below the surface, and where holes are."""
    row, column = np.mgrid[:64, :96]
    angle = np.arctan2(row - 32, column - 48)
    radius = np.hypot((row - 32) / 0.8, column - 48)
    surface = 30 + 3 * np.sin(3 * angle + rng.uniform(0, 6)) + 1.5 * np.sin(7 * angle + 1)
    depth = surface - radius
    valence = np.select([depth <= 0, depth <= _RIM, depth <= 2 * _RIM], [np.nan, 2, 3.5], 4.0)
    is_hole = np.zeros(valence.shape, dtype=bool)
    for y, x, size in _HOLES:
        is_hole |= np.hypot(row - y, column - x) < size
    valence[is_hole] = np.nan
    return valence, depth, is_hole


def _edges(axis, rng, shift, resolution, thickness, n_points):
    """Edges without noise, by valence."""
    X, y = make_l23_spectra(
        1,
        ions=_IONS,
        spectral_axis=axis,
        shift=shift,
        stretch=0,
        resolution=resolution,
        thickness=thickness,
        n_points=n_points,
        dose=None,
        residual_background=0,
        gain_noise=0,
        readout_noise=0,
        random_state=rng,
        return_X_y=True,
    )
    of = dict(zip(y, X.astype(float).clip(0), strict=True))
    return {2: of["Mn2+"], 3.5: (of["Mn3+"] + of["Mn4+"]) / 2, 4: of["Mn4+"]}
