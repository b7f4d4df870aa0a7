# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Every layer and function that can be imported computes what PyTorch computes, or is refused."""

from collections.abc import Callable
from typing import Any

import pytest
import snntorch
import torch
import torch.nn.functional as F
from snntorch_comparison import BATCH, STEPS, assert_same, counts, snap
from torch import Tensor, nn

from snnir.frontends import LayerReport, check_module, from_snntorch
from snnir.support.diagnostics import SNNError

neurons: Any = snntorch
SHAPE = (2, 8, 6)


class Apply(nn.Module):
    """A function of the frame, or of the frame and the module, before a neuron."""

    def __init__(self, function: Callable[..., Tensor], **members: Any):
        super().__init__()
        for name, member in members.items():
            setattr(self, name, member)
        self.function = function
        self.lif = neurons.Leaky(beta=0.75, threshold=0.5, init_hidden=True)

    def forward(self, x: Tensor):
        return self.lif(self.function(self, x))


def sequential(*layers: nn.Module) -> nn.Module:
    return nn.Sequential(*layers, neurons.Leaky(beta=0.75, threshold=0.5, init_hidden=True))


def draw_weights(module: nn.Module) -> None:
    """Draw the weights of layers that were made before the test was seeded."""
    for layer in module.modules():
        if isinstance(layer, (nn.Linear, nn.Conv1d, nn.Conv2d)):
            layer.reset_parameters()


LAYERS: list[tuple[list[nn.Module], tuple[int, ...]]] = [
    ([nn.Conv1d(3, 4, 3, stride=2, padding=1)], (3, 9)),
    ([nn.Conv1d(2, 2, 5, padding="same", dilation=2, groups=2, bias=False)], (2, 9)),
    ([nn.Conv2d(2, 4, (3, 2), stride=(2, 1), padding=(1, 0), dilation=(2, 1))], SHAPE),
    ([nn.Conv2d(2, 4, 2, padding="valid", bias=False)], SHAPE),
    ([nn.Linear(7, 5, bias=False)], (7,)),
    ([nn.Conv1d(3, 4, 3), nn.MaxPool1d(3, stride=2, padding=1)], (3, 9)),
    ([nn.AvgPool1d(2)], (3, 9)),
    ([nn.AvgPool1d(3, stride=2, padding=1, count_include_pad=False)], (3, 9)),
    ([nn.MaxPool2d(3, stride=2, padding=1)], SHAPE),
    ([nn.MaxPool2d((2, 3))], SHAPE),
    ([nn.AvgPool2d(2, padding=1)], SHAPE),
    ([nn.AvgPool2d((4, 2), stride=2, padding=(1, 0), count_include_pad=False)], SHAPE),
    ([nn.AdaptiveAvgPool2d((2, 3))], SHAPE),
    ([nn.AdaptiveAvgPool2d((None, 1))], SHAPE),  # pyright: ignore[reportArgumentType]
    ([nn.Flatten()], SHAPE),
    ([nn.Flatten(), nn.Unflatten(1, (4, 6, 4)), nn.MaxPool2d(2)], SHAPE),
    ([nn.Identity(), nn.Dropout(), nn.Dropout2d()], SHAPE),
]

FUNCTIONS: list[Callable[[Any, Tensor], Tensor]] = [
    lambda _, x: F.max_pool1d(x.flatten(2), 4, stride=3),
    lambda _, x: F.avg_pool1d(x.flatten(2), 4, padding=1),
    lambda _, x: F.max_pool2d(x, 2, stride=1, padding=1),
    lambda _, x: torch.max_pool2d(x, kernel_size=(2, 2)),
    lambda _, x: F.avg_pool2d(x, (2, 3), count_include_pad=False),
    lambda _, x: F.adaptive_avg_pool2d(x, 2),
    lambda module, x: F.conv2d(x, module.weight, None, 2, padding=1),
    lambda module, x: F.linear(torch.flatten(x, 1), module.matrix, module.vector),
    lambda _, x: F.dropout(x, 0.5, training=False),
    lambda _, x: x.reshape(len(x), 4, -1),
    lambda _, x: x.view(x.size(0), -1).unsqueeze(1).squeeze(1),
    lambda _, x: x.unflatten(1, (2, 1)).contiguous().float(),
    lambda _, x: torch.cat((x, x * 2), 1),
    lambda _, x: x + x * 0.3,
    lambda module, x: module.gain * x,
    lambda _, x: x / 4 - 0.25,
    lambda _, x: 1 - x,
    lambda _, x: torch.sub(x, -x),
    lambda module, x: x + module.gain,
]


@pytest.mark.parametrize(("layers", "shape"), LAYERS)
def test_layer(layers: list[nn.Module], shape: tuple[int, ...]):
    net = sequential(*layers)
    draw_weights(net)
    imported = from_snntorch(snap(net), torch.zeros(1, *shape), STEPS)
    assert_same(net, imported, counts(BATCH, STEPS, *shape), exact=False)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_function(function: Callable[[Any, Tensor], Tensor]):
    net = Apply(
        function,
        weight=nn.Parameter(torch.randn(3, 2, 3, 3).round()),
        matrix=nn.Parameter(torch.randn(5, 96).round()),
        vector=nn.Parameter(torch.randn(5).round()),
        gain=nn.Parameter(torch.rand(2, 1, 1)),
    )
    imported = from_snntorch(net, torch.zeros(1, *SHAPE), STEPS)
    assert_same(net, imported, counts(BATCH, STEPS, *SHAPE), exact=False)


@pytest.mark.parametrize("norm", [nn.BatchNorm2d(2), nn.BatchNorm2d(2, affine=False)])
def test_batch_norm(norm: nn.BatchNorm2d):
    assert norm.running_mean is not None
    assert norm.running_var is not None
    norm.running_mean.uniform_(-0.5, 0.5)
    norm.running_var.uniform_(0.5, 1.5)
    net = sequential(norm)
    imported = from_snntorch(net, torch.zeros(1, *SHAPE), STEPS)
    assert_same(net, imported, counts(BATCH, STEPS, *SHAPE), exact=False)


REFUSED_LAYERS: list[tuple[nn.Module, str]] = [
    (nn.ReLU(), "is an activation of networks that do not spike, .*; use a spiking neuron"),
    (nn.Sigmoid(), "is an activation"),
    (nn.LayerNorm(6), "statistics of the input itself; use BatchNorm"),
    (nn.Upsample(scale_factor=2), "is not a supported layer"),
    (nn.ConvTranspose2d(2, 2, 3), "is not a supported layer"),
    (nn.Conv2d(2, 2, 3, padding=1, padding_mode="circular"), "padding_mode='circular' is not"),
    (nn.Conv2d(2, 2, 2, padding="same"), "pads the two sides differently; use an odd kernel"),
    (nn.MaxPool2d(2, ceil_mode=True), "ceil_mode=True is not supported"),
    (nn.MaxPool2d(2, dilation=2), "dilation is not supported in pooling; use dilation=1"),
    (nn.AvgPool2d(2, ceil_mode=True), "ceil_mode=True is not supported"),
    (nn.AvgPool2d(2, divisor_override=3), "divisor_override is not supported"),
    (nn.AdaptiveAvgPool2d(4), r"output_size 4 does not divide the input size \(8, 6\)"),
    (nn.BatchNorm2d(2, track_running_stats=False), "track_running_stats=False normalises"),
    (nn.Linear(6, 6), r"gets a value of shape \(2, 8, 6\), but needs rank 1"),
]


@pytest.mark.parametrize(("layer", "message"), REFUSED_LAYERS)
@pytest.mark.filterwarnings("ignore:Using padding='same'")
def test_refused_layer(layer: nn.Module, message: str):
    with pytest.raises(SNNError, match=rf"layer '0' \({type(layer).__name__}\): .*{message}"):
        from_snntorch(sequential(layer), torch.zeros(1, *SHAPE), 4)


@pytest.mark.parametrize(
    ("name", "function", "message"),
    [
        ("relu", lambda _, x: F.relu(x), "is an activation"),
        ("dropout", lambda _, x: F.dropout(x), "stays active in evaluation mode; write F.dropout"),
        (
            "getitem",
            lambda _, x: x[:, :1],
            "takes a part of a tensor; .* let a layer read the whole",
        ),
        ("matmul", lambda _, x: x @ torch.eye(6), "multiplies matrices; write torch.nn.functional"),
        ("einsum", lambda _, x: torch.einsum("bcyx,xi->bcyi", x, torch.eye(6)), "multiplies matri"),
        ("mul", lambda _, x: x * x, "multiplies two values that depend on the input"),
        ("div", lambda _, x: x / 3, "by a number that is no power of two; multiply by the recip"),
        ("add", lambda _, x: torch.add(x, x, alpha=2), "alpha=2 is not supported"),
        ("add", lambda _, x: x + F.max_pool2d(x, (8, 1)), "adds values of different shapes"),
        ("cat", lambda _, x: torch.cat((x, x), 2), "concatenates along axis 2"),
        ("permute", lambda _, x: x.permute(0, 2, 3, 1), "is not a supported function"),
        ("double", lambda _, x: x.double().float(), "is not a supported function"),
        ("sum", lambda _, x: x.sum(1), "is not a supported function"),
        ("rand_like", lambda _, x: torch.rand_like(x) + x, "is random"),
    ],
)
def test_refused_function(name: str, function: Callable[..., Tensor], message: str):
    with pytest.raises(SNNError, match=message) as caught:
        from_snntorch(Apply(function), torch.zeros(1, *SHAPE), 4)
    assert f"layer '{name}_1'" in str(caught.value)


def test_parameters_that_are_not_finite_are_named():
    net = sequential(nn.Linear(4, 4))
    net[0].weight.data[1, 2] = float("nan")  # pyright: ignore[reportIndexIssue]
    with pytest.raises(SNNError, match=r"layer '0' \(Linear\): weight has NaN"):
        from_snntorch(net, torch.zeros(1, 4), 4)


def test_layer_with_its_own_forward_is_looked_into():
    class Masked(nn.Linear):
        def forward(self, input: Tensor):
            return F.linear(input, self.weight * (self.weight > 0), self.bias)

    net = snap(sequential(Masked(6, 5)))
    assert_same(net, from_snntorch(net, torch.zeros(1, 6), STEPS), counts(BATCH, STEPS, 6))


def test_check_names_every_layer():
    net = nn.Sequential(
        nn.Conv2d(2, 4, 3, padding=1, padding_mode="reflect"), nn.ReLU(), nn.Dropout(),
        neurons.Leaky(0.5, init_hidden=True), nn.Flatten(), nn.Linear(192, 3),
        neurons.Leaky(0.5, init_hidden=True),
    )  # fmt: skip
    net.register_module("unused", nn.Linear(1, 1))
    net.forward = lambda x: nn.Sequential(*list(net)[:-1])(x)  # type: ignore[method-assign]
    reports = check_module(net, torch.zeros(1, *SHAPE), 4)
    assert [(report.name, report.kind, report.supported) for report in reports] == [
        ("0", "Conv2d", False), ("1", "ReLU", False), ("3", "Leaky", True), ("4", "Flatten", True),
        ("5", "Linear", True), ("6", "Leaky", True), ("2", "Dropout", True),
        ("unused", "Linear", True),
    ]  # fmt: skip
    assert [report.reason for report in reports[-2:]] == [
        "does nothing in inference", "is not called by forward",
    ]  # fmt: skip
    with pytest.raises(SNNError, match=r"layer '0' \(Conv2d\).*\(and 1 more layer\)$"):
        from_snntorch(net, torch.zeros(1, *SHAPE), 4)


def test_check_reports_what_is_wrong_with_the_whole():
    reports = check_module(nn.Sequential(nn.Linear(2, 2)), torch.zeros(1, 2), 4)
    assert reports == [
        LayerReport(
            "Sequential", "network", False,
            "calling Sequential runs no snnTorch neuron: it is not spiking",
        )
    ]  # fmt: skip
