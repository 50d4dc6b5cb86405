"""How much of a long work is done: a bar in terminals and notebooks, lines in logs."""

import sys
import time

__all__ = ["Progress", "ProgressSplitter"]

SECONDS_BETWEEN_LINES = 10.0  # where nothing can be overwritten


class Progress:
    """Tell on standard error how much of a work is done.

    The last state stays. Of works inside another one, the bars vanish when they end, and lines are
    written only at intervals.

    Parameters
    ----------
    verbose : int or bool
        Whether anything is told.
    what : str
        The work, such as "training".
    total : int
        Number of steps.
    unit : str
        What a step is, in the singular.
    """

    _n_open = 0  # in this process

    def __init__(self, verbose, what, total, unit):
        self.what, self.total, self.unit = what, total, unit
        self.done, self._figures, self._bar, self._is_open = 0, {}, None, bool(verbose)
        if not self._is_open:
            return
        self._is_inner = Progress._n_open > 0
        Progress._n_open += 1
        self._last = self._started = time.monotonic()
        if _can_overwrite():
            from tqdm.auto import tqdm

            self._bar = tqdm(total=total, desc=what, unit=unit, leave=not self._is_inner)

    def update(self, n=1, *, what=None, **figures):
        """Count steps that are done, and show what goes on and figures such as a loss."""
        self.done += n
        self.what = what or self.what
        self._figures = figures or self._figures
        if self._bar is not None:
            self._bar.set_description(self.what, refresh=False)
            self._bar.set_postfix(self._figures, refresh=False)
            self._bar.update(n)
        elif self._is_open and (self.done != self.total or self._is_inner):  # else `close` tells
            if time.monotonic() - self._last > SECONDS_BETWEEN_LINES:
                self._print()

    def over(self, items):
        """Yield items, each of which is one step."""
        with self:
            for item in items:
                yield item
                self.update()

    def close(self):
        """Leave the last state."""
        if not self._is_open:
            return
        self._is_open = False
        Progress._n_open -= 1
        if self._bar is not None:
            self._bar.close()
        elif not self._is_inner:
            self._print()

    def __enter__(self):
        return self

    def __exit__(self, *raised):
        self.close()

    def _print(self):
        self._last = time.monotonic()
        figures = "".join(f", {name} {value:.4g}" for name, value in self._figures.items())
        print(
            f"{self.what}: {self.done / max(self.total, 1):.0%}, {self.done} of {self.total} "
            f"{self.unit}s, {self._last - self._started:.0f} s{figures}",
            file=sys.stderr,
            flush=True,
        )


class ProgressSplitter:
    """Splitter of scikit-learn that tells how many of its folds are done.

    Parameters
    ----------
    splitter : splitter
        As `sklearn.model_selection.check_cv` returns it.
    n_jobs : int
        Number of folds at work at the same time: those that were handed out last are not done.
    progress : Progress
        Counts the folds.
    """

    def __init__(self, splitter, n_jobs, progress):
        self.splitter, self.n_jobs, self.progress = splitter, n_jobs, progress

    def get_n_splits(self, X=None, y=None, groups=None):
        """Return the number of folds."""
        return self.splitter.get_n_splits(X, y, groups)

    def split(self, X, y=None, groups=None):
        """Yield the rows to train on and to test with."""
        for number, rows in enumerate(self.splitter.split(X, y, groups)):
            self.progress.update(number >= self.n_jobs)
            yield rows


def _can_overwrite():
    """Whether standard error is a terminal or a notebook."""
    if sys.stderr.isatty():
        return True
    ipython = sys.modules.get("IPython")
    return getattr(ipython and ipython.get_ipython(), "kernel", None) is not None
