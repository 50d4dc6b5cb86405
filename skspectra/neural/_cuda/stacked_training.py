"""Fitting several nets side by side: one pass over their spectra trains them all."""

import logging
import time
from itertools import accumulate, groupby

import torch
from sklearn.utils.parallel import Parallel, delayed
from skorch.dataset import Dataset

from skspectra.neural._cuda.graphs import graphed_step
from skspectra.neural._cuda.stacked_module import Padding, StackedModule, is_stackable
from skspectra.neural._training.batches import TrainingBatches
from skspectra.neural._training.callbacks import EpochBar, OneCycle
from skspectra.neural._training.device import one_thread
from skspectra.neural._training.optimizer import FUSED_OPTIMIZERS
from skspectra.neural._training.training import postponed

__all__ = ["fit_side_by_side", "train_side_by_side", "train_stacked"]

_FOLLOWED = (OneCycle, EpochBar)  # callbacks that need no more than what a stack tells them
_SHARE_OF_MEMORY = 0.8  # that the spectra of a stack may take of what is free
_LOGGER = logging.getLogger("skspectra")


def fit_side_by_side(fits, n_jobs=None):
    """Fit estimators whose last step is a net; the nets are trained together, when all are ready.

    Nets that are alike are trained stacked, in one pass. They end as if each was trained by itself,
    but for rounding. One log line says which are trained alone.

    Parameters
    ----------
    fits : list of callable
        Each fits one estimator.
    n_jobs : int, default=None
        How many threads fit the earlier steps.

    Returns
    -------
    seconds : list of float
        How long each took. All have an equal share of the time of the trainings.
    """
    prepared = Parallel(n_jobs, prefer="threads")(delayed(_prepare)(fit) for fit in fits)
    start = time.perf_counter()
    train_side_by_side([training for trainings, _ in prepared for training in trainings], len(fits))
    share = (time.perf_counter() - start) / len(fits)
    return [seconds + share for _, seconds in prepared]


def _prepare(fit):
    start = time.perf_counter()
    with postponed() as trainings:
        fit()
    return trainings, time.perf_counter() - start


def train_side_by_side(trainings, n_nets):
    """Train nets, those that are alike stacked; see `fit_side_by_side`."""
    groups = {}
    reasons = ["spectra are held out"] * (n_nets - len(trainings))
    for training in trainings:
        reason = _why_alone(training)
        groups.setdefault(id(training) if reason else _architecture(training), []).append(training)
        reasons += [reason] if reason else []
    for key, group in groups.items():
        if len(group) > 1 and _has_room(group):
            train_stacked(group)
            continue
        for training in group:
            training.run()
        if len(group) > 1:
            reasons += ["too little memory on the device"] * len(group)
        elif isinstance(key, str):
            reasons.append("no other net has the same architecture, width and number of batches")
    if reasons:
        why = "; ".join(sorted(set(reasons)))
        _LOGGER.info("Trained %d of %d nets alone: %s.", len(reasons), n_nets, why)


def train_stacked(trainings):
    """Train nets of one architecture in one pass; see `fit_side_by_side`."""
    stack = _Stack(trainings)
    with one_thread():
        for _ in range(stack.max_epochs):
            stack.run_epoch()
        stack.settle_statistics()
    stack.write_back()
    for training in trainings:
        training.close()
        training.finish(training.net)


def _why_alone(training):
    """Return what keeps a net from being stacked with others, or None."""
    net, settings = training.net, training.settings
    given = [each[1] if isinstance(each, tuple) else each for each in settings["callbacks"]]
    unknown = sorted({_name(each) for each in given if not isinstance(each, _FOLLOWED)})
    if unknown:
        return f"callbacks ({', '.join(unknown)})"
    if net.initialized_:
        return "warm start"
    if net.optimizer not in FUSED_OPTIMIZERS or "param_groups" in net.get_params_for("optimizer"):
        return f"optimizer {_name(net.optimizer)}, or groups of parameters"
    if not isinstance(training.data.X["X"], torch.Tensor):
        return "spectra are read in blocks"
    with torch.device("meta"):
        module = net.module(**net.get_params_for("module"))
    return None if is_stackable(module) else "layers that have no stacked form"


def _architecture(training):
    """Whatever must be the same in nets that are stacked, as a string."""
    net, X, settings = training.net, training.data.X["X"], training.settings
    sizes = {
        name: value for name, value in net.get_params_for("module").items() if name != "dropout"
    }
    return repr(
        (
            (net.module, sizes, net.criterion, net.get_params_for("criterion"), net.optimizer),
            (settings["max_epochs"], len(_sizes(training)), settings["augmenters"] is None),
            (X.shape[1:], X.dtype, X.device),
        )
    )


def _has_room(trainings):
    """Whether there is memory for a second copy of the spectra."""
    spectra = [training.data.X["X"] for training in trainings]
    if spectra[0].device.type == "cpu":
        return True
    free, _ = torch.cuda.mem_get_info(spectra[0].device)
    return sum(X.nbytes for X in spectra) < _SHARE_OF_MEMORY * free


def _sizes(training):
    """Return the number of rows in each batch."""
    data, batch_size = training.data, training.settings["batch_size"]
    return TrainingBatches(data.X, data.y, batch_size).sizes


def _name(value):
    return getattr(value, "__name__", type(value).__name__)


class _Member:
    """A net of a stack, brought to where its first epoch begins, and its random numbers."""

    def __init__(self, training):
        self.net, self.data = training.net, training.data
        self.sizes = _sizes(training)
        training.start()
        self.net.notify("on_train_begin", X=self.data.X, y=self.data.y)
        self.draw_perturbation()
        self.generator = self.net.generator
        (group,) = self.net.optimizer_.param_groups
        self.options = {name: value for name, value in group.items() if name != "params"}

    def draw_perturbation(self):
        """Perturb as the net by itself would when it goes through its spectra another time."""
        data = Dataset(self.data.X, self.data.y)
        self.perturb = self.net.get_iterator(data, training=True).perturb

    def draw_order(self):
        """Draw the order of the rows in an epoch."""
        return torch.randperm(len(self.data.y), generator=self.generator, device=self.data.y.device)


class _Stack:
    """Nets in training: their weights, their optimizer and all of their spectra, in one place.

    Parameters
    ----------
    trainings : list of Training
        Of new nets that have one architecture.
    """

    def __init__(self, trainings):
        self.max_epochs = trainings[0].settings["max_epochs"]
        members = sorted(map(_Member, trainings), key=lambda member: repr(member.options))
        self._members = members
        self._groups = _runs([repr(member.options) for member in members])
        self._module = StackedModule([member.net.module_ for member in members], self._groups)
        self._optimizer = type(members[0].net.optimizer_)(
            {"params": list(leaves.values()), **members[nets.start].options}
            for leaves, nets in zip(self._module.leaves, self._groups, strict=True)
        )
        self._criterion = members[0].net.criterion_
        self._X = torch.cat([member.data.X["X"] for member in members])
        self._weight = torch.cat([member.data.X["sample_weight"] for member in members])
        self._y = torch.cat([member.data.y for member in members])
        self._sizes = list(zip(*(member.sizes for member in members), strict=True))
        self._starts = [0, *accumulate(len(member.data.y) for member in members)][:-1]
        longest = max(map(max, self._sizes))
        places = [
            _places(member.sizes, longest) + start
            for member, start in zip(members, self._starts, strict=True)
        ]
        self._places = torch.stack(places, 2).to(self._y.device)
        self._paddings = {}
        self._graphed = graphed_step(
            self._train_on,
            self._optimizer,
            self._generators,
            device=self._y.device,
            n_steps=self.max_epochs * len(self._sizes),
            augmenters=[member.net.augmenters for member in members],
        )

    def run_epoch(self):
        """Train all nets for an epoch, and write it to their histories."""
        nets = [member.net for member in self._members]
        for net in nets:
            net.notify("on_epoch_begin", dataset_train=None, dataset_valid=None)
        self._module.generators = [member.generator for member in self._members]
        step, losses = self._graphed or self._train_on, []
        for rows, sizes in self._draw_batches():
            for net, size in zip(nets, sizes, strict=True):
                net.notify("on_batch_begin", batch=None, training=True)
                net.history.record_batch("train_batch_size", size)
            self._follow_learning_rates()
            losses.append(step(rows, sizes))
        for net, of_net in zip(nets, torch.stack(losses, 1).tolist(), strict=True):
            for batch, loss in zip(net.history[-1]["batches"], of_net, strict=True):
                batch["train_loss"] = loss
            net.history.record("train_batch_count", len(of_net))
            net.notify("on_epoch_end", dataset_train=None, dataset_valid=None)

    @torch.no_grad()
    def settle_statistics(self):
        """Take the statistics of batch normalisation from one pass; see `settle_statistics`."""
        for member in self._members:
            member.net.notify("on_train_end", X=member.data.X, y=member.data.y)
            member.draw_perturbation()
        self._module.generators = None
        self._module.reset_statistics()
        for number, (rows, sizes) in enumerate(self._draw_batches(), start=1):
            self._module.momentum = 1 / number
            self._module.padding = self._padding(sizes)
            self._module(self._spectra(rows, sizes))

    def write_back(self):
        """Give the nets their weights, their statistics and the state of their optimizers."""
        self._module.write_back(len(self._sizes))
        for leaves, nets in zip(self._module.leaves, self._groups, strict=True):
            for number, member in enumerate(self._members[nets]):
                for name, leaf in leaves.items():
                    state = self._optimizer.state[leaf]
                    parameter = member.net.module_.get_parameter(name)
                    member.net.optimizer_.state[parameter] = _part_of_state(state, leaf, number)

    def _train_on(self, rows, sizes):
        """Train on a batch of each net; return the loss of each."""
        padding = self._module.padding = self._padding(sizes)
        self._optimizer.zero_grad()
        outputs = self._module(self._spectra(rows, sizes)).flatten(0, 1)
        flat = rows.flatten()
        losses = self._criterion(outputs, self._y.index_select(0, flat))
        losses = (losses * self._weight.index_select(0, flat)).view(rows.shape)
        losses = losses.mean(0) if padding is None else padding.mean(losses)
        losses.sum().backward()
        self._optimizer.step()
        return losses.detach()

    def _draw_batches(self):
        """Rows of every batch, of shape (n_spectra, n_nets), and how many of them are each net's.

        Nets with fewer rows have one of them more than once.
        """
        rows = torch.cat(
            [
                member.draw_order() + start
                for member, start in zip(self._members, self._starts, strict=True)
            ]
        )
        for places, sizes in zip(self._places, self._sizes, strict=True):
            yield rows[places[: max(sizes)]], sizes

    def _spectra(self, rows, sizes):
        """Spectra of shape (n_spectra, n_nets, n_channels), as the nets are shown them."""
        X = self._X.index_select(0, rows.flatten()).unflatten(0, rows.shape).float()
        if self._members[0].perturb is None:
            return X
        perturbed = [
            torch.nn.functional.pad(member.perturb(X[:size, number]), (0, 0, 0, len(X) - size))
            for number, (member, size) in enumerate(zip(self._members, sizes, strict=True))
        ]
        return torch.stack(perturbed, 1)

    def _generators(self, sizes):
        drawn = [member.generator for member in self._members]
        perturbations = [member.perturb for member in self._members if member.perturb is not None]
        return drawn + [perturb.keywords["rng"] for perturb in perturbations]

    def _padding(self, sizes):
        """Return which rows only fill up the batches; None if none do."""
        if len(set(sizes)) == 1:
            return None
        if sizes not in self._paddings:
            self._paddings[sizes] = Padding(sizes, self._weight)
        return self._paddings[sizes]

    def _follow_learning_rates(self):
        """Use the learning rates that the callbacks set in the optimizers of the nets."""
        for group, nets in zip(self._optimizer.param_groups, self._groups, strict=True):
            group["lr"] = self._members[nets.start].net.optimizer_.param_groups[0]["lr"]


def _places(sizes, longest):
    """Where each batch of a net lies among its shuffled rows, of shape (n_batches, longest)."""
    sizes = torch.tensor(sizes).unsqueeze(1)
    within = torch.arange(longest).minimum(sizes - 1)  # what fills up is the last row again
    return sizes.cumsum(0) - sizes + within


def _runs(values):
    """Slices of equal values that follow each other."""
    slices, start = [], 0
    for _, run in groupby(values):
        stop = start + len(list(run))
        slices.append(slice(start, stop))
        start = stop
    return slices


def _part_of_state(state, leaf, number):
    """State of an optimizer that belongs to one net of a leaf."""
    parts = {}
    for name, value in state.items():
        part = value[number] if getattr(value, "shape", None) == leaf.shape else value
        parts[name] = part.clone() if isinstance(part, torch.Tensor) else part
    return parts
