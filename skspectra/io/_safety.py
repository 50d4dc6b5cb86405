"""What files may hold that runs code or reaches into other files, found before it is read."""

import json
import math
import zipfile
from pathlib import PurePosixPath

import numpy as np

from skspectra._input.files import printable

__all__ = ["UnsafeFile", "check_content", "check_reader", "check_unpacked"]

# Readers of files that are refused, by the name that HyperSpy gives them.
_REFUSED_READERS = {
    "netcdf": "its reader evaluates text of the file as Python",
    "usid": "its reader is a package that was not examined",
}
_CODECS = {
    "blosc", "bytes", "bz2", "crc32", "crc32c", "delta", "fixedscaleoffset", "gzip", "json2",
    "lz4", "lzma", "msgpack2", "sharding_indexed", "shuffle", "transpose", "vlen-array",
    "vlen-bytes", "vlen-utf8", "zlib", "zstd",
}  # fmt: skip
_BLOSC_HEADER = 16  # bytes
_MUCH = 1 << 28  # bytes of memory, from which on it is asked where they come from
_MOST_TIMES = 300  # the memory over the bytes in a file; sparse counts reach some 100


class UnsafeFile(ValueError):
    """A file that would run code or reach into other files."""

    def __init__(self, what):
        super().__init__(f"The file is not safe to read: {what}")


def check_reader(path, reader):
    """Raise a ValueError if a format can run what a file holds."""
    reason = _REFUSED_READERS.get(reader.casefold())
    if reason:
        raise ValueError(
            f"{printable(path)} is not read as {reader}: {reason}. If you trust the file, load it "
            "with hyperspy.api.load and save it as .hspy."
        )


def check_unpacked(name, n_stored, n_unpacked):
    """Raise an UnsafeFile if something in a file is next to nothing until it is in memory.

    Parameters
    ----------
    name : str
        What it is called in the file.
    n_stored, n_unpacked : int
        Its bytes in the file and in memory.
    """
    if n_unpacked > max(_MUCH, _MOST_TIMES * n_stored):
        raise UnsafeFile(
            f"{name} has {n_stored} bytes in the file and would take {n_unpacked / 2**30:.3g} GiB "
            "of memory, as counts do not. If you trust the file, save it again without compression."
        )


def check_content(path, *, lazy):
    """Raise an UnsafeFile if a file that is HDF5 or zarr reaches out of itself or unpickles.

    Parameters
    ----------
    path : Path
        A file of any format, or the folder of a .zspy.
    lazy : bool
        Whether data stay in the file; if not, they may not take far more memory than they have
        bytes there.
    """
    if path.is_dir():
        _check_zarr_folder(path, lazy)
        return
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            _check_zarr(
                {each.filename: each.file_size for each in archive.infolist()}, archive.open, lazy
            )
    _check_hdf5(path, lazy)


def _check_hdf5(path, lazy):
    import h5py

    if not h5py.is_hdf5(path):
        return
    with h5py.File(path, "r") as file:
        to_visit, seen = [file["/"]], set()
        while to_visit:
            group = to_visit.pop()
            for name in group:
                kind = group.id.links.get_info(name.encode(errors="surrogateescape")).type
                if kind not in (h5py.h5l.TYPE_HARD, h5py.h5l.TYPE_SOFT):
                    raise UnsafeFile(_reaches_out(f"{group.name}/{name} is a link to another file"))
                if kind == h5py.h5l.TYPE_SOFT:
                    continue  # what it leads to is visited where it is
                item = group[name]
                if isinstance(item, h5py.Dataset):
                    _check_dataset(item)
                    if not lazy:
                        check_unpacked(item.name, item.id.get_storage_size(), item.nbytes)
                elif isinstance(item, h5py.Group):
                    info = h5py.h5o.get_info(item.id)
                    if info.addr not in seen:
                        seen.add(info.addr)
                        to_visit.append(item)


def _check_dataset(dataset):
    if dataset.external:
        raise UnsafeFile(_reaches_out(f"{dataset.name} lies in another file"))
    if dataset.is_virtual and any(part.file_name != "." for part in dataset.virtual_sources()):
        raise UnsafeFile(_reaches_out(f"{dataset.name} is put together from other files"))


def _reaches_out(what):
    return f"{what}. Copy what it needs into one file."


def _check_zarr_folder(folder, lazy):
    inside, sizes = folder.resolve(), {}
    for path in folder.rglob("*"):
        if not path.resolve().is_relative_to(inside):
            raise UnsafeFile(_reaches_out(f"{printable(path)} is a link out of the folder"))
        if path.is_file():
            sizes[path.relative_to(folder).as_posix()] = path.stat().st_size
        elif not path.is_dir():
            raise UnsafeFile(_reaches_out(f"{printable(path)} is a pipe or a device"))
    _check_zarr(sizes, lambda name: open(folder / name, "rb"), lazy)


def _check_zarr(sizes, open_file, lazy):
    """Look into the files of a zarr, whose sizes are given by their names."""
    in_blosc = set()
    for name in sizes:
        if PurePosixPath(name).name in (".zarray", ".zmetadata", "zarr.json"):
            with open_file(name) as file:
                document = _document(name, file.read())
            codecs = _check_codecs(name, document)
            if not lazy:
                _check_size(name, document, sizes)
            if name.endswith(".zarray") and "blosc" in codecs:
                in_blosc.add(PurePosixPath(name).parent)
    for name, size in sizes.items():
        path = PurePosixPath(name)
        if not path.name.startswith(".") and not in_blosc.isdisjoint(path.parents):
            with open_file(name) as file:
                _check_blosc(name, file.read(_BLOSC_HEADER), size)


def _check_blosc(name, header, size):
    """Refuse a damaged chunk: blosc believes the length it names and reads beyond its end."""
    named = int.from_bytes(header[12:], "little")
    if len(header) < _BLOSC_HEADER or named != size:
        raise ValueError(f"{name} has {size} bytes, but should have {named}: it is damaged.")


def _document(name, content):
    """Return the description of an array or a group."""
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{name} is no description of an array ({error}).") from error
    if not isinstance(document, dict):
        raise ValueError(f"{name} is no description of an array.")
    return document


def _check_codecs(name, document):
    """Names of the codecs of an array; one that numcodecs knows unpickles, others are unknown."""
    try:
        codecs = [each.removeprefix("numcodecs.") for each in _codecs(document)]
    except (TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"{name} is no description of an array ({error}).") from error
    for codec in codecs:
        if codec not in _CODECS:
            raise UnsafeFile(f"it asks for the codec {codec!r}, which may unpickle.")
    return codecs


def _check_size(name, document, sizes):
    """Compare the memory that an array takes with the bytes of its chunks."""
    folder = PurePosixPath(name).parent
    if "shape" in document:
        n_stored = sum(n for each, n in sizes.items() if folder in PurePosixPath(each).parents)
        item = np.dtype(document.get("dtype", document.get("data_type"))).itemsize
        check_unpacked(str(folder), n_stored, math.prod(document["shape"]) * item)


def _codecs(document):
    """Yield the names of the codecs in a description of an array, or in those of several."""
    consolidated = document.get("consolidated_metadata") or document
    for name, entry in (consolidated.get("metadata") or {}).items():
        if not name.endswith((".zattrs", ".zgroup")):
            yield from _codecs(entry)
    named = [*(document.get("filters") or ()), document.get("compressor")]
    named += [*(document.get("codecs") or ()), *(document.get("index_codecs") or ())]
    for codec in named:
        if codec is not None:
            yield str(codec.get("id", codec.get("name")))
            yield from _codecs(codec.get("configuration") or {})
