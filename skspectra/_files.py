"""Files that are whole or not there."""

import contextlib
import uuid

__all__ = ["writing"]


@contextlib.contextmanager
def writing(path):
    """Give a temporary path beside `path` that becomes `path` if nothing goes wrong.

    Parameters
    ----------
    path : Path
        The file wanted; its folder exists.

    Yields
    ------
    temporary : Path
        Where to write. Renamed at the end of the block, removed if an exception ends it.
    """
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
