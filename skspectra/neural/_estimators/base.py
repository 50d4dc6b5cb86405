"""What the neural estimators share: seeds, splits and the skorch net they own."""

from collections.abc import Callable
from dataclasses import dataclass
from numbers import Integral, Real
from typing import ClassVar

import numpy as np
import torch
from sklearn.base import BaseEstimator
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state

from skspectra._input.stored import (
    NARROW,
    StoredSpectra,
    read_rows,
    select_rows,
    validate_spectra,
)
from skspectra._sklearn import Interval, StrOptions
from skspectra.augmentation._base import Augmenter, AugmenterChain
from skspectra.neural._accelerators import ACCELERATORS, fit_together
from skspectra.neural._estimators.outputs import collect_outputs
from skspectra.neural._modules import ARCHITECTURES
from skspectra.neural._training.callbacks import make_callbacks
from skspectra.neural._training.device import resolve_device
from skspectra.neural._training.optimizer import optimizer_params
from skspectra.neural._training.streaming import as_tensor
from skspectra.neural._training.training import (
    Training,
    as_dataset,
    plain_history,
    train_or_postpone,
)

__all__ = ["SpectralNetEstimator"]

_SAMPLE = 2**16  # stored or narrow spectra that augmenters are fitted to
_NET_PREFIXES = ("module__", "optimizer__", "criterion__", "callbacks__")


@dataclass(kw_only=True, eq=False, repr=False)
class SpectralNetEstimator(BaseEstimator):
    """Base class of the neural classifiers and regressors.

    Its fields are the parameters that all of them share, see `skspectra.neural.NetClassifier`. A
    subclass adds those of its architecture as fields too and lists them in `_module_parameters`,
    names the skorch net in `_net_class` and its loss in `_criterion`. It turns the user's y into
    what the loss takes in `_encode`, counts the outputs that this needs in `_n_outputs`, and says
    in `_strata` what a split keeps in proportion.
    """

    max_epochs: int = 50
    batch_size: int = 64
    lr: float = 0.03
    schedule: str = "one-cycle"
    optimizer: str | Callable = "Adam"
    weight_decay: float = 0.0
    augment: Augmenter | list | None = None
    validation_fraction: float | None = None
    patience: int | None = None
    callbacks: list | None = None
    net_params: dict | None = None
    device: str | torch.device = "auto"
    warm_start: bool = False
    random_state: int | np.random.RandomState | None = None
    verbose: int = 0

    _module_parameters: ClassVar = ()
    _y_checks: ClassVar[dict] = {}  # what `validate_data` is told about y

    _parameter_constraints: ClassVar[dict] = {
        "max_epochs": [Interval(Integral, 1, None, closed="left")],
        "batch_size": [Interval(Integral, 2, None, closed="left")],
        "lr": [Interval(Real, 0, None, closed="neither")],
        "schedule": [StrOptions({"constant", "one-cycle"})],
        "optimizer": [str, callable],
        "weight_decay": [Interval(Real, 0, None, closed="left")],
        "augment": [Augmenter, list, tuple, None],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither"), None],
        "patience": [Interval(Integral, 1, None, closed="left"), None],
        "callbacks": [list, None],
        "net_params": [dict, None],
        "device": [str, torch.device],
        "warm_start": ["boolean"],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def set_params(self, **params):
        """Set parameters of the estimator and, by their prefixes, of the skorch net.

        Parameters
        ----------
        **params : dict
            Parameters as in the constructor, and ``module__*``, ``optimizer__*``, ``criterion__*``
            and ``callbacks__*``, which go to `net_params`.

        Returns
        -------
        self : object
        """
        for_net = {name: params.pop(name) for name in list(params) if _is_net_param(name)}
        super().set_params(**params)
        if for_net:
            self.net_params = {**(self.net_params or {}), **for_net}
        return self

    def _train(self, X, y, sample_weight):
        """Train the net; return the rows that were held out, or None."""
        warm = self.warm_start and hasattr(self, "net_")
        checked, y = self._validate(X, y, reset=not warm, ensure_min_samples=2, **self._y_checks)
        weight = self._weigh(checked, y, sample_weight)
        targets = self._encode(y, weight, reset=not warm)
        if not warm:
            self._random_state = check_random_state(self.random_state)
        train, valid = self._split(checked, y, weight)
        device = torch.device(self.net_.device) if warm else resolve_device(self.device)
        data = as_dataset(select_rows(checked, train), targets[train], weight[train], device)

        given = _with_axis(X, checked)
        self._fit_augmenters(given, train)
        n_channels = self._nominal(read_rows(given, slice(1))).shape[1]
        held_out = None
        if valid is not None:
            seen = self._nominal(select_rows(given, valid))
            held_out = as_dataset(seen, targets[valid], weight[valid], device)

        train_or_postpone(
            Training(
                net=self._make_net(n_channels, device, warm),
                data=data,
                held_out=held_out,
                seed=self._random_state.randint(2**31),
                accelerators=ACCELERATORS,
                finish=self._take_over,
                settings={
                    "max_epochs": self.max_epochs,
                    "batch_size": self.batch_size,
                    "lr": self.lr,
                    "augmenters": self.augmenters_,
                    "callbacks": make_callbacks(
                        self.callbacks, self.schedule, self.patience, self.verbose
                    ),
                },
            )
        )
        return valid

    def _take_over(self, net):
        """Take over a net that was trained, unless it diverged."""
        history = plain_history(net.history)
        if history and not np.isfinite(history[-1]["train_loss"]):
            raise ValueError(
                f"The training loss became {history[-1]['train_loss']}. Normalise the spectra, for "
                f"example with SpectrumNormalizer, or lower lr={self.lr:g}."
            )
        self.net_, self.history_, self.n_iter_ = net, history, len(history)

    def _fit_together(self):
        """Return what fits several clones in one pass, or None; see `fit_together` of pipelines."""
        return fit_together(resolve_device(self.device))

    def embed(self, X):
        """Return the features that enter the last part of the net.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
            Spectra.

        Returns
        -------
        features : ndarray of shape (n_spectra, n_features), float32

        Raises
        ------
        AttributeError
            If the module is one of your own and has no method ``embed(X)``.
        """
        return collect_outputs(self, lambda module, size: _method_of(module, "embed"), X)[""]

    def activations(self, X):
        """Return the output of every block of the net.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
            Spectra.

        Returns
        -------
        activations : dict of str to ndarray, float32
            In the order of the blocks; of shape (n_spectra, n_filters, n_positions) where a block
            convolves, else (n_spectra, n_units).

        Raises
        ------
        AttributeError
            If the module is one of your own and has no method ``activations(X)``.
        """
        return collect_outputs(self, lambda module, size: _method_of(module, "activations"), X)

    def _validate(self, X, y="no_validation", *, reset, **y_checks):
        with np.errstate(over="ignore"):  # what overflows float32 is refused as infinite
            dtypes = [np.float32, *NARROW]
            return validate_spectra(self, X, y, reset=reset, dtype=dtypes, **y_checks)

    def _split(self, X, y, weight):
        """Rows that are trained on, and rows that are held out or None; of what is read, sorted."""
        train, valid = np.flatnonzero(weight), None
        if self.validation_fraction is not None:
            parts = self._hold_out(train, self._strata(y[train]))
            train, valid = map(np.sort, parts) if isinstance(X, StoredSpectra) else parts
        elif self.patience is not None:
            raise ValueError(
                f"patience={self.patience} watches the validation loss, but no spectra are held "
                "out: set validation_fraction, for example to 0.1."
            )
        if len(train) < 2:
            raise ValueError(
                f"A net is trained on two spectra at least with a weight above 0, got {len(train)}."
            )
        return train, valid

    def _hold_out(self, rows, strata):
        try:
            return train_test_split(
                rows,
                test_size=self.validation_fraction,
                stratify=strata,
                random_state=self._random_state,
            )
        except ValueError as error:
            raise ValueError(
                f"validation_fraction={self.validation_fraction:g} of {len(rows)} spectra cannot "
                f"be held out: {error}"
            ) from error

    def _fit_augmenters(self, X, rows):
        self.augmenters_ = None
        if self.augment is not None:
            self.augmenters_ = AugmenterChain(self.augment).fit(self._sample(X, rows))

    def _sample(self, X, rows):
        """Rows that augmenters are fitted to: all, unless the spectra are stored or narrow."""
        if not isinstance(X, StoredSpectra) and getattr(X, "dtype", np.float32) not in NARROW:
            return select_rows(X, rows)
        if len(rows) > _SAMPLE:
            rows = self._random_state.choice(rows, _SAMPLE, replace=False)
        if isinstance(X, StoredSpectra):
            return as_tensor(X.select(np.sort(rows)), torch.device("cpu")).float().numpy()
        return X[rows].astype(np.float32)

    def _nominal(self, X):
        """Spectra as the net sees them when it predicts."""
        if isinstance(X, StoredSpectra):
            return X if self.augmenters_ is None else X.through(self._nominal)
        checked = self._validate(X, reset=False)
        if self.augmenters_ is None:
            return checked
        given = _with_axis(X, checked.astype(np.float32, copy=False))
        return np.asarray(self.augmenters_.transform(given), dtype=np.float32)

    def _module_class(self):
        """Torch module of the architecture."""
        return ARCHITECTURES.get(self.architecture, self.architecture)

    def _make_net(self, n_channels, device, warm):
        """Make a net for the parameters or, with a warm start, return the one there is."""
        sizes = {name: getattr(self, name) for name in self._module_parameters}
        net_params = self.net_params or {}
        _check_net_params(net_params)
        params = {f"module__{name}": value for name, value in sizes.items() if value is not None}
        params |= {
            "module__n_channels": n_channels,
            "module__n_outputs": self._n_outputs,
            "criterion": self._criterion,
            "criterion__reduction": "none",
            "lr": self.lr,
            "device": str(device),
            "verbose": 0,
        }
        params |= optimizer_params(self.optimizer, self.weight_decay, net_params)
        net = self._net_class(self._module_class(), **(params | net_params))
        if not warm:
            return net
        wanted, found = (each.get_params_for("module") for each in (net, self.net_))
        if net.module is not self.net_.module or wanted != found:
            raise ValueError(
                f"warm_start=True goes on with the same module, but it has {found} and the "
                f"parameters now ask for {wanted}. Fit a clone."
            )
        return self.net_


def _method_of(module, name):
    if not hasattr(module, name):
        raise AttributeError(
            f"{type(module).__name__} has no method {name}(X). Give your module one, which takes "
            "spectra (n_spectra, n_channels), or use an architecture of skspectra."
        )
    return getattr(module, name)


def _is_net_param(name):
    return name.startswith(_NET_PREFIXES)


def _check_net_params(net_params):
    wrong = [name for name in net_params if not _is_net_param(name)]
    if wrong:
        raise ValueError(
            f"net_params takes names that begin with {', '.join(_NET_PREFIXES)}, got {wrong}. "
            "Everything else is a parameter of the estimator itself."
        )


def _with_axis(X, checked):
    """Return a frame as it is, since its column names may be the axis; else the validated array."""
    return X if hasattr(X, "columns") else checked
