"""What a file is that cannot be read, and what to do with it, from how it begins."""

__all__ = ["advice_on"]

_ARRAYS = "and save them by numpy.savez, as energy_eV and counts"
_KINDS = {
    b"PK\3\4": "It is a ZIP archive, as Excel's .xlsx is too: unpack it, or save the sheet as CSV",
    b"\xd0\xcf\x11\xe0": "It may be an old file of Excel: save the sheet as CSV",
    b"\x1f\x8b": "It is compressed by gzip: unpack it first",
    b"BZh": "It is compressed by bzip2: unpack it first",
    b"\xfd7zXZ": "It is compressed by xz: unpack it first",
    b"\x89HDF": f"It is HDF5: if HyperSpy did not write it, read its arrays by h5py {_ARRAYS}",
    b"MATLAB 7.3": f"It is of MATLAB 7.3: read its arrays by h5py {_ARRAYS}",
    b"MATLAB 5": f"It is of MATLAB: read its arrays by scipy.io.loadmat {_ARRAYS}",
    b"PAR1": "It is Parquet: read it by pandas.read_parquet and save it by to_csv",
    b"ARROW1": "It is Feather: read it by pandas.read_feather and save it by to_csv",
    b"\x80": "It may be a pickle of Python, which can run code: save the spectra as CSV or .npz",
    b"%PDF": "It is a PDF",
    b"version https://git-lfs": "It points to a file of Git LFS: fetch that by git lfs pull",
    b"<!DOCTYPE": "It is a web page, as servers send in place of a file: download it again",
    b"<html": "It is a web page, as servers send in place of a file: download it again",
    b"<?xml": "It is XML: export the spectra as text in columns",
    b"{": f"It may be JSON: read its lists by json.load {_ARRAYS}",
    b"IGOR": "It is text of Igor: save the waves as delimited text instead, with their names above",
    b"VAMAS": "It is VAMAS: export the spectra as text in columns",
    b"##TITLE": "It is JCAMP-DX: export the spectra as text in columns",
}


def advice_on(start):
    """Say what a file is that begins so.

    Parameters
    ----------
    start : bytes
        The first bytes of the file.

    Returns
    -------
    advice : str
        A sentence with a space before it, or "" where the file is of no kind that is known.
    """
    start = start.lstrip(b"\xef\xbb\xbf \t\r\n")
    return next((f" {kind}." for mark, kind in _KINDS.items() if start.startswith(mark)), "")
