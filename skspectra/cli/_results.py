"""Folders of results that are whole or not written."""

import contextlib
import os
import shutil
import uuid

__all__ = ["check_results_folder", "writing_folder"]


def check_results_folder(path, marker):
    """Refuse a folder that could not be written, or that holds other things than results.

    Parameters
    ----------
    path : Path
        The folder wanted. It may be missing, empty, or hold earlier results.
    marker : str
        Name of a file that is in every folder of results.

    Raises
    ------
    FileNotFoundError, FileExistsError, PermissionError
        If it cannot be made, or holds something else.
    """
    if not path.parent.is_dir():
        raise FileNotFoundError(f"There is no folder {path.parent} to make {path.name} in.")
    if not os.access(path.parent, os.W_OK):
        raise PermissionError(f"The folder {path.parent} is not yours to write {path.name} to.")
    if path.exists() and not (path.is_dir() and (path / marker).exists() or _is_empty(path)):
        raise FileExistsError(
            f"{path} exists and holds no earlier results, so it is not replaced. Choose another "
            "folder with --out, or remove it."
        )


@contextlib.contextmanager
def writing_folder(path, marker):
    """Give a temporary folder that becomes `path` at the end, in the place of earlier results.

    Parameters
    ----------
    path : Path
        The folder wanted.
    marker : str
        Name of a file that is in every folder of results.

    Yields
    ------
    temporary : Path
        An empty folder beside `path`; removed if an exception, or Ctrl-C, ends the block.
    """
    check_results_folder(path, marker)
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    temporary.mkdir()
    try:
        yield temporary
        if path.exists():
            earlier = temporary.with_name(f"{temporary.name}.earlier")
            path.rename(earlier)
            temporary.rename(path)
            shutil.rmtree(earlier)
        else:
            temporary.rename(path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _is_empty(path):
    return path.is_dir() and not any(path.iterdir())
