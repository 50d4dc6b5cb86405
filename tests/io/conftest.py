import pytest


@pytest.fixture
def write():
    """Write text to a path; return the path."""

    def write_text(path, text):
        path.write_text(text)
        return path

    return write_text
