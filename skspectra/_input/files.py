"""Files that are whole or not there, and those that can be read at all."""

import contextlib
import uuid

from skspectra._input.foreign import advice_on

__all__ = [
    "ARRAY_ENDINGS",
    "TEXT_ENDINGS",
    "beginning",
    "check_ending",
    "check_folder",
    "check_readable",
    "printable",
    "writing",
]

ARRAY_ENDINGS = (".npy", ".npz")
TEXT_ENDINGS = (".csv", ".tsv", ".txt", ".dat", ".xy", ".asc", ".prn", ".xdi", ".nor", ".xmu")


def printable(path):
    """Path as text that can be printed; file names need not be UTF-8."""
    return str(path).encode(errors="replace").decode()


def check_ending(path):
    """Raise a ValueError if the ending of a file is none of text, arrays and HyperSpy's formats."""
    from rsciio import IO_PLUGINS

    known = {f".{each.lower()}" for plugin in IO_PLUGINS for each in plugin["file_extensions"]}
    if path.suffix.lower() not in known.union(TEXT_ENDINGS, ARRAY_ENDINGS):
        raise ValueError(
            f"{printable(path)} cannot be read: HyperSpy has no format with the ending "
            f"{path.suffix!r}, and text must end in .csv, .txt or the like."
            f"{advice_on(beginning(path))}"
        )


def beginning(path):
    """Return the first bytes of a file, none of a folder."""
    if path.is_dir():
        return b""
    with path.open("rb") as file:
        return file.read(64)


def check_readable(path):
    """Raise an OSError if a path leads nowhere, to a folder, or to what has no end, as a pipe.

    Parameters
    ----------
    path : Path
        The file; a folder may only be a .zspy.

    Raises
    ------
    FileNotFoundError, IsADirectoryError, OSError
    ValueError
        If the file is empty, as what the kernel has under /proc seems to be.
    """
    shown = printable(path)
    if not path.exists():
        raise FileNotFoundError(f"There is no file {shown}.{_why_none(path)}")
    if path.is_dir():
        if path.suffix.lower() != ".zspy":
            raise IsADirectoryError(
                f"{shown} is a folder; give the files in it, such as {printable(path / '*.dm3')} "
                f"in a shell or sorted(Path({shown!r}).glob('*.dm3')) in Python."
            )
    elif not path.is_file():
        raise OSError(f"{shown} is no file that can be read to its end, but a pipe or a device.")
    elif not path.stat().st_size:
        raise ValueError(f"{shown} is empty: it has no bytes.")


def _why_none(path):
    if any(mark in path.name for mark in "*?["):
        folder = printable(path.parent)
        return f" To read many, pass sorted(Path({folder!r}).glob({printable(path.name)!r}))."
    return " Download it first." if "://" in str(path) or path.parts[0].endswith(":") else ""


def check_folder(path):
    """Raise a FileNotFoundError if the folder that a file is to be written to does not exist."""
    if not path.parent.is_dir():
        raise FileNotFoundError(f"There is no folder {path.parent} to write {path.name} to.")


@contextlib.contextmanager
def writing(path):
    """Give a temporary path beside `path` that becomes `path` if nothing goes wrong.

    Parameters
    ----------
    path : Path
        The file wanted.

    Yields
    ------
    temporary : Path
        Where to write. Renamed at the end of the block, removed if an exception ends it.

    Raises
    ------
    FileNotFoundError
        If there is no such folder.
    """
    check_folder(path)
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
