"""Progress of an image that is computed chunk by chunk, on any scheduler of dask."""

import sys

from skspectra._progress import Progress

__all__ = ["computed"]


def computed(array, *, verbose=0):
    """Compute a dask array, on the cluster whose client is connected if there is one.

    Parameters
    ----------
    array : dask array
        What is wanted.
    verbose : int or bool, default=0
        Whether to show progress.

    Returns
    -------
    values : ndarray
    """
    if not verbose:
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
            self.told = Progress(True, "reading", n_tasks, "task")

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
    with Progress(True, "reading", len(futures), "chunk") as told:
        for _ in as_completed(futures):
            told.update()
    return begun.compute()


def _connected_client():
    distributed = sys.modules.get("distributed")
    if distributed is None:
        return None
    try:
        return distributed.default_client()
    except ValueError:
        return None
