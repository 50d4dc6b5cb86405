"""HyperSpy, imported when it is needed and kept quiet about itself."""

import contextlib
import logging
import warnings

__all__ = ["import_hyperspy", "quiet_hyperspy"]


def import_hyperspy():
    """Return `hyperspy.api`, or raise an ImportError that says what to install."""
    try:
        import hyperspy.api as hs
    except ImportError as error:
        raise ImportError(
            "HyperSpy is needed for its signals and file formats; install it with "
            "python -m pip install 'hyperspy>=2.4'."
        ) from error
    return hs


@contextlib.contextmanager
def quiet_hyperspy():
    """Hold back what HyperSpy and RosettaSciIO log, and their warnings about installations."""
    from hyperspy.exceptions import VisibleDeprecationWarning

    loggers = [logging.getLogger(name) for name in ("hyperspy", "rsciio")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", VisibleDeprecationWarning)
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
