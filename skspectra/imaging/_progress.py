"""Progress of an image that is computed chunk by chunk, on any scheduler of dask."""

import sys
import time

__all__ = ["computed"]

_SECONDS_BETWEEN_LINES = 10.0  # where standard error is no terminal


def computed(array, *, progress=False):
    """Compute a dask array, on the cluster whose client is connected if there is one.

    Parameters
    ----------
    array : dask array
        What is wanted.
    progress : bool, default=False
        Whether to tell on standard error how much is done: a bar in a terminal, a line every ten
        seconds and one at the end elsewhere.

    Returns
    -------
    values : ndarray
    """
    if not progress:
        return array.compute()
    client = _connected_client()
    if client is None:
        return _compute_here(array)
    return _compute_there(array, client)


def _compute_here(array):
    from dask.callbacks import Callback

    class Tasks(Callback):
        def _start_state(self, dsk, state):
            n_tasks = sum(len(state[name]) for name in ("ready", "waiting", "running"))
            self.told = _progress(n_tasks, "task")

        def _posttask(self, key, result, dsk, state, worker_id):
            self.told.update()

        def _finish(self, dsk, state, errored):
            self.told.close()

    with Tasks():
        return array.compute()


def _compute_there(array, client):
    from distributed import as_completed, futures_of

    begun = client.persist(array)
    futures = futures_of(begun)
    told = _progress(len(futures), "chunk")
    for _ in as_completed(futures):
        told.update()
    told.close()
    return begun.compute()


def _connected_client():
    distributed = sys.modules.get("distributed")
    if distributed is None:
        return None
    try:
        return distributed.default_client()
    except ValueError:
        return None


def _progress(total, unit):
    """Show a bar in a terminal, else lines."""
    if not sys.stderr.isatty():
        return _Lines(total, unit)
    from tqdm import tqdm

    return tqdm(total=total, desc="reading", unit=unit)


class _Lines:
    """Progress in lines of their own, as a log wants it."""

    def __init__(self, total, unit):
        self.total = total
        self.unit = unit
        self.done = 0
        self.last = self.started = time.monotonic()

    def update(self):
        self.done += 1
        if time.monotonic() - self.last > _SECONDS_BETWEEN_LINES:
            self._print()

    def close(self):
        self._print()

    def _print(self):
        self.last = time.monotonic()
        share = self.done / max(self.total, 1)
        print(
            f"reading: {share:.0%}, {self.done} of {self.total} {self.unit}s, "
            f"{self.last - self.started:.0f} s",
            file=sys.stderr,
            flush=True,
        )
