# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The VGG9 benchmark: verdicts come from the figures, and what distillation adds to the loss."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from snnir.dialects import snn
from snnir.driver.files import network_of
from snnir.driver.pipelines import apply_pipeline
from snnir.layers.compressible import compressible_layers
from snnir.support.arrays import array_from_dense
from snnir.training import RateNetwork, readout_scores

FOLDER = Path(__file__).resolve().parents[3] / "benchmarks" / "compression"


def load(monkeypatch: pytest.MonkeyPatch, name: str) -> ModuleType:
    monkeypatch.syspath_prepend(FOLDER)
    return pytest.importorskip(name)


def spiking(accuracy: float, parameters: int, operations: float, timesteps: int) -> dict[str, Any]:
    return {
        "accuracy": accuracy, "parameters": parameters, "macs": 10, "operations": operations,
        "timesteps": timesteps,
    }  # fmt: skip


@pytest.mark.parametrize(("loss", "fewer", "expected"), [
    (0.010, 11, "reached"), (0.012, 11, "not reached"), (0.010, 9, "not reached"),
])  # fmt: skip
def test_parameters_need_both_the_size_and_the_accuracy(
    monkeypatch: pytest.MonkeyPatch, loss: float, fewer: int, expected: str
) -> None:
    paper, bench = load(monkeypatch, "vgg9_paper"), load(monkeypatch, "vgg9_bench")
    figures = {
        "ann": {"parameters": 9900, "macs": 10_000_000, "accuracy": 0.9},
        "converted": spiking(0.9, 9900, 1e6, 100),
        "nothing_0.95_100": spiking(0.9 - loss, 9900 // fewer, 1e6, 100),
    }
    text, verdict = paper.parameters(figures, bench.Settings())
    assert text == f"PCA 0.95, from nothing: {fewer}.0x, {100 * loss:.1f} lost"
    assert verdict == expected


@pytest.mark.parametrize(("loss", "expected"), [
    (0.010, "by composition reached at 10.0x (all channels, OSBC, trained by rates)"),
    (0.012, "by composition not reached"),
])  # fmt: skip
def test_compositions_are_judged_by_weights_that_are_not_zero_and_apart(
    monkeypatch: pytest.MonkeyPatch, loss: float, expected: str
) -> None:
    paper, bench = load(monkeypatch, "vgg9_paper"), load(monkeypatch, "vgg9_bench")
    figures = {
        "ann": {"parameters": 9900, "macs": 10_000_000, "accuracy": 0.9},
        "converted": spiking(0.9, 9900, 1e6, 100),
        "nothing_0.95_100": spiking(0.7, 990, 1e6, 100),
        "converted_10x_magnitude": spiking(0.9, 9900, 1e6, 100) | {"nonzero": 990},
        "converted_10x_osbc_rates": spiking(0.9 - loss, 9900, 1e6, 100) | {"nonzero": 990},
    }
    text, verdict = paper.parameters(figures, bench.Settings())
    assert f"OSBC, trained by rates: 10.0x, {100 * loss:.1f} lost" in text
    assert verdict == f"not reached in the paper's way; {expected}"


@pytest.mark.parametrize(("accuracy", "expected"), [(0.895, "reached"), (0.88, "not reached")])
def test_energy_is_judged_where_enough_is_saved(
    monkeypatch: pytest.MonkeyPatch, accuracy: float, expected: str
) -> None:
    paper, bench = load(monkeypatch, "vgg9_paper"), load(monkeypatch, "vgg9_bench")
    # 10e6 x 4.6 pJ are 46 µJ; an eighth of that is 6.4e6 accumulates of 0.9 pJ.
    figures = {
        "ann": {"parameters": 9900, "macs": 10_000_000, "accuracy": 0.9},
        "nothing_0.95_100": spiking(0.9, 900, 6.5e6, 100),
        "nothing_0.95_10": spiking(accuracy, 900, 5e6, 10),
        "nothing_0.95_5": spiking(0.5, 900, 1e6, 5),
    }
    text, verdict = paper.energy(figures, bench.Settings())
    assert text.startswith("PCA 0.95, from nothing, T = 10: 10.2x, ")
    assert verdict == expected


@pytest.mark.parametrize(("difference", "expected"), [
    (-0.010, "reached"), (-0.012, "not reached"),
])  # fmt: skip
def test_images_as_inputs_are_chosen_by_validation_images(
    monkeypatch: pytest.MonkeyPatch, difference: float, expected: str
) -> None:
    paper, bench = load(monkeypatch, "vgg9_paper"), load(monkeypatch, "vgg9_bench")
    settings = bench.Settings(direct_steps=6, direct_other_steps=(5,))

    def of_images(accuracy: float, operations: float, difference: float) -> dict[str, Any]:
        row = spiking(accuracy, 9900, operations, 4) | {"input_macs": 1e6}
        return row | {"difference": difference, "error": 0.004}

    # 46 µJ of the dense ANN; products of the input cost 4.6, so that 1.27e6 accumulates are left.
    figures: dict[str, dict[str, Any]] = {
        "ann": {"parameters": 9900, "macs": 10_000_000, "accuracy": 0.9},
        "nothing_0.95_100": spiking(0.7, 900, 6e6, 100),
        "direct_sparse_6": of_images(0.9, 1.3e6, 0.0),
        "direct_sparse_5": of_images(0.9, 1e6, 0.0),
        "direct_tuned_6": of_images(0.7, 1e6, difference),
    }
    for key, accuracy in (("sparse_6", 0.9), ("sparse_5", 0.7), ("tuned_6", 0.8)):
        row = figures[f"direct_{key}"]
        figures[f"validation direct_{key}"] = row | {"accuracy": accuracy}
    text, verdict = paper.energy(figures, settings)
    name = "OSBC, trained by rates, then through time, T = 4"
    loss = f"8.4x, {-100 * difference:.2f} ± 0.40 lost"
    assert text.endswith(f"([vgg9_direct.md](vgg9_direct.md)): {name}: {loss}")
    assert verdict == f"not reached; with the image itself as the input {expected}"


def test_rates_of_the_teacher_are_activations_of_the_ann(monkeypatch: pytest.MonkeyPatch) -> None:
    network, direct = load(monkeypatch, "vgg9_network"), load(monkeypatch, "vgg9_direct")
    torch.manual_seed(4)
    ann = network.build_ann([6] * 8, 0.0).eval()
    weights, x = network.weights_of(ann), 2 * torch.rand(5, 3, 32, 32) - 1
    highest = [2 * float(each.max()) for each in direct.activations(weights, x)]
    module = direct.with_thresholds(weights, highest, steps=3, leak=1.0)
    teacher = network_of(module)
    assert isinstance(teacher, snn.NetworkOp)
    with torch.no_grad():
        scores = readout_scores(teacher, RateNetwork(teacher)(x))
        torch.testing.assert_close(scores, ann(x), rtol=1e-4, atol=1e-5)


def test_fewer_steps_share_the_bias_and_keep_the_scores(monkeypatch: pytest.MonkeyPatch) -> None:
    network, direct = load(monkeypatch, "vgg9_network"), load(monkeypatch, "vgg9_direct")
    weights = network.weights_of(network.build_ann([6] * 8, 0.0))
    long, short = (
        direct.with_thresholds(weights, [0.5] * 8, steps, bias=0.5 / steps) for steps in (10, 4)
    )
    found, wanted = network_of(direct.at_steps(long, 4)), network_of(short)
    assert found.timesteps == wanted.timesteps
    pairs = list(zip(found.body.block.ops, wanted.body.block.ops, strict=True))
    constants = [
        (a.value, b.value)
        for a, b in pairs
        if isinstance(a, snn.WeightOp) and isinstance(b, snn.WeightOp)
    ]
    assert len(constants) == 9 + 8
    for a, b in constants:
        np.testing.assert_allclose(array_from_dense(a), array_from_dense(b), rtol=1e-5, atol=1e-7)


def test_biases_are_accumulates_of_neurons_and_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    network, direct = load(monkeypatch, "vgg9_network"), load(monkeypatch, "vgg9_direct")
    energy = load(monkeypatch, "vgg9_energy")
    weights = network.weights_of(network.build_ann([6] * 8, 0.0))
    neurons = 6 * (2 * 16**2 + 2 * 8**2 + 3 * 4**2)
    for bias, expected in ((0.0, 0), (0.1, 6 * 32**2 + 3 * neurons)):
        module = direct.with_thresholds(weights, [0.5] * 8, 3, bias=bias)
        assert energy.bias_additions(network_of(module)) == expected


def test_accumulates_are_those_of_weights_that_are_not_zero(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    network, direct = load(monkeypatch, "vgg9_network"), load(monkeypatch, "vgg9_direct")
    energy = load(monkeypatch, "vgg9_energy")
    weights = network.weights_of(network.build_ann([4] * 8, 0.0))
    weights = [torch.ones_like(weight) for weight in weights]
    weights[0][:, 0], weights[1][:2] = 0, 0
    spiking = network_of(direct.with_thresholds(weights, [0.5] * 8, 3))
    # 3 to 4 channels at 32x32, of which a third is zero; 4 to 4 at 16x16, of which half is.
    products = energy.products(spiking)
    assert products[:2] == [pytest.approx(2 * 4 * 9 * 1024), 0.5 * 4 * 4 * 9 * 256]
    rates = [0.25, *(0.0 for _ in weights[2:])]
    assert energy.accumulates(spiking, rates) == 3 * 0.25 * products[1]


def test_a_fitted_layer_is_what_the_pass_makes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    network, direct = load(monkeypatch, "vgg9_network"), load(monkeypatch, "vgg9_direct")
    zeros, rng = load(monkeypatch, "vgg9_zeros"), np.random.default_rng(8)
    torch.manual_seed(8)
    weights = network.weights_of(network.build_ann([4] * 8, 0.0))
    module, file = direct.with_thresholds(weights, [0.5] * 8, 2), tmp_path / "images.npz"
    np.savez(file, x=rng.uniform(-1, 1, (4, 3, 32, 32)).astype(np.float32), y=np.arange(4))
    layers, level = zeros.fitted(module, file, "cpu"), zeros.LEVELS.index(0.7)
    apply_pipeline(module, f'snn-osbc-prune{{calibration="{file}" sparsity=0.7 budget=uniform}}')
    for found, wanted in zip(layers, compressible_layers(network_of(module)), strict=True):
        np.testing.assert_array_equal(found[level], wanted.matrices.astype(np.float32))


DAMAGES = [[0.0, 0.1, 0.4], [0.0, 0.3, 0.3], [0.0, 0.0, 2.0]]
ENERGIES = [[0.0, -1.0, -2.0], [0.0, -1.0, -2.0], [0.0, -0.5, -1.0]]
"""Of three layers at three levels."""


def test_zeros_go_where_they_save_most_for_their_damage(monkeypatch: pytest.MonkeyPatch) -> None:
    zeros = load(monkeypatch, "vgg9_zeros")
    # Free of damage; 10, then 6.7 (two levels at once), 3.3 and 0.25 for a unit of it.
    expected = [(0, 0, 0), (0, 0, 1), (1, 0, 1), (1, 2, 1), (2, 2, 1), (2, 2, 2)]
    assert list(zeros.greedy(DAMAGES, ENERGIES)) == expected


def test_neighbours_stay_within_the_energy(monkeypatch: pytest.MonkeyPatch) -> None:
    zeros = load(monkeypatch, "vgg9_zeros")
    found = dict((b, a) for a, b in zeros.neighbours((1, 1, 1), DAMAGES, ENERGIES, 0.0))
    assert found == {
        (0, 2, 1): pytest.approx(-0.1),
        (2, 0, 1): pytest.approx(0.0),
        (2, 1, 0): pytest.approx(0.3),
        (1, 2, 0): pytest.approx(0.0),
    }
    assert (0, 1, 1) in dict((b, a) for a, b in zeros.neighbours((1, 1, 1), DAMAGES, ENERGIES, 1.0))


def test_combinations_are_believed_when_executed(monkeypatch: pytest.MonkeyPatch) -> None:
    zeros, settings = load(monkeypatch, "vgg9_zeros"), load(monkeypatch, "vgg9_bench").Settings()

    class Trials:
        """The tables say that damages add up; that of one combination does not, and another one
        needs more energy than they say."""

        bench = SimpleNamespace(settings=settings)

        def row(self, choice: tuple[int, ...]) -> dict[str, float]:
            damage, energy = (
                sum(layer[level] for layer, level in zip(table, choice, strict=True))
                for table in (DAMAGES, ENERGIES)
            )
            if choice == (0, 2, 1):
                damage = 1.0
            if choice == (2, 0, 1):
                energy = 0.5
            return {"damage": damage, "energy": energy}

    found = zeros.exchanged(Trials(), (1, 1, 1), DAMAGES, ENERGIES, -2.5)
    assert found == (1, 1, 1)
    found = zeros.exchanged(Trials(), (2, 1, 1), DAMAGES, ENERGIES, -3.0)
    assert found == (1, 2, 1)


def test_nothing_is_said_without_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    paper, bench = load(monkeypatch, "vgg9_paper"), load(monkeypatch, "vgg9_bench")
    assert not list(paper.comparison({"ann": {"parameters": 1, "macs": 1}}, bench.Settings()))


def test_a_teacher_pulls_scores_to_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    network = load(monkeypatch, "vgg9_network")
    training = network.ANNTraining(1, teacher_weight=0.75, temperature=2.0)
    rng = np.random.default_rng(3)
    scores, wanted = (torch.from_numpy(rng.normal(size=(6, 10))) for _ in range(2))
    labels = torch.arange(6)

    def log_softmax(values: np.ndarray) -> np.ndarray:
        return values - np.log(np.exp(values).sum(1, keepdims=True))

    own, targets = (log_softmax(each.numpy() / 2) for each in (scores, wanted))
    distance = 4 * (np.exp(targets) * (targets - own)).sum(1).mean()
    plain = -log_softmax(scores.numpy())[np.arange(6), np.arange(6)].mean()
    loss = network.ann_loss(scores, labels, wanted, training)
    assert float(loss) == pytest.approx(0.25 * plain + 0.75 * distance, rel=1e-6)
    assert float(network.ann_loss(scores, labels, None, training)) == pytest.approx(plain)


def test_retraining_keeps_zeros_and_changes_all_other_weights(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    network, data = load(monkeypatch, "vgg9_network"), load(monkeypatch, "vgg9_data")
    rng = np.random.default_rng(5)
    widths = [4] * 8
    start = network.weights_of(network.build_ann(widths, 0.0))
    start = [w * torch.from_numpy(rng.random(w.shape) < 0.5) for w in start]
    images = data.Images(
        rng.integers(0, 256, (8, 3, 32, 32)).astype(np.uint8), rng.integers(0, 10, 8)
    )
    training = network.ANNTraining(1, batch=4, reduced=False, dropout=0.0)
    (ann, _), *_ = network.train_ann(widths, images, training, "cpu", start=start)
    for before, after in zip(start, network.weights_of(ann), strict=True):
        assert torch.equal(before == 0, after == 0)
        assert not torch.equal(before, after)


def test_bytes_of_sparse_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    stages = load(monkeypatch, "vgg9_stages")
    convolution = torch.zeros(8, 2, 3, 3)
    convolution[:, 1, 2, 2] = 1
    # Of 144 weights 8 stay: lists of 18 inputs, with an end; 144 bits.
    assert stages.storage([convolution]) == {"nonzero": 8, "listed": 16 + 38, "mapped": 8 + 18}


def test_sparsity_leaves_a_ratio_of_the_dense_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    compose = load(monkeypatch, "vgg9_compose")
    dense, smaller = [torch.ones(900), torch.ones(100)], [torch.ones(250)]
    assert compose.sparsity_for(smaller, dense, 10.0) == pytest.approx(0.6)
    assert compose.sparsity_for(smaller, dense, 2.0) == 0
