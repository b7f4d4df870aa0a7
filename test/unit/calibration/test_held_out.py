# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Samples put aside: which they are, what is said about them, and when that is a warning."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from xdsl.dialects.builtin import FloatAttr, FunctionType, ModuleOp, StringAttr, f32
from xdsl.ir import Block, Region

from snnir.calibration import Comparison, HeldOutCheck, compare_networks, split_calibration
from snnir.calibration.held_out import FEWEST, wilson_interval
from snnir.data import Dataset
from snnir.dialects import snn
from snnir.dialects.network import LAYER
from snnir.executors import ReferenceExecutor
from snnir.passes.snn_prune_silent import SNNPruneSilentPass
from snnir.support.arrays import array_from_dense, dense_from_array
from snnir.support.diagnostics import DiagnosticEngine, Severity, SNNError
from snnir.testing.random_networks import random_network
from snnir.universe import make_context

SAMPLES, TIMESTEPS = 40, 4


def two_pixels() -> Any:
    """A network of two hidden neurons, one for each input; the second overrules the first."""
    block = Block(arg_types=[snn.real_tensor((2,))])

    def add(op: Any) -> Any:
        block.add_op(op)
        return op.results[0]

    value: Any = block.args[0]
    for layer, weight in (("hidden", [[2, 0], [0, 2]]), ("output", [[2, -2], [0, 2]])):
        constant = add(snn.WeightOp(dense_from_array(np.array(weight, np.float32))))
        lif = snn.LIFOp(
            add(snn.LinearOp(value, constant)), FloatAttr(0.0, f32), FloatAttr(1.0, f32)
        )
        lif.attributes[LAYER] = StringAttr(layer)
        value = add(lif)
    block.add_op(snn.OutputOp(value))
    types = FunctionType.from_lists(block.arg_types, [value.type])
    network = snn.NetworkOp("net", types, Region(block), timesteps=TIMESTEPS)
    ModuleOp([network]).verify()
    return network


def dataset(labels: NDArray | None, samples: int = SAMPLES) -> Dataset:
    """Input 0 fires in every sample, input 1 in none."""
    x = np.zeros((samples, TIMESTEPS, 2), np.uint8)
    x[:, :, 0] = 1
    return Dataset(x, labels, "made")


def numbered(labels: NDArray | None, samples: int = SAMPLES) -> Dataset:
    """Samples whose values are their numbers."""
    x = np.broadcast_to(np.arange(samples)[:, None, None], (samples, TIMESTEPS, 2))
    return Dataset(np.array(x), labels, "numbered")


@pytest.mark.parametrize("share", [0.25, 0.3, 0.5, 0.9])
@pytest.mark.parametrize("classes", [None, 1, 3, 40])
def test_the_parts_are_even_and_always_the_same(share: float, classes: int | None) -> None:
    rng = np.random.default_rng(classes)
    labels = None if classes is None else rng.integers(0, classes, SAMPLES)
    data, network = numbered(labels), two_pixels()
    split = split_calibration(data, share, network)
    assert split.held_out is not None
    held, chosen = split.held_out.x[:, 0, 0], split.chosen.x[:, 0, 0]
    assert sorted([*held, *chosen]) == list(range(SAMPLES))
    assert len(held) == round(share * SAMPLES)
    again = split_calibration(data, share, network)
    assert again.held_out is not None
    np.testing.assert_array_equal(again.held_out.x, split.held_out.x)
    if labels is None:
        # Nowhere in the file is there a long run of one part.
        rarer = min(share, 1 - share)
        longest = max(map(len, np.split(held, np.flatnonzero(np.diff(held) != 1) + 1)))
        assert longest <= max(1, np.ceil(share / rarer))
        return
    np.testing.assert_array_equal(split.held_out.y, labels[held])
    for label in np.unique(labels):
        size = np.count_nonzero(labels == label)
        assert abs(np.count_nonzero(split.held_out.y == label) - share * size) < 1


def test_too_few_samples_all_choose() -> None:
    network = two_pixels()
    fewest = 4 * FEWEST
    assert split_calibration(dataset(None, fewest), 0.25, network).held_out is not None
    split = split_calibration(dataset(None, fewest - 1), 0.25, network)
    assert split.held_out is None
    assert len(split.chosen) == fewest - 1
    assert split_calibration(dataset(None), 0.0, network).held_out is None
    with pytest.raises(SNNError, match=r"at least 10 held-out samples; held-out=0\.25 of 39"):
        split_calibration(dataset(None, 39), 0.25, network, 0.1)


@pytest.mark.parametrize(
    ("share", "loss", "message"),
    [(1.0, None, "held-out must be"), (-0.1, None, "held-out must"), (0.5, 1.5, "max-held-out")],
)
def test_options_out_of_range(share: float, loss: float | None, message: str) -> None:
    with pytest.raises(SNNError, match=message):
        split_calibration(dataset(None), share, two_pixels(), loss)


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    # Newcombe, "Two-sided confidence intervals for the single proportion" (1998), table I.
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_interval(successes: int, trials: int, low: float, high: float) -> None:
    assert wilson_interval(successes, trials) == pytest.approx((low, high), abs=5e-5)
    mirrored = wilson_interval(trials - successes, trials)
    assert mirrored == pytest.approx((1 - high, 1 - low), abs=5e-5)


@pytest.mark.parametrize("seed", range(4))
def test_spikes_of_both_networks_are_counted(seed: int) -> None:
    """Against the numpy interpreter, for a network with other weights."""
    random = random_network(np.random.default_rng(seed), samples=3)
    network: Any = random.network
    other = network.clone()
    for op in other.walk():
        if isinstance(op, snn.WeightOp):
            op.value = dense_from_array(array_from_dense(op.value) / 2)
    compared = compare_networks(network, other, None, Dataset(random.x, None, "random"))
    spikes = []
    for each in (network, other):
        recording = ReferenceExecutor(each).run(random.x, record=True).recording
        assert recording is not None
        spikes.append(sum(int(np.count_nonzero(s)) for s in recording.spikes.values()))
    # Sums in another order may decide a tie.
    assert compared.spikes_before == pytest.approx(spikes[0], rel=0.01)
    assert compared.spikes_after == pytest.approx(spikes[1], rel=0.01)


def prune(folder: Path, surprises: int, **options: Any):
    """Prune where input 1 fires, in every step, in some of the held-out samples only.

    Returns:
        the diagnostics, and the number of hidden neurons that are left.
    """
    network = two_pixels()
    held = split_calibration(numbered(None), 0.25, network).held_out
    assert held is not None
    data = dataset(None)
    data.x[held.x[:surprises, 0, 0], :, 1] = 1
    path = folder / "calibration.npz"
    np.savez(path, x=data.x)
    with DiagnosticEngine() as engine:
        SNNPruneSilentPass(calibration=str(path), **options).apply(
            make_context(), network.parent_op()
        )
    lif = next(op for op in network.walk() if isinstance(op, snn.LIFOp))
    return engine, lif.spikes.type.get_shape()[0]


def test_what_holds_on_other_samples_is_a_remark(tmp_path: Path) -> None:
    engine, left = prune(tmp_path, surprises=0)
    assert left == 1
    assert not [d for d in engine.diagnostics if d.severity is Severity.WARNING]
    metrics = engine.remarks[-1].metrics
    assert (metrics["held_out_samples"], metrics["samples"]) == (10, 30)
    assert metrics["held_out_agreement"] == metrics["agreement"] == 1
    assert metrics["held_out_interval"] == pytest.approx([0.7225, 1], abs=1e-4)


def test_what_does_not_hold_is_a_warning(tmp_path: Path) -> None:
    engine, left = prune(tmp_path, surprises=4)
    assert left == 1
    (warning,) = [d for d in engine.diagnostics if d.severity is Severity.WARNING]
    assert "60.0 % of the decisions on 10 held-out samples" in warning.message
    assert "but 100.0 % on the 30 that chose" in warning.message
    message = engine.remarks[-1].message
    assert "95 % interval 31.3 to 83.2" in message
    # Output 1 fires in 4 of 10 samples before, output 0 in their place after.
    assert "the remaining neurons fire as often, there as often" in message
    assert engine.remarks[-1].metrics["held_out_agreement"] == 0.6


def test_without_held_out_samples_the_neuron_stays(tmp_path: Path) -> None:
    """Nothing is silent on all the data, so nothing goes and nothing is lost."""
    engine, left = prune(tmp_path, surprises=4, held_out=0.0)
    assert left == 2
    assert "nothing removed, measured on 40 samples, none held out" in engine.remarks[-1].message


def test_a_loss_can_be_an_error(tmp_path: Path) -> None:
    _, left = prune(tmp_path, surprises=4, max_held_out_loss=0.4)
    assert left == 1
    message = r"loses 40.0 % of the decisions on 10 held-out samples, more than max-held-out-loss="
    with pytest.raises(SNNError, match=message) as raised:
        prune(tmp_path, surprises=4, max_held_out_loss=0.3)
    assert "\n" not in str(raised.value)


def test_with_labels_the_loss_is_one_of_accuracy() -> None:
    """Other decisions may be as good; without labels nobody can tell."""
    counts = {"samples": 20, "values": 0, "different": 0, "spikes_before": 0, "spikes_after": 9}
    labelled = Comparison(changed_labels=4, accuracy_before=0.9, accuracy_after=0.85, **counts)
    blind = Comparison(changed_labels=4, accuracy_before=None, accuracy_after=None, **counts)
    assert HeldOutCheck(labelled, labelled).loss == pytest.approx(0.05)
    assert HeldOutCheck(blind, blind).loss == pytest.approx(0.2)
    assert not HeldOutCheck(labelled, labelled).overfits
    message, metrics = HeldOutCheck(labelled, labelled).describe()
    assert "held-out accuracy 90.0 % -> 85.0 %" in message
    assert "fire 9 times, not never" in message
    assert metrics["held_out_accuracy"] == [0.9, 0.85]
