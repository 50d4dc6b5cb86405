"""Folders of results that are whole or not written."""

import contextlib
import os
import shutil
import uuid

from skspectra._input.files import printable

__all__ = ["check_results_folder", "writing_folder"]


def check_results_folder(path, names):
    """Refuse a folder that could not be written, or that holds other things than results.

    Parameters
    ----------
    path : Path
        The folder wanted. It may be missing, empty, or hold earlier results.
    names : sequence of str
        Names of the files that results may have, in the folder and in folders in it; the first is
        in every folder of results.

    Raises
    ------
    FileNotFoundError, FileExistsError, PermissionError
        If it cannot be made, or holds something else.
    """
    if not path.parent.is_dir():
        raise FileNotFoundError(f"There is no folder {path.parent} to make {path.name} in.")
    if not os.access(path.parent, os.W_OK):
        raise PermissionError(f"The folder {path.parent} is not yours to write {path.name} to.")
    if path.is_symlink() or (path.exists() and not path.is_dir()):
        raise FileExistsError(f"{path} exists and is no folder. Choose another one with --out.")
    files = (each for each in path.rglob("*") if each.is_symlink() or not each.is_dir())
    expected = names if (path / names[0]).exists() else ()
    other = next((each for each in files if each.name not in expected), None)
    if other is not None:
        what = printable(other.relative_to(path))
        raise FileExistsError(
            f"{path} holds {what}, which is no earlier result, so the folder is not replaced. "
            "Choose another one with --out."
        )


@contextlib.contextmanager
def writing_folder(path, names):
    """Give a temporary folder that becomes `path` at the end, in the place of earlier results.

    Parameters
    ----------
    path : Path
        The folder wanted.
    names : sequence of str
        Names of the files that results may have; the first is in every folder of results.

    Yields
    ------
    temporary : Path
        An empty folder beside `path`; removed if an exception, or Ctrl-C, ends the block.
    """
    check_results_folder(path, names)
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
