"""L2,3 edges of 3d ions by crystal-field multiplet theory.

`stick_spectrum` gives the transitions of an ion in an octahedral, tetrahedral or tetragonal
field, `broaden` makes a spectrum of them.
"""

from skspectra.datasets._broadening import broaden
from skspectra.datasets._sticks import stick_spectrum

__all__ = ["broaden", "stick_spectrum"]
