# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The training loop: on a toy problem, repeated, on pruned digits, and through the pass."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from xdsl.dialects.builtin import ModuleOp

from snnir.data import Dataset, load_npz
from snnir.dialects import snn
from snnir.dialects.snn import Readout
from snnir.executors import TorchExecutor
from snnir.frontends import from_snntorch, load_module
from snnir.passes.snn_finetune import SNNFinetunePass
from snnir.support.arrays import array_from_dense, dense_from_array
from snnir.support.diagnostics import DiagnosticEngine, SNNError
from snnir.training import TrainableNetwork, Training, train
from snnir.training.loop import split
from snnir.universe import make_context

DIGITS = Path(__file__).resolve().parents[3] / "examples" / "digits"
STEPS = 6


def toy_data(samples: int = 120, labelled: bool = True) -> Dataset:
    """Four classes: pixels 2 c and 2 c + 1 have most of the events of class c."""
    rng = np.random.default_rng(6)
    y = np.arange(samples) % 4
    rates = np.where(np.arange(8) // 2 == y[:, None], 1.2, 0.3)
    x = rng.poisson(rates[:, None], (samples, STEPS, 8)).astype(np.uint8)
    return Dataset(x, y.astype(np.int64) if labelled else None, "toy")


def accuracy(network: snn.NetworkOp, data: Dataset) -> float:
    """Fraction of right decisions."""
    return float((TorchExecutor(network).run(data.x).labels == data.labels()).mean())


def parameters(module: TrainableNetwork) -> list[NDArray]:
    """Copies of all parameters."""
    return [parameter.detach().numpy().copy() for parameter in module.parameters()]


@pytest.mark.parametrize("loss", ["counts", "rates"])
def test_a_toy_problem_is_learned(network, loss: Any) -> None:
    data = toy_data()
    module = TrainableNetwork(network)
    result = train(module, data, Training(epochs=8, batch=16, learning_rate=1e-2, loss=loss))
    assert (result.training_samples, result.held_out_samples) == (108, 12)
    assert result.after.loss < result.before.loss
    assert result.after.accuracy >= result.before.accuracy
    assert len(result.epochs) == 8
    assert result.after == result.epochs[result.best_epoch - 1]
    before = accuracy(network, data)
    module.write_back(network)
    assert accuracy(network, data) > max(before + 0.2, 0.8)


def test_membranes_are_trained(builder) -> None:
    net = builder(8)
    hidden = net.lif(net.linear(net.frame, 8, 12), threshold=0.6).spikes
    output = net.lif(net.linear(hidden, 12, 4), 0.8).membrane
    module = TrainableNetwork(net.finish(output, STEPS, readout=Readout.MEAN_MEMBRANE))
    result = train(module, toy_data(), Training(epochs=4, batch=16, learning_rate=1e-2))
    assert result.after.loss < 0.8 * result.before.loss


def test_equal_seeds_give_equal_networks(network) -> None:
    trained = []
    for seed in (0, 0, 1):
        module = TrainableNetwork(network)
        train(module, toy_data(), Training(epochs=2, batch=16, seed=seed))
        trained.append(parameters(module))
    first, second, other = trained
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)
    assert any(not np.array_equal(a, b) for a, b in zip(first, other, strict=True))


def test_the_best_epoch_is_kept(network) -> None:
    """A learning rate that destroys a trained network leaves it as it was."""
    data = toy_data()
    module = TrainableNetwork(network)
    train(module, data, Training(epochs=8, batch=16, learning_rate=1e-2))
    before = parameters(module)
    options = Training(epochs=2, batch=16, learning_rate=30.0, schedule="constant")
    result = train(module, data, options)
    assert result.best_epoch == 0
    assert result.after == result.before
    assert max(score.accuracy for score in result.epochs) <= result.before.accuracy
    for a, b in zip(before, parameters(module), strict=True):
        np.testing.assert_array_equal(a, b)


def test_without_labels_decisions_are_kept(network) -> None:
    module = TrainableNetwork(network)
    result = train(module, toy_data(labelled=False), Training(epochs=2, batch=16))
    assert not result.labelled
    assert result.before.accuracy == result.after.accuracy == 1
    assert min(score.loss for score in result.epochs) < result.before.loss


def test_held_out_samples_are_balanced() -> None:
    labels = np.repeat(np.arange(4), 25)
    held_out, rest = split(labels, 0.2)
    assert np.bincount(labels[held_out]).tolist() == [5] * 4
    assert sorted([*held_out, *rest]) == list(range(100))
    assert [len(part) for part in split(labels[:2], 0.01)] == [1, 1]
    with pytest.raises(SNNError, match="needs at least two samples"):
        split(labels[:1], 0.1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epochs": 0}, "epochs and batch must be 1 or more, got 0 and 32"),
        ({"learning_rate": 0.0}, "learning rate and gradient norm must be positive"),
        ({"held_out": 1.0}, "the held-out part between 0 and 1, got"),
    ],
)
def test_options_are_checked(options: dict[str, Any], message: str) -> None:
    with pytest.raises(SNNError, match=message):
        Training(**options)


def test_diverging_training_is_an_error(network) -> None:
    data = toy_data()
    module = TrainableNetwork(network)
    with torch.no_grad():
        next(module.parameters()).fill_(torch.inf)
    with pytest.raises(SNNError, match="diverged in epoch 1; lower the learning rate"):
        train(module, data, Training(epochs=1))


def digits_network() -> ModuleOp:
    """The trained network of the example."""
    net = load_module(f"{DIGITS}/model.py:build", DIGITS / "weights.pt")
    return from_snntorch(net, torch.zeros(1, 2, 12, 12), 16)


def prune_by_magnitude(network: snn.NetworkOp, sparsity: float) -> int:
    """Set the smallest weights of each layer to zero and return how many."""
    pruned = 0
    for op in network.body.block.ops:
        if not isinstance(op, snn.WeightOp) or len(op.result.type.get_shape()) < 2:
            continue
        values = np.array(array_from_dense(op.value))
        limit = np.quantile(np.abs(values), sparsity)
        values[np.abs(values) <= limit] = 0
        op.properties["value"] = dense_from_array(values)
        pruned += int((values == 0).sum())
    return pruned


def test_pruned_digits_recover(tmp_path: Path) -> None:
    module = digits_network()
    network: Any = module.body.block.first_op
    data = load_npz(DIGITS / "test.npz")
    # These images were not trained on: the half that is fine-tuned on is not the one tested on.
    np.savez(tmp_path / "half.npz", x=data.x[:225], y=data.labels()[:225])
    rest = Dataset(data.x[225:], data.labels()[225:], "rest")
    zeros = prune_by_magnitude(network, 0.8)
    before = accuracy(network, rest)
    finetune = SNNFinetunePass(
        str(tmp_path / "half.npz"), epochs=3, learning_rate=1e-2, device="cpu"
    )
    with DiagnosticEngine() as engine:
        finetune.apply(make_context(), module)
    module.verify()
    after = accuracy(network, rest)
    assert after > before + 0.05, (before, after)
    (remark,) = engine.remarks
    assert remark.metrics["zeros_kept"] == finetune.statistics["zeros kept"] == zeros
    assert remark.metrics["held_out_samples"] == 22
    assert remark.metrics["accuracy_after"] > remark.metrics["accuracy_before"]
    assert f"{zeros:,} zeros kept" in remark.message
    again = sum(
        int((array_from_dense(op.value) == 0).sum()) for op in network.body.block.ops
        if isinstance(op, snn.WeightOp) and len(op.result.type.get_shape()) > 1
    )  # fmt: skip
    assert again == zeros


def hidden_spikes(network: snn.NetworkOp, data: Dataset) -> int:
    """Spikes of the first layer, over all samples and steps."""
    recording = TorchExecutor(network).run(data.x, record="spikes").recording
    assert recording is not None
    return int(recording.spikes["layer0"].sum())


def test_work_is_the_fraction_of_multiplications_that_spikes_ask_for(network) -> None:
    data = toy_data(16)
    module = TrainableNetwork(network)
    outputs, work = module.forward_with_work(torch.from_numpy(data.x))
    assert torch.equal(outputs, module(torch.from_numpy(data.x)))
    # Only the second layer reads spikes: those of 12 neurons.
    assert work.item() == pytest.approx(hidden_spikes(network, data) / (16 * STEPS * 12))


def test_a_work_penalty_makes_neurons_spike_less(network) -> None:
    data = toy_data()
    spikes = []
    for penalty in (0.0, 20.0):
        module, trained = TrainableNetwork(network), network.clone()
        train(module, data, Training(3, 16, 1e-2, work_penalty=penalty))
        module.write_back(trained)
        spikes.append(hidden_spikes(trained, data))
    assert 0 < spikes[1] < 0.7 * spikes[0]


def test_a_negative_work_penalty_is_refused() -> None:
    with pytest.raises(SNNError, match="work penalty must not be negative, got -1"):
        Training(work_penalty=-1)
