"""The published Mn L2,3 spectra of Chatzidakis and Botton (2019)."""

import hashlib
import json
import warnings
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from sklearn.utils import Bunch

from skspectra._input.cache import cache_folder
from skspectra._input.files import writing
from skspectra._sklearn import validate_params
from skspectra.datasets._pickled_frames import Frame, read_pickled_frames

__all__ = ["fetch_mn_valence"]

_REPOSITORY = "MichaelChatzidakis/Mn_Classifier_CNNs"
_COMMIT = "30d32ca"
_LISTING = f"tree-{_COMMIT}.json"
_LISTING_URL = f"https://api.github.com/repos/{_REPOSITORY}/git/trees/{_COMMIT}?recursive=1"
_BASE_URL = f"https://github.com/{_REPOSITORY}/raw/{_COMMIT}/Data/"
_TIMEOUT = 30  # seconds without a byte
_ACQUIRED = {
    "Mn2+": ("Mn2_615-685eV_thinnest_448.pkl", 448),
    "Mn3+": ("Mn3_615-685eV_thin_765.pkl", 765),
    "Mn4+": ("Mn4_615-685eV_thin_788.pkl", 788),
}
_REFERENCES = "Digitized_Mn_Usecases.pkl"
_REFERENCE_NAMES = ("Mn4+", "Mn2+", "Mn3+", "Mn2+/Mn3+", "Mn3+/Mn4+", "mixed")  # their order there
_AXIS = 615 + 0.1 * np.arange(700)

DESCR = """Mn L2,3 edges of manganese oxides, by electron energy-loss spectroscopy

2001 acquired spectra of MnO (Mn2+, 448), Mn2O3 (Mn3+, 765) and MnO2 (Mn4+, 788), 615 to 684.9 eV in
700 channels, background-subtracted; and spectra digitised from publications, each on an axis of its
own, not calibrated to the same energies. Published with M. Chatzidakis and G. A. Botton, Scientific
Reports 9, 2126 (2019), under the MIT licence.
"""


@validate_params(
    {
        "data_home": [str, Path, None],
        "download_if_missing": ["boolean"],
        "return_X_y": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def fetch_mn_valence(*, data_home=None, download_if_missing=True, return_X_y=False):
    """Load the Mn spectra that the fully convolutional net was published with [1]_.

    At the first call the files of commit 30d32ca of the repository
    MichaelChatzidakis/Mn_Classifier_CNNs are downloaded, checked, read, and kept as one .npz file.

    Parameters
    ----------
    data_home : str or Path, default=None
        Folder to keep the files in. None is ``mn-valence`` in the folder named by the environment
        variable ``SKSPECTRA_CACHE``, by default the platform's cache folder. Files that were put
        there by hand are checked and taken instead of downloaded.
    download_if_missing : bool, default=True
        False raises an OSError where a file is missing.
    return_X_y : bool, default=False
        Return ``(data, target)`` instead of a Bunch.

    Returns
    -------
    spectra : :class:`~sklearn.utils.Bunch`
        data : ndarray of shape (2001, 700), float32
            Acquired spectra, without background.
        target : ndarray of shape (2001,), str
            ``"Mn2+"``, ``"Mn3+"`` or ``"Mn4+"``.
        target_names : list of str
            The three.
        spectral_axis : ndarray of shape (700,), float64
            Energies of the channels in eV.
        references : list of ndarray of shape (n_points, 2)
            Digitised spectra of publications: energy in eV, ascending, and intensity.
        reference_target : ndarray of shape (n_references,), str
            Their valence; ``"Mn2+/Mn3+"``, ``"Mn3+/Mn4+"`` and ``"mixed"`` are compounds of
            several.
        DESCR : str
            Description.
    (data, target) : tuple if `return_X_y` is True

    Raises
    ------
    OSError
        If a file is missing and cannot be downloaded; the message names the files and the folder
        to put them in.
    ValueError
        If a file is not the published one; a download is not kept then.

    Warns
    -----
    UserWarning
        If the files are there but GitHub's listing is not and cannot be had, so that they were
        checked by their structure alone.

    Notes
    -----
    What is checked, and what is not. The commit is pinned, hashes of the files are not: GitHub's
    listing of that commit is downloaded first and every file is compared with the git blob id (a
    SHA-1) in it before it is opened. A commit id fixes all content for git, but the listing is
    trusted as GitHub serves it over https; it is not traced back to the commit id.

    Without a network put the four files into `data_home`, and the listing beside them as
    ``tree-30d32ca.json`` to have them compared; the message of the OSError has the addresses.
    Without the listing a file is accepted if its structure is exactly the published one: 448, 765
    and 788 finite spectra of 700 channels, and six groups of digitised spectra. Nobody then vouches
    for the numbers. In no case can a file run code: it is a pickle, read by a reader that knows
    the parts of numpy arrays and pandas frames and refuses all else.

    References
    ----------
    .. [1] M. Chatzidakis and G. A. Botton, "Towards calibration-invariant spectroscopy using deep
       learning", Scientific Reports 9, 2126 (2019).
    """
    folder = cache_folder() / "mn-valence" if data_home is None else Path(data_home).expanduser()
    arrays = _load(folder / "mn_valence.npz") or _convert(folder, download_if_missing)
    if return_X_y:
        return arrays["data"], arrays["target"]
    ends = np.cumsum(arrays["reference_sizes"])[:-1]
    return Bunch(
        data=arrays["data"],
        target=arrays["target"],
        target_names=list(_ACQUIRED),
        spectral_axis=_AXIS.copy(),
        references=np.split(arrays["reference_points"], ends),
        reference_target=arrays["reference_target"],
        DESCR=DESCR,
    )


def _load(path):
    """Arrays of an earlier call, or None."""
    try:
        with path.open("rb") as file, np.load(file) as arrays:
            return dict(arrays)
    except (OSError, ValueError, EOFError, BadZipFile):  # absent or damaged: make it again
        return None


def _convert(folder, download_if_missing):
    """Read the published files and keep what they hold."""
    folder.mkdir(parents=True, exist_ok=True)
    _obtain(folder, download_if_missing)
    acquired = [_acquired(folder / name, n_spectra) for name, n_spectra in _ACQUIRED.values()]
    references, reference_target = _digitised(folder / _REFERENCES)
    arrays = {
        "data": np.concatenate(acquired),
        "target": np.repeat(list(_ACQUIRED), [len(spectra) for spectra in acquired]),
        "reference_points": np.concatenate(references),
        "reference_sizes": np.array([len(points) for points in references]),
        "reference_target": reference_target,
    }
    with writing(folder / "mn_valence.npz") as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, **arrays)
    return arrays


def _obtain(folder, download_if_missing):
    """See to it that the files are there and those of the listing, as far as it can be had."""
    names = [*(name for name, _ in _ACQUIRED.values()), _REFERENCES]
    try:
        _get(folder / _LISTING, _LISTING_URL, _read_listing, download_if_missing)
        blob_ids = _read_listing(folder / _LISTING)
        for name in names:
            _get(folder / name, _BASE_URL + name, _blob_check(name, blob_ids), download_if_missing)
    except OSError as error:
        missing = [name for name in names if not (folder / name).exists()]
        if missing:
            raise OSError(
                f"Missing {', '.join(missing)}: {error}. Download from {_BASE_URL} and put into "
                f"{folder}; put {_LISTING_URL} beside them as {_LISTING} to have them compared."
            ) from error
        warnings.warn(
            f"The files in {folder} could not be compared with GitHub's listing ({error}); they "
            f"are accepted by their structure alone. Put {_LISTING_URL} beside them as {_LISTING}, "
            "remove mn_valence.npz and call again to compare them.",
            stacklevel=5,
        )


def _get(path, url, check, download_if_missing):
    """Download a file unless it is there; an exception of `check` leaves no download behind."""
    if path.exists():
        check(path)
        return
    if not download_if_missing:
        raise FileNotFoundError(f"there is no {path.name} and download_if_missing is False")
    import pooch

    with writing(path) as temporary:
        pooch.HTTPDownloader(timeout=_TIMEOUT)(url, temporary, None)
        check(temporary)


def _read_listing(path):
    """Git blob id of each file in the folder Data, by name."""
    try:
        entries = json.loads(path.read_bytes())["tree"]
        paths = {entry["path"]: entry["sha"] for entry in entries if entry["type"] == "blob"}
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"Wanted as {path.parent / _LISTING} is GitHub's listing of a commit, the JSON at "
            f"{_LISTING_URL}; this is not ({error!r}). If the file is there, remove it."
        ) from error
    return {name.removeprefix("Data/"): blob_id for name, blob_id in paths.items()}


def _blob_check(name, blob_ids):
    """Make a function that raises unless the file at a path has the git blob id listed."""

    def check(path):
        content = path.read_bytes()
        found = hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False)
        if found.hexdigest() != blob_ids.get(name):
            raise ValueError(
                f"{name} is not the published file: its git blob id is {found.hexdigest()} "
                f"({len(content)} bytes), commit {_COMMIT} has {blob_ids.get(name)}. If it lies in "
                f"{path.parent}, remove it, and try again."
            )

    return check


def _acquired(path, n_spectra):
    frame = read_pickled_frames(path)
    try:
        spectra = np.asarray(frame.items.T if isinstance(frame, Frame) else frame, np.float32)
    except (AttributeError, TypeError, ValueError):
        spectra = np.empty(0)
    if spectra.shape != (n_spectra, _AXIS.size) or not np.isfinite(spectra).all():
        raise ValueError(
            f"{path} is not the published file: wanted {n_spectra} finite spectra of {_AXIS.size} "
            f"channels, found an array of shape {spectra.shape}."
        )
    return spectra


def _digitised(path):
    """Digitised spectra (energy, intensity), ascending, and their names."""
    groups = read_pickled_frames(path)
    try:
        named = list(zip(_REFERENCE_NAMES, groups, strict=True))
        names = [name for name, group in named for _ in group]
        references = [_points(spectrum) for _, group in named for spectrum in group]
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise ValueError(
            f"{path} is not the published file: wanted {len(_REFERENCE_NAMES)} groups of frames "
            f"with the columns Energy and Intensity, found another structure ({error})."
        ) from error
    return references, np.array(names)


def _points(spectrum):
    points = np.stack([spectrum["Energy"], spectrum["Intensity"]], axis=1).astype(float)
    points = points[np.isfinite(points).all(axis=1)]
    return points[np.argsort(points[:, 0], kind="stable")]
