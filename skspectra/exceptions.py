"""Warnings that skspectra gives."""

import warnings

__all__ = ["SpectrumWarning"]


class SpectrumWarning(UserWarning):
    """Some spectra could not be treated and were given the documented fallback."""


def warn_spectra(flagged, message):
    """Warn once if any spectrum is flagged; `message` gets ``{count}``, as "3 of 40 spectra"."""
    count = int(flagged.sum())
    if count:
        text = message.format(count=f"{count} of {flagged.size} spectra")
        warnings.warn(text, SpectrumWarning, stacklevel=3)
