"""Warnings of skspectra."""

import warnings

__all__ = ["SpectrumWarning"]


class SpectrumWarning(UserWarning):
    """Some spectra could not be treated; their result is the fallback that the docstring gives.

    Examples
    --------
    >>> import warnings
    >>> from skspectra.exceptions import SpectrumWarning
    >>> from skspectra.preprocessing import SpectrumNormalizer
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("error", SpectrumWarning)
    ...     SpectrumNormalizer().fit_transform([[1.0, 1.0], [1.0, 2.0]])
    Traceback (most recent call last):
    ...
    skspectra.exceptions.SpectrumWarning: 1 of 2 spectra are flat or overflow and have no
    scale; they become zeros.
    """


def warn_spectra(flagged, message):
    """Warn once if any spectrum is flagged; `message` gets ``{count}``, as "3 of 40 spectra"."""
    count = int(flagged.sum())
    if count:
        text = message.format(count=f"{count} of {flagged.size} spectra")
        warnings.warn(text, SpectrumWarning, stacklevel=3)
