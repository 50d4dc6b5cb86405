"""Trained classifiers that come with the package."""

from pathlib import Path

from skspectra.models._saving import load_model

__all__ = ["load_pretrained"]

_FOLDER = Path(__file__).parent / "pretrained"


def load_pretrained(name):
    """Load a trained classifier that comes with the package.

    ``"mn-l23"`` names the oxidation state of manganese from its L2,3 edge: ``"Mn2+"``, ``"Mn3+"``
    or ``"Mn4+"``. Its steps crop to 625 to 675 eV and normalise, and five nets follow, in a
    `NoveltyRejector`. It was trained on simulated spectra only (see
    `skspectra.datasets.make_l23_spectra`), with calibration errors of up to 12 eV and 5 % of the
    dispersion, and was shown Cr and Fe as spectra to refuse.

    It wants spectra without background, of any scale, on 700 channels of 0.1 eV from 615 to
    684.9 eV; what a spectrum lacks at the ends may be filled with its first or last value, as
    `skspectra.io.read_spectra` does with ``outside="edge"``. How it was made and what it was tested
    on lies beside it, in ``mn-l23.json``.

    Parameters
    ----------
    name : {"mn-l23"}
        Which classifier.

    Returns
    -------
    model : NoveltyRejector
        Fitted. ``model.estimator_[0].spectral_axis_`` is the axis of its spectra.

    Raises
    ------
    ValueError
        If there is none of that name.

    Examples
    --------
    >>> from skspectra.datasets import make_l23_spectra
    >>> from skspectra.models import load_pretrained
    >>> model = load_pretrained("mn-l23")
    >>> axis = model.estimator_[0].spectral_axis_
    >>> X, y = make_l23_spectra(
    ...     1, spectral_axis=axis, dose=None, n_points=1, random_state=0, return_X_y=True
    ... )
    >>> bool((model.predict(X) == y).all())
    True
    """
    known = sorted(path.stem for path in _FOLDER.glob("*.safetensors"))
    if name not in known:
        raise ValueError(f"There is no trained classifier {name!r}; there is {', '.join(known)}.")
    return load_model(_FOLDER / f"{name}.safetensors")
