"""Progress of an image that is read chunk by chunk."""

import sys

from dask.callbacks import Callback
from tqdm.auto import tqdm

__all__ = ["ChunkProgress"]

_SECONDS_BETWEEN_LINES = 10.0  # where standard error is no terminal


class ChunkProgress(Callback):
    """Show how many tasks of dask are done, while it is a context; a line now and then in a log."""

    def _start_state(self, dsk, state):
        seconds = 0.1 if sys.stderr.isatty() else _SECONDS_BETWEEN_LINES
        n_tasks = sum(len(state[name]) for name in ("ready", "waiting", "running"))
        self._bar = tqdm(total=n_tasks, desc="reading", unit="task", mininterval=seconds)

    def _posttask(self, key, result, dsk, state, worker_id):
        self._bar.update()

    def _finish(self, dsk, state, errored):
        self._bar.close()
