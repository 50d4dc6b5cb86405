import copy

import numpy as np
import pytest
import torch
from kernel_modules import (
    BLOCKS,
    SeeGradients,
    in_kernels,
    random_module,
)
from sklearn.base import clone
from torch import nn

from skspectra.neural import NetClassifier, _kernels
from skspectra.neural._kernels.predict import FoldedModule
from skspectra.neural._kernels.recognize import recognize
from skspectra.neural._modules import ARCHITECTURES, DenseModule, FullyConvModule


class Residual(nn.Module):
    """A residual net of a user: its shortcut is registered first and runs last."""

    def __init__(self, n_channels, n_outputs, n_filters=4):
        super().__init__()
        self.shortcut = nn.Conv1d(1, n_filters, 1)
        self.conv = nn.Sequential(
            nn.Conv1d(1, n_filters, 5, padding=2), nn.BatchNorm1d(n_filters), nn.GELU()
        )
        self.drop = nn.Dropout(0.2)
        self.classify = nn.Linear(n_filters, n_outputs)

    def forward(self, X):
        signals = X.unsqueeze(1)
        maps = self.conv(signals) + self.shortcut(signals)
        return self.classify(self.drop(maps.mean(2)))


class OtherBlocks(FullyConvModule):
    """Blocks with the names of the published ones, but other layers."""

    def __init__(self, *sizes, layer="relu", other=nn.GELU, **params):
        super().__init__(*sizes, n_filters=(4, 3), kernel_sizes=(5, 2), **params)
        if layer == "logits":
            self.classifier.logits = other()
        else:
            setattr(self.features.block_2, layer, other())


class Squared(FullyConvModule):
    """A module whose forward is not that of its layers."""

    def forward(self, X):
        return super().forward(X) ** 2


OTHER_LAYERS = {
    "GELU": ("relu", nn.GELU),
    "max pooling": ("pool", lambda: nn.MaxPool1d(2)),
    "wide pooling": ("pool", lambda: nn.AvgPool1d(2, stride=1)),
    "padding": ("conv", lambda: nn.Conv1d(4, 3, 2, padding=1)),
    "stride": ("conv", lambda: nn.Conv1d(4, 3, 2, stride=2)),
    "groups": ("conv", lambda: nn.Conv1d(4, 4, 2, groups=2)),
    "no bias": ("conv", lambda: nn.Conv1d(4, 3, 2, bias=False)),
    "no weights": ("norm", lambda: nn.BatchNorm1d(3, affine=False)),
    "no statistics": ("norm", lambda: nn.BatchNorm1d(3, track_running_stats=False)),
    "another normalisation": ("norm", lambda: nn.InstanceNorm1d(3)),
    "a derived layer": ("relu", type("MyReLU", (nn.ReLU,), {})),
}


@pytest.mark.parametrize("layer", OTHER_LAYERS)
def test_layers_that_are_not_listed_are_left_to_torch(layer):
    name, other = OTHER_LAYERS[layer]
    assert recognize(random_module(FullyConvModule, 60, **BLOCKS)) is not None
    assert recognize(OtherBlocks(60, 3, layer=name, other=other)) is None


def test_other_modules_are_left_to_torch():
    module = random_module(FullyConvModule, 60, **BLOCKS)
    assert recognize(module.to("meta")) is None
    assert recognize(Squared(60, 3, **BLOCKS)) is None
    assert recognize(DenseModule(60, 3)) is None
    assert recognize(Residual(60, 3)) is None
    hooked = random_module(FullyConvModule, 60, **BLOCKS)
    hooked.features.block_1.relu.register_forward_hook(lambda *_: None)
    assert recognize(hooked) is None


def test_another_head_is_computed_by_torch():
    head = random_module(OtherBlocks, 60, layer="logits", other=lambda: nn.AdaptiveMaxPool1d(1))
    head.classifier.append(nn.Flatten())
    layers = recognize(head)
    assert layers.maps is None
    X = torch.randn(9, 60)
    torch.testing.assert_close(in_kernels(copy.deepcopy(head))(X), head(X), rtol=1e-4, atol=1e-5)


EVERY = {name: NetClassifier(architecture=name) for name in ARCHITECTURES} | {
    "published": NetClassifier(architecture="published", net_params={"module__dropout": 0.3}),
    "residual": NetClassifier(architecture=Residual),
    "GELU": NetClassifier(architecture=OtherBlocks),
    "max pooling": NetClassifier(
        architecture=OtherBlocks,
        net_params={"module__layer": "pool", "module__other": OTHER_LAYERS["max pooling"][1]},
    ),
}


IN_KERNELS = ["published", "invariant", "conv-dense"]


@pytest.mark.parametrize("name", EVERY)
def test_every_architecture_trains_and_predicts_as_in_plain_torch(name, monkeypatch):
    """Kernels compute what torch does, or are not used: outputs, gradients, statistics, weights."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(90, 150)).astype(np.float32), np.arange(90) % 3
    X += np.sin(np.arange(150) * (1 + y[:, None]) / 9)
    clf = clone(EVERY[name]).set_params(optimizer="SGD", max_epochs=2, batch_size=30)
    clf.set_params(random_state=0)
    results = []
    for pays_from in (0, 1e12):
        monkeypatch.setattr(_kernels, "_PAYS_FROM", pays_from)
        monkeypatch.setattr(_kernels, "_PREDICTION_PAYS_FROM", pays_from)
        SeeGradients.norms.clear()
        clf.set_params(callbacks=[SeeGradients]).fit(X, y)
        state = {k: v.clone() for k, v in clf.net_.module_.state_dict().items()}
        results.append((list(SeeGradients.norms), state, clf.predict_proba(X)))
        assert isinstance(_kernels.predictor(clf.net_.module_, X.size), FoldedModule) == (
            name in IN_KERNELS and pays_from == 0
        )
    (norms, state, proba), (plain_norms, plain_state, plain_proba) = results
    np.testing.assert_allclose(norms, plain_norms, rtol=1e-2)
    for key, value in plain_state.items():
        torch.testing.assert_close(state[key], value, rtol=1e-2, atol=2e-3)
    np.testing.assert_allclose(proba, plain_proba, atol=5e-3)
