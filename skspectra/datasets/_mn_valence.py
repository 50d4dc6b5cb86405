"""The published Mn L2,3 spectra of Chatzidakis and Botton (2019)."""

import hashlib
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from sklearn.utils import Bunch

from skspectra._input.cache import cache_folder
from skspectra._input.files import writing
from skspectra._progress import Progress
from skspectra._sklearn import validate_params
from skspectra.datasets._pickled_frames import Frame, read_pickled_frames

__all__ = ["fetch_mn_valence"]

_REPOSITORY = "MichaelChatzidakis/Mn_Classifier_CNNs"
_COMMIT = "30d32ca0e895d74ce702133b4f24d804b9f83cf7"
_BASE_URL = f"https://github.com/{_REPOSITORY}/raw/{_COMMIT}/Data/"
_TIMEOUT = 30  # seconds without a byte
_ACQUIRED = {
    "Mn2+": ("Mn2_615-685eV_thinnest_448.pkl", 448),
    "Mn3+": ("Mn3_615-685eV_thin_765.pkl", 765),
    "Mn4+": ("Mn4_615-685eV_thin_788.pkl", 788),
}
_REFERENCES = "Digitized_Mn_Usecases.pkl"
_BLOB_IDS = {  # SHA-1 by which git names the content of each file in that commit
    "Mn2_615-685eV_thinnest_448.pkl": "68a647710c4f16dcdf997cfe5f8a9925e71cc442",
    "Mn3_615-685eV_thin_765.pkl": "90b48a3d92901dc06ea46445ef9aa6d21b83c28a",
    "Mn4_615-685eV_thin_788.pkl": "9aecbffe67bf0dd49ae325fba9b1ebb55e82f395",
    "Digitized_Mn_Usecases.pkl": "c3b50184c558bcfd5ad5306d87d2c691dca50dbb",
}
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
        "verbose": ["verbose"],
    },
    prefer_skip_nested_validation=True,
)
def fetch_mn_valence(*, data_home=None, download_if_missing=True, return_X_y=False, verbose=0):
    """Load the Mn spectra of the article on the fully convolutional net [1]_.

    At the first call four files of commit 30d32ca of the repository
    MichaelChatzidakis/Mn_Classifier_CNNs are downloaded. Their hashes are compared with known ones.
    The spectra are then cached as one .npz file.

    Parameters
    ----------
    data_home : str or Path, default=None
        Folder to keep the files in. None is ``mn-valence`` in the folder named by the environment
        variable ``SKSPECTRA_CACHE``, by default the platform's cache folder. Files that you put
        into this folder are checked and used instead of downloaded.
    download_if_missing : bool, default=True
        False raises an OSError where a file is missing.
    return_X_y : bool, default=False
        Return ``(data, target)`` instead of a Bunch.
    verbose : int or bool, default=0
        Whether to show progress over the files that are downloaded.

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
        If a file is not the published one. It is not opened, and a download is removed.

    Notes
    -----
    The files are pickles. Each is opened only if its git blob id (a SHA-1 of the content) is that
    of the published file. It is opened by a reader that makes numbers, strings and lists, and calls
    nothing that a pickle names.

    References
    ----------
    .. [1] M. Chatzidakis and G. A. Botton, "Towards calibration-invariant spectroscopy using deep
       learning", Scientific Reports 9, 2126 (2019).
    """
    folder = _default_folder() if data_home is None else Path(data_home).expanduser()
    arrays = _load(folder / "mn_valence.npz") or _convert(folder, download_if_missing, verbose)
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


def _default_folder():
    folder = cache_folder()
    if folder is None:
        raise OSError("There is no folder to keep the files in; give one by data_home=.")
    return folder / "mn-valence"


def _load(path):
    """Arrays of an earlier call, or None."""
    shape = (sum(n_spectra for _, n_spectra in _ACQUIRED.values()), _AXIS.size)
    try:
        with path.open("rb") as file, np.load(file) as stored:
            arrays = dict(stored)
        sizes = arrays["reference_sizes"]
        whole = (
            arrays["data"].shape == shape
            and arrays["target"].shape == shape[:1]
            and arrays["reference_points"].shape == (sizes.sum(), 2)
            and arrays["reference_target"].shape == sizes.shape
        )
    except (OSError, ValueError, TypeError, AttributeError, EOFError, KeyError, BadZipFile):
        return None  # absent or damaged: make it again
    return arrays if whole else None


def _convert(folder, download_if_missing, verbose):
    """Read the published files and keep what they hold."""
    folder.mkdir(parents=True, exist_ok=True)
    _obtain(folder, download_if_missing, verbose)
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


def _obtain(folder, download_if_missing, verbose):
    """Download the files that are missing."""
    missing = [name for name in _BLOB_IDS if not (folder / name).exists()]
    try:
        for name in Progress(verbose, "downloading", len(missing), "file").over(missing):
            if not download_if_missing:
                raise FileNotFoundError("download_if_missing is False")
            _download(folder / name)
    except OSError as error:
        missing = [name for name in missing if not (folder / name).exists()]
        raise OSError(
            f"Missing {', '.join(missing)}: {error}. Download from {_BASE_URL} and put into "
            f"{folder}."
        ) from error


def _download(path):
    from http.client import HTTPException
    from urllib.request import urlopen

    try:
        with urlopen(_BASE_URL + path.name, timeout=_TIMEOUT) as response:
            content = response.read()
    except HTTPException as error:  # cut short
        raise OSError(str(error)) from error
    _check(path, content)
    with writing(path) as temporary:
        temporary.write_bytes(content)


def _check(path, content):
    """Raise unless this is the content of the published file of that name."""
    blob_id = hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
    if blob_id != _BLOB_IDS[path.name]:
        raise ValueError(
            f"{path.name} is not the published file: its git blob id is {blob_id} ({len(content)} "
            f"bytes), commit {_COMMIT[:7]} has {_BLOB_IDS[path.name]}. If it lies in "
            f"{path.parent}, remove it, and try again."
        )


def _read(path):
    """Read a file, in memory between check and use."""
    content = path.read_bytes()
    _check(path, content)
    return read_pickled_frames(content)


def _acquired(path, n_spectra):
    frame = _read(path)
    spectra = np.array(frame.items).T if isinstance(frame, Frame) else np.asarray(frame)
    return spectra.reshape(n_spectra, _AXIS.size).astype(np.float32)


def _digitised(path):
    """Digitised spectra (energy, intensity), ascending, and their names."""
    named = list(zip(_REFERENCE_NAMES, _read(path), strict=True))
    names = [name for name, group in named for _ in group]
    return [_points(spectrum) for _, group in named for spectrum in group], np.array(names)


def _points(spectrum):
    points = np.stack([spectrum["Energy"], spectrum["Intensity"]], axis=1).astype(float)
    points = points[np.isfinite(points).all(axis=1)]
    return points[np.argsort(points[:, 0], kind="stable")]
