"""Trained readers that come with the package."""

import json
import re
from pathlib import Path

from skspectra.models._saving import load_model

__all__ = ["load_pretrained"]

_FOLDER = Path(__file__).parent / "pretrained"


def load_pretrained(name):
    """Load a trained reader of valences that comes with the package.

    ``"mn-l23"`` names the valence of manganese (2, 3 or 4) from its L2,3 edge; ``"ti-l23"`` (3, 4),
    ``"v-l23"`` (3, 4, 5), ``"cr-l23"`` (2, 3, 6), ``"fe-l23"``, ``"co-l23"``, ``"ni-l23"`` and
    ``"cu-l23"`` (2, 3) those of other metals. Edges of filled shells, such as that of Cu+, and of
    metals are called foreign. Valences that are not listed, such as Fe4+, often look like one that
    is. The `read` of each takes counts as an instrument gives them, with or without background, on
    any axis in eV that covers the edge, with a calibration that is up to 12 eV off: see
    `skspectra.readers.ValenceReader`.

    Each was trained on simulated spectra only, with resolutions of 0.1 to 3.5 eV and errors of the
    dispersion of -6 to 6 %. Edges of other elements, metals, filled shells and featureless edges
    were in the training as spectra to refuse. Its accuracy on simulated counts is in `figures_`,
    which notebooks show; how it was trained is in a file beside it, ``mn-l23.json``.

    Parameters
    ----------
    name : {"ti-l23", "v-l23", "cr-l23", "mn-l23", "fe-l23", "co-l23", "ni-l23", "cu-l23"}
        Which reader.

    Returns
    -------
    reader : ValenceReader
        Fitted.

    Raises
    ------
    ValueError
        If there is none of that name.

    Examples
    --------
    >>> from skspectra.datasets import make_l23_spectra
    >>> from skspectra.models import load_pretrained
    >>> reader = load_pretrained("mn-l23")
    >>> X, y = make_l23_spectra(
    ...     1, spectral_axis=reader.spectral_axis_, dose=None, n_points=1, random_state=0,
    ...     return_X_y=True,
    ... )
    >>> bool((reader.predict(X) == y).all())
    True
    """
    known = sorted(path.stem for path in _FOLDER.glob("*.safetensors"))
    if name not in known:
        likely = re.split("[^a-z]", str(name).lower())[0] + "-l23"
        guess = f" Did you mean {likely!r}?" if likely in known else ""
        raise ValueError(
            f"There is no trained reader {name!r}; there is {', '.join(known)}.{guess}"
        )
    reader = load_model(_FOLDER / f"{name}.safetensors")
    reader.figures_ = json.loads((_FOLDER / f"{name}.json").read_text())["figures"]
    return reader
