"""Files that are whole or not there."""

import contextlib
import uuid

__all__ = ["check_folder", "writing"]


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
