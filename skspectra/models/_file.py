"""The bytes of a model file: safetensors, a description in JSON, and a checksum of all of it."""

import hashlib
import json

import safetensors.numpy

import skspectra
from skspectra._input.files import writing
from skspectra.models._formats import FORMAT, migrate

__all__ = ["read", "write"]

_KEY = "skspectra"
_NO_DIGEST = "0" * 64  # comes first, so that nothing else of the file is taken for it


def write(path, header, arrays):
    """Write a description and its arrays.

    Parameters
    ----------
    path : Path
        The file.
    header : dict
        What JSON has.
    arrays : dict of str to ndarray
        Arrays in the order of C.
    """
    about = {"sha256": _NO_DIGEST, "format": FORMAT, "skspectra": skspectra.__version__}
    text = json.dumps(about | header, allow_nan=False)
    content = safetensors.numpy.save(arrays, metadata={_KEY: text})
    with writing(path) as temporary:
        temporary.write_bytes(_with_digest(content, _digest(content)))


def read(path):
    """Read a description and its arrays, of this format or an older one.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    header : dict
        As it is in this format.
    arrays : dict of str to ndarray

    Raises
    ------
    ValueError
        If the file is cut short, was changed, is of another kind or of a later format.
    """
    content = path.read_bytes()
    try:
        metadata = _metadata(content)
        arrays = safetensors.numpy.load(content)
    except Exception as error:
        raise ValueError(
            f"it cannot be read as a safetensors file ({error}). It may be cut short, or be "
            "something else, such as a pickle or a file of joblib, which is not read here because "
            "it can run any code."
        ) from error
    if _KEY not in metadata:
        raise ValueError("it holds arrays, but no model that save_model wrote.")
    header = json.loads(metadata[_KEY])
    if not isinstance(header, dict):
        raise ValueError("its description is none.")
    if header.get("format") not in range(1, FORMAT + 1):
        raise ValueError(
            f"it was written by skspectra {header.get('skspectra')} in format "
            f"{header.get('format')}; this is skspectra {skspectra.__version__}, which reads "
            f"formats up to {FORMAT}. Use the version that wrote it."
        )
    if header["format"] > 1:  # the first had no checksum
        digest = header["sha256"]
        if digest != _digest(_with_digest(content, _NO_DIGEST, digest)):
            raise ValueError("its checksum differs: it was changed after it was written.")
    return migrate(header), arrays


def _metadata(content):
    """Text beside the arrays, of the header that safetensors checks when it loads them."""
    size = int.from_bytes(content[:8], "little")
    return json.loads(content[8 : 8 + size]).get("__metadata__") or {}


def _digest(content):
    return hashlib.sha256(content).hexdigest()


def _with_digest(content, digest, old=_NO_DIGEST):
    """Put a checksum in the place of another."""
    return content.replace(old.encode(), digest.encode(), 1)
