"""Stick spectra all over an ion's range of parameters."""

import numpy as np
from threadpoolctl import threadpool_limits

from skspectra._input.cache import load_or_compute
from skspectra.datasets._atoms import element_of, read_data, valence_of
from skspectra.datasets._broadening import bin_sticks, edge_split
from skspectra.datasets._sticks import stick_spectrum

__all__ = ["GRID", "default_axis", "l3_maximum", "splitting", "stick_library"]

GRID = np.arange(-300, 700) * 0.05  # eV from the L3 centroid
N_LANCZOS = 60  # a third faster than 80, and right to 1 % but for the very sharpest lines


def l3_maximum(ion):
    """Nominal energy of the L3 maximum of `ion`, in eV."""
    data = read_data("l23_maxima.json")
    listed = data["elements"][element_of(ion)]["maxima_eV"]
    nearest = min(listed, key=lambda other: abs(valence_of(other) - valence_of(ion)))
    return listed[nearest] + data["step_eV"] * (valence_of(ion) - valence_of(nearest))


def default_axis(element):
    """Channels of 0.1 eV that hold the edge of an element and little else; 300 of most elements."""
    data = read_data("l23_maxima.json")
    own = data["elements"][element]
    start = round(max(own["maxima_eV"].values())) - data["eV_before_maximum"]
    start, n_channels = own.get("start_eV", start), own.get("n_channels", data["n_channels"])
    return start + 0.1 * np.arange(n_channels)


def splitting(element):
    """Distance of the 2p levels of an element, and about that of L3 and L2, in eV."""
    return read_data("l23_maxima.json")["elements"][element]["splitting_eV"]


def prior(ion):
    """Ranges of the multiplet parameters of `ion`: dict of str to [low, high]."""
    data = read_data("l23_priors.json")
    of_element = data["elements"].get(element_of(ion), {})
    own = data["valences"][str(valence_of(ion))] | of_element | data["ions"].get(ion, {})
    return {name: own[name]["range"] for name in data["parameters"]}


def parameter_points(ion, n_points):
    """Fill the prior of `ion` evenly with points of a Halton sequence.

    Returns
    -------
    points : dict of str to ndarray of shape (n_points,)
    """
    from scipy.stats import qmc  # takes 0.3 s to import

    ranges = prior(ion)
    unit = qmc.Halton(len(ranges), scramble=False).random(n_points + 1)[1:]
    return {
        name: low + (high - low) * column
        for (name, (low, high)), column in zip(ranges.items(), unit.T, strict=True)
    }


def stick_library(ion, n_points, progress):
    """Binned stick spectra at the parameter points of `ion`, from disk where they were kept.

    Parameters
    ----------
    ion : str
        Name of the ion.
    n_points : int
        Number of parameter points.
    progress : Progress
        Advanced by one for every point.

    Returns
    -------
    points : dict of str to ndarray of shape (n_points,)
        The parameters.
    tables : ndarray of shape (n_points, 2, n_bins), float32
        L3 and L2 weights on `GRID`.
    """
    points = parameter_points(ion, n_points)
    start = progress.done

    def compute():
        tables = np.empty((n_points, 2, GRID.size), np.float32)
        with threadpool_limits(1, user_api="blas"):  # the matrices are small: threads only wait
            for table, *values in zip(tables, *points.values(), strict=True):
                table[:] = _table(ion, **dict(zip(points, values, strict=True)))
                progress.update()
        return tables

    tables = load_or_compute(f"l23-{ion}", (ion, points), compute)
    progress.update(start + n_points - progress.done)
    return points, tables


def tetragonal_field(eg_splitting, t2g_splitting):
    """Ds and Dt that split eg by 4 Ds + 5 Dt and t2g by 3 Ds - 5 Dt."""
    ds = (eg_splitting + t2g_splitting) / 7
    return ds, (3 * ds - t2g_splitting) / 5


def _table(ion, ten_dq, slater_reduction, eg_splitting, spin_orbit_2p):
    t2g_per_eg = read_data("l23_priors.json")["t2g_per_eg"]["value"]
    ds, dt = tetragonal_field(eg_splitting, t2g_per_eg * eg_splitting)
    energies, weights = stick_spectrum(
        ion,
        ten_dq,
        slater_reduction,
        ds=ds,
        dt=dt,
        spin_orbit_2p=spin_orbit_2p,
        n_lanczos=N_LANCZOS,
    )
    split = edge_split(energies, weights)
    below = energies < split
    l3 = np.average(energies[below], weights=weights[below])
    return bin_sticks(energies - l3, weights, split - l3, GRID)
