"""Simulated L2,3 edges, with everything that a measurement adds to them."""

from numbers import Integral, Real

import numpy as np
from sklearn.utils import Bunch

from skspectra._numerics.axis import check_axis
from skspectra._numerics.random import as_generator, check_range
from skspectra._progress import Progress
from skspectra._sklearn import Interval, validate_params
from skspectra.datasets._atoms import check_ion, element_of
from skspectra.datasets._library import default_axis, l3_maximum, stick_library
from skspectra.datasets._measurement import draw, measure

__all__ = ["make_l23_spectra"]

DESCR = """Simulated L2,3 edges of 3d ions

Crystal-field multiplet theory of each ion at points of its range of crystal field, covalency and
distortion; lifetimes, resolution, satellite, continuum and plural scattering; calibration error; a
detector's noise. The background is subtracted and the highest white line is about 1. `parameters`
holds what was drawn for every spectrum. See skspectra.datasets.make_l23_spectra for the method and
its sources.
"""


@validate_params(
    {
        "n_per_class": [Interval(Integral, 1, None, closed="left")],
        "ions": [tuple, list, str],
        "spectral_axis": ["array-like", None],
        "shift": [Real, tuple, list],
        "stretch": [Real, tuple, list],
        "resolution": [Real, tuple, list],
        "dose": [Real, tuple, list, None],
        "background": [Real, tuple, list],
        "background_counts": ["boolean"],
        "residual_background": [Real, tuple, list],
        "thickness": [Real, tuple, list],
        "gain": [Real, tuple, list],
        "gain_noise": [Real, tuple, list],
        "readout_noise": [Real, tuple, list],
        "n_points": [Interval(Integral, 1, None, closed="left")],
        "random_state": ["random_state", np.random.Generator],
        "return_X_y": ["boolean"],
        "verbose": ["verbose"],
    },
    prefer_skip_nested_validation=True,
)
def make_l23_spectra(
    n_per_class=1000,
    *,
    ions=("Mn2+", "Mn3+", "Mn4+"),
    spectral_axis=None,
    shift=(-6, 10),
    stretch=(-0.05, 0.05),
    resolution=(0.1, 3.5),
    dose=(200, 100_000),
    background=(0, 1),
    background_counts=False,
    residual_background=(-0.1, 0.1),
    thickness=(0, 1),
    gain=1,
    gain_noise=(0, 0.01),
    readout_noise=(0, 2),
    n_points=200,
    random_state=None,
    return_X_y=False,
    verbose=0,
):
    r"""Simulate L2,3 edges of ions, to train a classifier.

    Each spectrum is the crystal-field multiplet spectrum of its ion (`multiplet.stick_spectrum`) at
    a point drawn from the ion's own range of crystal field, covalency, distortion and 2p spin-orbit
    coupling, in three of ten cases mixed with a second point. Line widths, continuum, satellite,
    L3/L2 ratio, thickness, position, dispersion and noise are drawn uniformly from ranges that all
    ions share, so that they cannot tell the ions apart. A spectrum :math:`S` with its L3 maximum at
    the nominal energy and height 1 is recorded as

    .. math::
        X(E) = \frac{1}{g d} \Big\lfloor g (1 + \epsilon)\,
               \mathrm{Poisson}\big(d\,[S(E') + b]\big) + r \Big\rceil - b,
        \qquad E' = E_0 + \frac{E - s - E_0}{1 + t}

    with shift :math:`s`, stretch :math:`t`, dose :math:`d`, background :math:`b`, gain :math:`g`,
    its error :math:`\epsilon` (correlated from channel to channel), readout noise :math:`r` and the
    middle of the axis :math:`E_0`; what a background fit leaves behind is a tilt of :math:`S`. Raw
    counts are :math:`g d\,(X + b)` where :math:`b` falls as a power of the energy.

    Parameters
    ----------
    n_per_class : int, default=1000
        Number of spectra of each ion.
    ions : sequence of str, default=("Mn2+", "Mn3+", "Mn4+")
        The classes: different ions of one element, from Sc to Cu.
    spectral_axis : array-like of shape (n_channels,), default=None
        Energies of the channels in eV. None takes 300 channels of 0.1 eV that begin 8 eV below the
        nominal L3 maximum of the element (for Mn: 635 to 664.9); for V they end before the O K
        edge, for Ni and Cu there are more, since their L2 lies farther away.
    shift : float or tuple of (float, float), default=(-6, 10)
        Calibration error in eV: a range, or one value for all spectra; a positive error moves the
        edge to higher energy. 0 is none. By default the L3 maximum lies anywhere from the start of
        the default axis to where L2 begins to leave it at the other end.
    stretch : float or tuple of (float, float), default=(-0.05, 0.05)
        Relative error of the dispersion, about the middle of the axis, above -1. 0 is none.
    resolution : float or tuple of (float, float), default=(0.1, 3.5)
        Full width at half maximum of the instrument in eV: 0.1 with a monochromator and in X-ray
        absorption, 0.3 to 1 with field emission, 1.5 to 3.5 with a thermionic source, a wide
        entrance aperture, a coarse dispersion or a long exposure that drifts.
    dose : float, tuple of (float, float) or None, default=(200, 100000)
        Electrons counted in the channel of the highest white line; a range is drawn from uniformly
        in its logarithm. None is infinite: without counting and readout noise.
    background : float or tuple of (float, float), default=(0, 1)
        Background that was counted, relative to the highest white line. Unless `background_counts`,
        it is subtracted again and only its noise is left.
    background_counts : bool, default=False
        Return what the detector reports: whole counts of edge and background, which is a power law
        with an exponent of 2 to 5 that has its height `background` at the nominal L3 maximum.
        `residual_background` does not act then, since nothing was subtracted.
    residual_background : float or tuple of (float, float), default=(-0.1, 0.1)
        Error of the background subtraction: a rise from end to end of the axis, relative to the
        highest white line. To first order, this is the error of a power law with a wrong exponent.
    thickness : float or tuple of (float, float), default=(0, 1)
        Thickness of the specimen in inelastic mean free paths, t/lambda: plural scattering moves
        intensity from the edge to its plasmon copies, 15 to 27 eV higher. 0 is none, or spectra
        that were deconvolved; specimens have 0.2 to 1.
    gain : float or tuple of (float, float), default=1
        Counts that the detector reports for one electron, above zero. Counts are whole numbers; 1
        is an ideal electron counter, cameras with a scintillator have 1 to 10.
    gain_noise : float or tuple of (float, float), default=(0, 0.01)
        Error of the gain that is left after gain correction, from channel to channel: a standard
        deviation relative to the gain. It acts on edge and background.
    readout_noise : float or tuple of (float, float), default=(0, 2)
        Standard deviation of the noise that reading out adds to every channel, in counts.
    n_points : int, default=200
        Number of points that fill the parameter range of each ion; the same for every
        `random_state`. Computing them is most of the time of a first call: about 2 s for 200.
    random_state : int, RandomState, Generator or None, default=None
        Seeds everything that is drawn; the same value gives the same spectra.
    return_X_y : bool, default=False
        Return ``(data, target)`` instead of a Bunch.
    verbose : int or bool, default=0
        Whether to show progress while stick spectra are computed.

    Returns
    -------
    spectra : :class:`~sklearn.utils.Bunch`
        data : ndarray of shape (n_spectra, n_channels), float32
            Spectra in random order, in units of the highest white line, or in counts.
        target : ndarray of shape (n_spectra,), str
            Names of the ions.
        target_names : list of str
            `ions`.
        spectral_axis : ndarray of shape (n_channels,), float64
            Energies of the channels in eV.
        parameters : DataFrame of shape (n_spectra, n_parameters)
            What was drawn for each spectrum: the multiplet parameters, the line shape, `shift`,
            `stretch`, `dose` and the rest. Spectra with the same ion and ``point`` come from the
            same multiplet calculation: hold them out together (`GroupKFold`) to test on new ones.
        DESCR : str
            Description.
    (data, target) : tuple if `return_X_y` is True

    Raises
    ------
    ValueError
        If an ion is not known, an ion is named twice, the ions are of several elements, a range
        is not one, or counts are wanted of an infinite dose.

    Warns
    -----
    UserWarning
        If the stick spectra cannot be written to the cache.

    See Also
    --------
    skspectra.datasets.multiplet : The theory, for spectra of one's own choice.

    Notes
    -----
    Atomic values, parameter ranges, nominal positions and the ranges that all ions share lie in
    JSON files in ``skspectra/datasets/data``, each with its source or reason. Beyond 35 eV above
    the centroid of L3 the continuum is flat.

    Stick spectra (2 MB for 200 points of an ion) are kept on disk in the folder named by the
    environment variable ``SKSPECTRA_CACHE``, by default ``~/.cache/skspectra`` or what the platform
    has for it; the key includes a digest of the code. The folder may be deleted.

    References
    ----------
    .. [1] F. de Groot and A. Kotani, "Core Level Spectroscopy of Solids", CRC Press (2008),
       chapter 4.
    .. [2] M. Chatzidakis and G. A. Botton, "Towards calibration-invariant spectroscopy using deep
       learning", Scientific Reports 9, 2126 (2019).

    Examples
    --------
    >>> from skspectra.datasets import make_l23_spectra
    >>> X, y = make_l23_spectra(
    ...     2, ions=("Ti3+", "Ti4+"), n_points=3, random_state=0, return_X_y=True
    ... )
    >>> X.shape
    (4, 300)
    >>> sorted(y.tolist())
    ['Ti3+', 'Ti3+', 'Ti4+', 'Ti4+']
    """
    element = _check_ions(ions)
    axis = default_axis(element) if spectral_axis is None else check_axis(spectral_axis)
    _check_covers(axis, element)
    ranges = {
        "shift": check_range(shift, "shift"),
        "stretch": _check_range_above(stretch, "stretch", -1),
        "resolution": _check_range_above(resolution, "resolution", 0),
        "residual_background": check_range(residual_background, "residual_background"),
        "gain": _check_range_above(gain, "gain", 0),
    }
    not_negative = {
        "background": background,
        "thickness": thickness,
        "gain_noise": gain_noise,
        "readout_noise": readout_noise,
    }
    for name, value in not_negative.items():
        ranges[name] = _check_range_above(value, name, 0, closed=True)
    if background_counts and dose is None:
        raise ValueError("background_counts=True needs a dose: an infinite one has no counts.")
    dose = None if dose is None else _check_range_above(dose, "dose", 0)
    rng = as_generator(random_state)
    spectra, records = [], []
    with Progress(verbose, "simulating", len(ions) * n_points, "point") as progress:
        for ion, ion_rng in zip(ions, rng.spawn(len(ions)), strict=True):
            points, tables = stick_library(ion, n_points, progress)
            drawn = draw(n_per_class, n_points, ranges, dose, ion_rng)
            maximum = l3_maximum(ion)
            spectra.append(measure(tables, drawn, axis, maximum, ion_rng, raw=background_counts))
            physics = {name: values[drawn["point"]] for name, values in points.items()}
            records.append(physics | drawn)
    order = rng.permutation(len(ions) * n_per_class)
    data, target = np.concatenate(spectra)[order], np.repeat(ions, n_per_class)[order]
    if return_X_y:
        return data, target
    return Bunch(
        data=data,
        target=target,
        target_names=list(ions),
        spectral_axis=axis,
        parameters=_as_frame(records, order),
        DESCR=DESCR,
    )


def _check_covers(axis, element):
    edge = default_axis(element)
    if axis[-1] < edge[0] or axis[0] > edge[-1]:
        raise ValueError(
            f"spectral_axis runs from {axis[0]:g} to {axis[-1]:g}, but the L2,3 edge of {element} "
            f"lies at {edge[0]:.0f} to {edge[-1]:.0f} eV. Give an axis in eV that holds it."
        )


def _check_ions(ions):
    """Return the one element of all ions, or raise what is wrong with them."""
    if isinstance(ions, str):
        raise ValueError(
            f"ions must be a list of ions, got {ions!r}. Give each by name and charge, as in "
            "ions=('Fe2+', 'Fe3+')."
        )
    elements = {element_of(check_ion(ion)) for ion in ions}
    if len(elements) != 1:
        raise ValueError(
            f"ions must be of one element, got {tuple(ions)!r}: edges of different elements lie "
            "on different axes. Call once for each element."
        )
    if len(set(ions)) < len(ions):
        raise ValueError(f"ions must differ, got {tuple(ions)!r}.")
    return elements.pop()


def _check_range_above(value, name, lowest, *, closed=False):
    low, high = check_range(value, name)
    if low < lowest or (low == lowest and not closed):
        raise ValueError(
            f"{name} must {'not be below' if closed else 'be above'} {lowest}, got {low:g}."
        )
    return low, high


def _as_frame(records, order):
    import pandas as pd  # takes 0.3 s to import

    return (
        pd.concat(map(pd.DataFrame, records), ignore_index=True).iloc[order].reset_index(drop=True)
    )
