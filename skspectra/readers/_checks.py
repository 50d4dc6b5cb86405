"""What a reader cannot learn from, or read."""

from math import ceil

from skspectra._numerics.axis import dispersion
from skspectra.readers._dense_nets import N_COMPONENTS
from skspectra.readers._edge_model import HELD_OUT
from skspectra.readers._edges import LEAST_AFTER, possible_shifts

__all__ = ["check_covers", "check_enough"]

WIDEST = 5.0  # eV of a channel


def check_enough(classes, n_spectra):
    """Raise if there is nothing to tell apart, or too little to learn it from."""
    if classes.size == 1:
        raise ValueError(
            f"All spectra are of one class, {classes[0]}. Bring spectra of a second valence as "
            "well: a reader tells valences apart."
        )
    least = ceil(N_COMPONENTS / (1 - HELD_OUT))
    if n_spectra < least:
        raise ValueError(
            f"There are {n_spectra} spectra of {', '.join(map(str, classes.tolist()))}; a reader "
            f"needs {least}, better hundreds: three quarters of them are described by "
            f"{N_COMPONENTS} components. skspectra.datasets.make_l23_spectra simulates more."
        )


def check_covers(axis, element, *, energy, window, max_shift):
    """Raise if an axis holds the white lines nowhere they may lie, or in too few channels."""
    if dispersion(axis) > WIDEST:
        raise ValueError(
            f"The channels of the spectra are {dispersion(axis):g} eV wide; wider than "
            f"{WIDEST:g} eV, they show no shape of the white lines."
        )
    least, greatest = possible_shifts(axis, energy=energy, window=window, max_shift=max_shift)
    if least > greatest:
        raise ValueError(
            f"The spectra run from {axis[0]:g} to {axis[-1]:g}, but the white lines of "
            f"{element or 'this reader'} begin at {energy - max_shift:.1f} to "
            f"{energy + max_shift:.1f} and take {LEAST_AFTER * window[1]:.0f} eV. Take a reader of "
            "their edge, or pass their axis as spectral_axis=, in eV."
        )
