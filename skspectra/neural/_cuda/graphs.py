"""Training steps as CUDA graphs: recorded once, then replayed without a word from Python."""

import logging
from collections import Counter
from contextlib import contextmanager

import torch

from skspectra.neural._training.callbacks import watching
from skspectra.neural._training.optimizer import FUSED_OPTIMIZERS

__all__ = ["GraphedStep", "graphed_step", "graphed_step_of", "why_not"]

_PAYS_FROM = 100  # steps in a training; recording takes the time of some tens
_FIRST_STEPS = 3  # of each shape, that are not replayed
_LOGGER = logging.getLogger("skspectra")


def graphed_step_of(net, data):
    """Return a `GraphedStep` that trains a net on data in memory, where `graphed_step` has one."""
    return graphed_step(
        lambda rows, batches: net.train_step(batches.take(rows))["loss"].detach(),
        net.optimizer_,
        _generators,
        device=data.y.device,
        n_steps=net.max_epochs * len(data.y) // net.batch_size,
        augmenters=[net.augmenters],
        callbacks=net.callbacks_,
    )


def graphed_step(step, optimizer, generators, *, device, n_steps, augmenters, callbacks=()):
    """Return a `GraphedStep` where it pays and can be; else None, on CUDA with a log line.

    The step begins with augmenters, a list of chains or None; callbacks would see its batches.
    """
    if device.type != "cuda" or n_steps < _PAYS_FROM:
        return None
    reason = why_not(optimizer, augmenters, callbacks)
    if reason is None:
        return GraphedStep(step, optimizer, generators)
    _LOGGER.info("Training without CUDA graphs: %s.", reason)
    return None


def why_not(optimizer, augmenters, callbacks):
    """Return what of a step would be recorded as it was once, or missed, or None."""
    watcher = watching(callbacks)
    if watcher is not None:
        return f"callback {watcher} may look at batches"
    if type(optimizer) not in FUSED_OPTIMIZERS:
        return f"optimizer {type(optimizer).__name__}"
    if not all(group["fused"] for group in optimizer.param_groups):
        return "optimizer without fused=True"
    for chain in augmenters:
        for augmenter in [] if chain is None else chain.augmenters:
            if not type(augmenter).__module__.startswith("skspectra."):
                return f"augmenter {type(augmenter).__name__}, which is not of skspectra"
    return None


class GraphedStep:
    """A training step that is recorded once for each shape of its batches, then replayed.

    The first steps of each shape run as they are, on a side stream, and count like any other; they
    make whatever must exist before a recording. Recording computes nothing. So where it fails,
    weights and optimizer are what they were, all further steps run as they are, and one log line
    says why.

    Parameters
    ----------
    step : callable
        ``step(rows, kind)`` trains on the rows of a batch and returns losses, without waiting for
        the device. What it does on the CPU depends on the shape of `rows` and on `kind` alone.
    optimizer : torch.optim.Optimizer
        What the step ends with, a fused one. Its learning rates may change between steps.
    generators : callable
        ``generators(kind)`` gives those of the device that a step draws from.
    """

    def __init__(self, step, optimizer, generators):
        self._step = step
        self._optimizer = optimizer
        self._generators = generators
        self._n_run = Counter()
        self._replays = {}
        self._stream = None
        self._rates = None
        self._sent = None

    def __call__(self, rows, kind):
        """Train on a batch; return its losses."""
        shape = rows.shape, kind
        if self._replays is None:
            return self._step(rows, kind)
        if shape not in self._replays:
            self._n_run[shape] += 1
            if self._n_run[shape] <= _FIRST_STEPS:
                return self._run_aside(rows, kind)
            try:
                self._replays[shape] = self._record(rows, kind)
            except Exception as error:  # of whatever kind: the step itself can still run
                self._replays = None
                _LOGGER.info("Training without CUDA graphs: %s", str(error).partition("\n")[0])
                return self._step(rows, kind)
        self._follow_learning_rates()
        return self._replays[shape](rows)

    def close(self):
        """Let go of the memory of the recordings."""
        self._replays = None
        self._optimizer.zero_grad()

    def _run_aside(self, rows, kind):
        """Run a step on a stream of its own, as torch asks for before a recording."""
        if self._stream is None:
            self._stream = torch.cuda.Stream(rows.device)
        current = torch.cuda.current_stream(rows.device)
        self._stream.wait_stream(current)
        with torch.cuda.stream(self._stream):
            losses = self._step(rows, kind)
        current.wait_stream(self._stream)
        return losses

    def _record(self, rows, kind):
        """Record a step; return what replays it on other rows."""
        rows, graph = rows.clone(), torch.cuda.CUDAGraph()
        generators = self._generators(kind)
        for generator in generators:
            graph.register_generator_state(generator)
        how = {"stream": self._stream, "capture_error_mode": "thread_local"}
        with torch.cuda.device(rows.device), _restored_on_failure(generators):
            with self._recordable_optimizer(rows.device), torch.cuda.graph(graph, **how):
                losses = self._step(rows, kind)

        def replay(others):
            rows.copy_(others)
            graph.replay()
            return losses.clone()

        return replay

    @contextmanager
    def _recordable_optimizer(self, device):
        """Let the optimizer find its learning rates on the device."""
        groups = self._optimizer.param_groups
        before = [dict(group) for group in groups]
        if self._rates is None:
            self._rates = [torch.tensor(float(group["lr"]), device=device) for group in groups]
        for group, rate in zip(groups, self._rates, strict=True):
            group |= {"lr": rate} | ({"capturable": True} if "capturable" in group else {})
        try:
            yield
        finally:
            for group, old in zip(groups, before, strict=True):
                group |= old

    def _follow_learning_rates(self):
        """Bring learning rates that changed to the device."""
        wanted = [group["lr"] for group in self._optimizer.param_groups]
        if wanted != self._sent:
            for rate, value in zip(self._rates, wanted, strict=True):
                rate.fill_(value)
            self._sent = wanted


def _generators(batches):
    """Return what draws the dropout and the perturbations of batches."""
    perturbing = [] if batches.perturb is None else [batches.perturb.keywords["rng"]]
    return [batches.generator, *perturbing]


@contextmanager
def _restored_on_failure(generators):
    """Give generators a new state, equal to the one before, if what they are used for fails.

    They would believe themselves to be recorded for ever.
    """
    before = [generator.get_state() for generator in generators]
    try:
        yield
    except BaseException:
        for generator, state in zip(generators, before, strict=True):
            fresh = torch.Generator(generator.device)
            fresh.set_state(state)
            generator.graphsafe_set_state(fresh)
        raise
