"""Maps of valence: what a reader says of every pixel."""

import numpy as np

from skspectra.imaging._image import SpectrumImage
from skspectra.plotting._image import mean_is_known

__all__ = ["REASONS", "ValenceMaps", "masked_values", "phase_values", "table_values"]

REASONS = ("", "no edge", "cannot tell", "foreign", "masked")
_NINETY_PERCENT = 1.645  # standard deviations each way
_VALUES = (
    "replaced",
    "class",
    "valence",
    "lower",
    "upper",
    "probability",
    "shift",
    "novelty",
    "reason",
)


class ValenceMaps:
    """Valences of the pixels of an image, with their uncertainty: the result of `read_image`.

    Parameters
    ----------
    values : ndarray of shape (..., n_values)
        What `table_values` makes of the tables of a reader.
    classes : sequence of str
        The classes of the reader.
    pixels : SpectrumImage
        The image.
    by : {"pixels", "phases"}
        What was read.
    why : str
        Why.
    phases : PhaseSegmenter or None
        The phases that were read.

    Attributes
    ----------
    classes : ndarray of shape (n_classes,) of str
        The labels that the codes stand for.
    codes : ndarray of shape (...), int
        Index in `classes` of the valence of each pixel, -1 where it is unknown.
    reasons : ndarray of shape (...) of str
        Why a pixel is unknown: "no edge", "cannot tell", "foreign" or "masked"; "" where it is
        known.
    valence : signal or array of shape (...)
        Mean valence. It can be known where the class is not, as of a mixed valence: if its interval
        is not wider than .75 each way. NaN elsewhere. This and the following are of the kind of the
        image, with its axes: HyperSpy signals of a signal, else arrays. They are in memory for lazy
        images too.
    uncertainty : signal or array of shape (...)
        Half the width of the interval of the mean valence, NaN where that is.
    probability : signal or array of shape (..., n_classes)
        Probability of every class, NaN where nothing was read.
    novelty : signal or array of shape (...)
        How far a spectrum is from all that the reader was trained on; 1 is the threshold.
    shift : signal or array of shape (...)
        How far the edge lies off its nominal energy, in eV.
    n_replaced : ndarray of shape (...), int
        Number of channels of each pixel that were replaced, because the detector did not measure
        them.
    """

    def __init__(self, values, classes, pixels, *, by="pixels", why="", phases=None):
        self._values = values
        self.pixels = pixels
        self.by = by
        self.why = why
        self.phases = phases
        self.classes = np.asarray(classes)
        self.codes = self._of("class").astype(int)
        self.n_replaced = self._of("replaced").astype(int)
        self.reasons = np.asarray(np.array(REASONS)[self._of("reason").astype(int)])

    def __repr__(self):
        shape = " x ".join(map(str, self.codes.shape)) or "1"
        counts = ", ".join(f"{count} {name}" for name, count in self.counts().items())
        return f"<ValenceMaps, {shape} pixels, read by {self.by}: {counts}>"

    @property
    def valence(self):
        """Mean valence, NaN where it is unknown."""
        return self._signal("valence", self.known("valence"))

    @property
    def uncertainty(self):
        """Half the width of the interval of the mean valence."""
        return self._signal("uncertainty", (self.known("upper") - self.known("lower")) / 2)

    @property
    def probability(self):
        """Probability of every class."""
        return self._signal("probability", self._values[..., len(_VALUES) :])

    @property
    def novelty(self):
        """How far each spectrum is from those of the training."""
        return self._signal("novelty", self._of("novelty"))

    @property
    def shift(self):
        """How far the edge lies off, in eV."""
        return self._signal("shift", self._of("shift"))

    def slices(self):
        """List maps of two dimensions or less: those of each image of a stack."""
        if self.codes.ndim <= 2:
            return [self]
        pixels = self.pixels
        return [
            ValenceMaps(
                self._values[index],
                self.classes,
                SpectrumImage(pixels.data[index], pixels.axis, _slice(pixels.signal, index)),
            )
            for index in np.ndindex(self.codes.shape[:-2])
        ]

    def known(self, name):
        """Array of the mean "valence", or of its "lower" or "upper" end, NaN where unknown."""
        known = mean_is_known(self.codes, self.reasons, self._of("lower"), self._of("upper"))
        return np.where(known, self._of(name), np.nan)

    def class_signal(self):
        """Return codes in the kind of the image; a signal has the names in "Signal.classes"."""
        result = self._signal("class", self.codes.astype(np.int16))
        if self.pixels.signal is not None:
            result.metadata.set_item("Signal.classes", self.classes.tolist())
        return result

    def counts(self):
        """Count the pixels of every class, and of every reason to name none: dict of str to int."""
        named = {str(name): int((self.codes == i).sum()) for i, name in enumerate(self.classes)}
        refused = {name: int((self.reasons == name).sum()) for name in REASONS[1:]}
        return named | {name: count for name, count in refused.items() if count}

    def plot(self):
        """Draw an image with `ValenceMapDisplay`, a line with `LineScanDisplay`.

        Returns
        -------
        display : ValenceMapDisplay or LineScanDisplay

        Raises
        ------
        ValueError
            If there is a single spectrum, or more than two dimensions: see `slices`.
        """
        from skspectra.plotting import LineScanDisplay, ValenceMapDisplay

        display = {1: LineScanDisplay, 2: ValenceMapDisplay}.get(self.codes.ndim)
        if display is None:
            raise ValueError(
                f"Only lines and images can be drawn, got {self.codes.ndim} dimensions. Draw each "
                "of maps.slices()."
            )
        return display.from_maps(self)

    def _signal(self, name, values):
        """Values in the kind of the image; a signal has the name in its title."""
        result = self.pixels.like(values)
        if self.pixels.signal is not None:
            title = result.metadata.get_item("General.title", "")
            result.metadata.General.title = f"{name} of {title}" if title else name
        return result

    def _of(self, name):
        return self._values[..., _VALUES.index(name)]


def table_values(table, classes):
    """Numbers of a table of a reader, shape (n_spectra, n_values)."""
    codes = {name: i for i, name in enumerate(classes)}
    columns = {
        "class": table["valence"].map(lambda name: codes.get(name, -1)),
        "valence": table["mean_valence"],
        "reason": table["reason"].map(REASONS.index),
    }
    columns |= {name: table[name] for name in _VALUES[1:] if name not in columns}
    named = np.column_stack([columns[name].to_numpy(float) for name in _VALUES[1:]])
    probability = table[list(classes)].to_numpy(float)
    return np.hstack([np.zeros((len(table), 1)), named, probability])


def phase_values(of_phases, phases, mask):
    """Values of every pixel from those of the phases, shape (..., n_values).

    Where phases grade into each other, the mean valence lies between theirs, and the width of a
    step widens its interval, though not beyond those of all phases.
    """
    outside = masked_values(1, range(of_phases.shape[1] - len(_VALUES)))
    values = np.append(of_phases, outside, axis=0)[phases.labels_]
    if len(of_phases):
        valence, lower, upper = map(_VALUES.index, ("valence", "lower", "upper"))
        between, step = phases.interpolate(of_phases[:, valence])
        sides = values[..., [lower, upper]] - values[..., [valence]]
        sides = np.hypot(sides, _NINETY_PERCENT * step[..., None]) * [-1, 1]
        ends = [np.fmin.reduce(of_phases[:, lower]), np.fmax.reduce(of_phases[:, upper])]
        values[..., valence] = between
        values[..., [lower, upper]] = np.clip(between[..., None] + sides, *ends)
    outside = phases.labels_ < 0
    values[outside, _VALUES.index("reason")] = REASONS.index("no edge")
    values[mask, _VALUES.index("reason")] = REASONS.index("masked")
    return values


def masked_values(n_pixels, classes):
    """Numbers of pixels that are not read, shape (n_pixels, n_values)."""
    values = np.full((n_pixels, len(_VALUES) + len(classes)), np.nan)
    values[:, _VALUES.index("replaced")] = 0
    values[:, _VALUES.index("class")] = -1
    values[:, _VALUES.index("reason")] = REASONS.index("masked")
    return values


def _slice(signal, index):
    """One image of a signal that holds a stack of them."""
    return None if signal is None else signal.inav[(slice(None), slice(None), *index[::-1])]
