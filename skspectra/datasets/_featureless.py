"""Simulated edges that no ion has: metals, filled shells, single lines, steps."""

from numbers import Integral, Real

import numpy as np
from scipy.ndimage import gaussian_filter1d
from sklearn.utils import Bunch

from skspectra._numerics.axis import check_axis, dispersion
from skspectra._numerics.random import as_generator, check_range
from skspectra._sklearn import Interval, StrOptions, validate_params
from skspectra.datasets._atoms import read_data
from skspectra.datasets._broadening import FWHM_PER_SIGMA
from skspectra.datasets._library import default_axis, splitting

__all__ = ["make_featureless_edges"]

ELEMENTS = ("Sc", "Ti", "V", "Cr", "Mn", "Fe", "Co", "Ni", "Cu")


@validate_params(
    {
        "n_per_class": [Interval(Integral, 1, None, closed="left")],
        "element": [StrOptions(set(ELEMENTS))],
        "spectral_axis": ["array-like", None],
        "shift": [Real, tuple, list],
        "resolution": [Real, tuple, list],
        "random_state": ["random_state", np.random.Generator],
        "return_X_y": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def make_featureless_edges(
    n_per_class=500,
    *,
    element="Mn",
    spectral_axis=None,
    shift=(-6, 10),
    resolution=(0.1, 2.5),
    random_state=None,
    return_X_y=False,
):
    r"""Simulate edges without multiplets at the energies of an element's L2,3 edges.

    A classifier of ions should refuse them. There are four kinds, without noise or background:

    - ``"metal"``: L3 and L2 are one broad line each, as wide as the empty 3d band, above a step of
      the continuum [1]_:
      :math:`\sum_j h_j \left[1 + 4 (E - E_j)^2 / \Gamma_j^2\right]^{-m} + c\,\theta_j(E)` with
      :math:`\Gamma` of 1.8 to 4.5 eV, wider above the line than below;
    - ``"d10"``: a filled 3d shell leaves steps, whose onset may have a weak narrow line where 3d
      mixes with 4s, as in Cu2O [2]_;
    - ``"line"``: one line with a step, as the K edges of light elements have;
    - ``"step"``: a step or a slope alone.

    Parameters
    ----------
    n_per_class : int, default=500
        Number of spectra of each kind.
    element : str, default="Mn"
        From Sc to Cu; sets the energies of L3 and L2.
    spectral_axis : array-like of shape (n_channels,), default=None
        Energies of the channels in eV; None as in `make_l23_spectra`.
    shift : float or tuple of (float, float), default=(-6, 10)
        Calibration error in eV: a range, or one value for all spectra.
    resolution : float or tuple of (float, float), default=(0.1, 2.5)
        Full width at half maximum of the instrument in eV.
    random_state : int, RandomState, Generator or None, default=None
        Seeds everything that is drawn.
    return_X_y : bool, default=False
        Return ``(data, target)`` instead of a Bunch.

    Returns
    -------
    spectra : :class:`~sklearn.utils.Bunch`
        data : ndarray of shape (n_spectra, n_channels), float32
            Spectra in random order, of height 1.
        target : ndarray of shape (n_spectra,), str
            Their kinds.
        spectral_axis : ndarray of shape (n_channels,), float64
            Energies of the channels in eV.
    (data, target) : tuple if `return_X_y` is True

    Raises
    ------
    ValueError
        If a range is not increasing, or a parameter is out of its bounds.

    See Also
    --------
    make_l23_spectra : Edges of ions.

    References
    ----------
    .. [1] R. D. Leapman, L. A. Grunes and P. L. Fejes, "Study of the L2,3 edges in the 3d
       transition metals and their oxides by electron-energy-loss spectroscopy with comparisons to
       theory", Physical Review B 26, 614 (1982).
    .. [2] M. Grioni et al., "Studies of copper valence states with Cu L3 x-ray-absorption
       spectroscopy", Physical Review B 39, 1541 (1989).

    Examples
    --------
    >>> from skspectra.datasets import make_featureless_edges
    >>> X, kinds = make_featureless_edges(
    ...     5, element="Fe", random_state=0, return_X_y=True
    ... )
    >>> X.shape, sorted(set(kinds.tolist()))
    ((20, 300), ['d10', 'line', 'metal', 'step'])
    """
    axis = default_axis(element) if spectral_axis is None else check_axis(spectral_axis)
    bounds = check_range(shift, "shift"), check_range(resolution, "resolution")
    rng = as_generator(random_state)
    maxima = read_data("l23_maxima.json")["elements"][element]["maxima_eV"]
    energy, distance = np.mean(list(maxima.values())), splitting(element)
    rows = [
        edge(axis - energy - rng.uniform(*bounds[0]), distance, rng)
        for edge in _EDGES.values()
        for _ in range(n_per_class)
    ]
    widths = [rng.uniform(*bounds[1]) / dispersion(axis) / FWHM_PER_SIGMA for _ in rows]
    data = np.array([gaussian_filter1d(*each) for each in zip(rows, widths, strict=True)])
    data /= np.maximum(np.abs(data).max(axis=1, keepdims=True), np.finfo(float).tiny)
    order = rng.permutation(len(data))
    data, target = data[order].astype(np.float32), np.repeat(list(_EDGES), n_per_class)[order]
    if return_X_y:
        return data, target
    return Bunch(data=data, target=target, spectral_axis=axis)


def _metal(e, distance, rng):
    ratio, width = rng.uniform(0.3, 0.8), rng.uniform(1.8, 4.5)
    step = rng.uniform(0.05, 0.4)
    l2 = distance * rng.uniform(0.96, 1.04)
    return sum(
        height * (_line(e - at, width * rng.uniform(0.9, 1.3), rng) + step * _step(e - at - 1, 1))
        for at, height in ((0, 1), (l2, ratio))
    )


def _d10(e, distance, rng):
    width, line = rng.uniform(0.5, 3), rng.uniform(0, 1)
    return sum(
        height * (_step(e - at, width) + line * _line(e - at, rng.uniform(1, 2.5), rng))
        for at, height in ((0, 1), (distance * rng.uniform(0.96, 1.04), rng.uniform(0.2, 0.6)))
    )


def _single_line(e, distance, rng):
    step = rng.uniform(0, 1) * _step(e - rng.uniform(-3, 9), rng.uniform(0.3, 3))
    return _line(e, rng.uniform(0.5, 8), rng) + step


def _only_step(e, distance, rng):
    slope = rng.uniform(-0.03, 0.03) * e
    return rng.uniform(0, 1) * _step(e - rng.uniform(-3, 9), rng.uniform(0.3, 6)) + slope


def _line(e, width, rng):
    """Line of height 1 at 0, wider above than below."""
    width = width * (1 + rng.uniform(0, 0.6) * np.tanh(e / 2))
    return (1 + (2 * e / width) ** 2) ** -rng.uniform(1, 1.6)


def _step(e, width):
    return 0.5 + np.arctan(2 * e / width) / np.pi


_EDGES = {"metal": _metal, "d10": _d10, "line": _single_line, "step": _only_step}
