# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Training by rates, teachers and augmentation: through the loop and through the passes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from xdsl.dialects.builtin import IntegerAttr, ModuleOp

from snnir.data import Dataset
from snnir.dialects import snn
from snnir.driver.files import network_of, write_network
from snnir.executors import TorchExecutor
from snnir.passes.finetuning import FinetunePass
from snnir.passes.snn_finetune import SNNFinetunePass
from snnir.passes.snn_finetune_rates import SNNFinetuneRatesPass
from snnir.support.diagnostics import DiagnosticEngine, SNNError
from snnir.testing.tiny_network import tiny_data, tiny_module
from snnir.training import RateNetwork, TrainableNetwork, Training, train
from snnir.training.augmentation import shifted_and_mirrored
from snnir.training.loss import distillation_loss
from snnir.universe import make_context

STEPS = 6


def toy_data(samples: int = 160) -> Dataset:
    """Four classes: pixels 2 c and 2 c + 1 have most of the events of class c."""
    rng = np.random.default_rng(6)
    y = np.arange(samples, dtype=np.int64) % 4
    means = np.where(np.arange(8) // 2 == y[:, None], 1.2, 0.3)
    return Dataset(rng.poisson(means[:, None], (samples, STEPS, 8)).astype(np.uint8), y, "toy")


def parameters(module: TrainableNetwork) -> list[NDArray]:
    """Copies of all parameters."""
    return [parameter.detach().numpy().copy() for parameter in module.parameters()]


def trained_by_rates(network: snn.NetworkOp, seed: int = 0) -> tuple[RateNetwork, Any]:
    """A network after some epochs, judged as a spiking one, and what `train` says of it."""
    module = RateNetwork(network)
    options = Training(epochs=6, batch=16, learning_rate=1e-2, seed=seed)
    return module, train(module, toy_data(), options, judge=TrainableNetwork(network))


def test_the_spiking_network_is_what_epochs_are_compared_on(network) -> None:
    module, result = trained_by_rates(network)
    chosen = toy_data().take(result.held_out_samples)
    scores = []
    for score in (result.before, result.after):
        spiking = (TorchExecutor(network).run(chosen.x).labels == chosen.labels()).mean()
        assert spiking == pytest.approx(score.accuracy)
        scores.append(spiking)
        module.write_back(network)
    assert scores[1] > scores[0] + 0.2


def test_equal_seeds_give_equal_networks(network) -> None:
    first, second, other = (parameters(trained_by_rates(network, seed)[0]) for seed in (0, 0, 1))
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)
    assert any(not np.array_equal(a, b) for a, b in zip(first, other, strict=True))


def test_the_distance_from_a_teacher_is_the_divergence_of_softened_classes() -> None:
    scores = torch.randn(3, 4, generator=torch.Generator().manual_seed(1))
    wanted = torch.randn(3, 4, generator=torch.Generator().manual_seed(2))
    p, q = F.softmax(wanted / 2, 1).numpy(), F.softmax(scores / 2, 1).numpy()
    expected = 4 * (p * np.log(p / q)).sum(1).mean()
    assert distillation_loss(scores, wanted, 2.0).item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("kind", [TrainableNetwork, RateNetwork])
def test_only_a_teacher_can_teach_what_labels_do_not_say(network, kind: Any) -> None:
    """The labels of the data are shuffled; with all weight on the teacher it does not matter."""
    data = toy_data()
    teacher = kind(network)
    train(teacher, data, Training(epochs=8, batch=16, learning_rate=1e-2))
    before = parameters(teacher)
    shuffled = Dataset(data.x, np.random.default_rng(1).permutation(data.labels()), "shuffled")
    agreements = []
    for weight in (1.0, 0.0):
        module = kind(network)
        options = Training(8, 16, 1e-2, teacher_weight=weight)
        train(module, shuffled, options, validation=data, teacher=teacher)
        with torch.no_grad():
            x = torch.from_numpy(data.x)
            same = module(x).sum(0).argmax(1) == teacher(x).sum(0).argmax(1)
        agreements.append(float(same.float().mean()))
    assert agreements[0] > agreements[1] + 0.2, agreements
    for a, b in zip(before, parameters(teacher), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_teacher_computes_at_the_precision_of_the_training(network, monkeypatch) -> None:
    found = set()
    teacher, module = (RateNetwork(network, reduced=True) for _ in range(2))
    forward = teacher.forward

    def watched(x: Any) -> Any:
        scores = forward(x)
        found.add((teacher._is_reduced(), scores.requires_grad))
        return scores

    monkeypatch.setattr(teacher, "forward", watched)
    train(module, toy_data(), Training(1, 16), teacher=teacher)
    assert found == {(True, False)}


def test_a_penalty_on_rates_makes_neurons_spike_less(network) -> None:
    data, spikes = toy_data(), []
    for penalty in (0.0, 20.0):
        module = RateNetwork(network)
        options = Training(3, 16, 1e-2, work_penalty=penalty)
        train(module, data, options, judge=TrainableNetwork(network))
        trained = network.clone()
        module.write_back(trained)
        recording = TorchExecutor(trained).run(data.x, record="spikes").recording
        assert recording is not None
        spikes.append(int(recording.spikes["layer0"].sum()))
    assert 0 < spikes[1] < 0.8 * spikes[0]


def test_with_a_penalty_epochs_are_compared_by_what_is_trained(network) -> None:
    """All weight is on a teacher that contradicts the labels: what helps it hurts them."""
    data = toy_data()
    teacher = TrainableNetwork(network)
    train(teacher, data, Training(epochs=8, batch=16, learning_rate=1e-2))
    contrary = Dataset(data.x, (data.labels() + 1) % 4, "contrary")
    module = TrainableNetwork(network)
    options = Training(4, 16, 1e-2, teacher_weight=1.0, work_penalty=1e-3)
    result = train(module, contrary, options, teacher=teacher)
    assert result.best_epoch > 0
    assert result.after.loss < 0.8 * result.before.loss
    with torch.no_grad():
        x = torch.from_numpy(data.x)
        same = module(x).sum(0).argmax(1) == teacher(x).sum(0).argmax(1)
    assert same.float().mean() > 0.7


def test_images_are_shifted_and_mirrored() -> None:
    x = np.arange(2 * 3 * 2 * 4 * 5).reshape(2, 3, 2, 4, 5) + 1
    rng = np.random.default_rng(3)
    seen = set()
    for _ in range(100):
        changed = shifted_and_mirrored(x, 1, True, rng)
        assert changed.shape == x.shape
        for before, after in zip(x, changed, strict=True):
            (found,) = [
                (top, left, mirrored)
                for mirrored in (False, True)
                for top in (0, 1, 2)
                for left in (0, 1, 2)
                if np.array_equal(moved(before, top, left, mirrored), after)
            ]
            seen.add(found)
    assert len(seen) == 18
    state = rng.bit_generator.state
    assert shifted_and_mirrored(x, 0, False, rng) is x
    assert rng.bit_generator.state == state


def moved(image: NDArray, top: int, left: int, mirrored: bool) -> NDArray:
    """One image, time steps and channels and all, cut out of a border of zeros."""
    bordered = np.zeros((*image.shape[:-2], image.shape[-2] + 2, image.shape[-1] + 2), image.dtype)
    bordered[..., 1:-1, 1:-1] = image
    cut = bordered[..., top : top + image.shape[-2], left : left + image.shape[-1]]
    return cut[..., ::-1] if mirrored else cut


def run(pass_: FinetunePass, module: ModuleOp) -> str:
    """What a pass says of the network."""
    with DiagnosticEngine() as engine:
        pass_.apply(make_context(), module)
    return engine.remarks[-1].message


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    """The tiny data as sequences and as means, and the network as a teacher."""
    data = tiny_data()
    np.savez(tmp_path / "sequences.npz", **data)  # type: ignore[arg-type]
    np.savez(tmp_path / "means.npz", x=data["x"].mean(1, dtype=np.float32), y=data["y"])
    np.savez(tmp_path / "unlabelled.npz", x=data["x"].mean(1, dtype=np.float32))
    write_network(tiny_module(), tmp_path / "teacher.mlir")
    return {path.stem: str(path) for path in tmp_path.iterdir()}


def test_means_train_and_sequences_decide(files) -> None:
    passes = [
        SNNFinetuneRatesPass(
            files[data],
            validation=files["sequences"],
            teacher=files["teacher"],
            epochs=2,
            learning_rate=1e-2,
            shift=1,
            mirror=True,
            device="cpu",
        )
        for data in ("means", "sequences")
    ]
    by_means, by_sequences = (run(pass_, tiny_module()) for pass_ in passes)
    assert by_means == by_sequences
    assert "on 40 held-out samples, trained by rates on 40" in by_means


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"data": "means"}, "a sample is one frame, its mean over time"),
        ({"data": "unlabelled", "validation": "sequences"}, "the samples have no labels"),
        ({"data": "sequences", "validation": "means"}, "a sample is one frame, but the network"),
        ({"data": "sequences", "teacher_weight": 2.0}, "weight of the teacher must be from 0 to 1"),
    ],
)
def test_data_and_options_are_checked(files, options: dict[str, Any], message: str) -> None:
    given = {key: files.get(value, value) for key, value in options.items()}
    with pytest.raises(SNNError, match=message):
        run(SNNFinetuneRatesPass(**given, device="cpu"), tiny_module())


def test_teachers_must_take_the_same_inputs(files, network) -> None:
    module = ModuleOp([network])
    data, teacher = toy_data(), files["teacher"]
    path = Path(files["means"]).with_name("toy.npz")
    np.savez(path, x=data.x, y=data.labels())
    wanted = r"which takes frames of \(1, 4, 4\) and has 2 classes; it takes frames of \(8,\) and"
    with pytest.raises(SNNError, match=wanted):
        run(SNNFinetuneRatesPass(str(path), teacher=teacher, device="cpu"), module)
    with pytest.raises(SNNError, match=r"takes 8 frames of .*; it takes 6 frames of \(8,\)"):
        run(SNNFinetunePass(str(path), teacher=teacher, device="cpu"), module)


def test_a_teacher_by_rates_may_have_other_steps(tmp_path: Path, network) -> None:
    """All weight is on the teacher; the labels of the data are shuffled."""
    data = toy_data()
    expert = TrainableNetwork(network)
    train(expert, data, Training(epochs=8, batch=16, learning_rate=1e-2))
    taught = network.clone()
    expert.write_back(taught)
    taught.properties["timesteps"] = IntegerAttr(40, 64)
    write_network(ModuleOp([taught]), tmp_path / "teacher.mlir")
    shuffled = np.random.default_rng(1).permutation(data.labels())
    np.savez(tmp_path / "shuffled.npz", x=data.x, y=shuffled)
    np.savez(tmp_path / "validation.npz", x=data.x, y=data.labels())
    options = {
        "data": str(tmp_path / "shuffled.npz"), "validation": str(tmp_path / "validation.npz"),
        "teacher": str(tmp_path / "teacher.mlir"), "teacher_weight": 1.0, "epochs": 8, "batch": 16,
        "learning_rate": 1e-2, "device": "cpu",
    }  # fmt: skip
    with pytest.raises(SNNError, match=r"takes 40 frames of .*; it takes 6 frames of \(8,\)"):
        run(SNNFinetunePass(**options), ModuleOp([network.clone()]))
    module = ModuleOp([network.clone()])
    before = (TorchExecutor(network).run(data.x).labels == data.labels()).mean()
    run(SNNFinetunePass(**options, teacher_rates=True), module)
    after = (TorchExecutor(network_of(module)).run(data.x).labels == data.labels()).mean()
    assert after > before + 0.2, (before, after)


@pytest.mark.parametrize("kind", [SNNFinetunePass, SNNFinetuneRatesPass])
def test_reduced_training_helps_as_well(files, kind: type[FinetunePass]) -> None:
    data, networks = tiny_data(), []
    for reduced in (False, True):
        module = tiny_module()
        options = {"epochs": 6, "learning_rate": 3e-2, "device": "cpu", "reduced": reduced}
        message = run(kind(files["sequences"], **options), module)
        assert "epoch" in message
        assert "kept as it was" not in message
        networks.append(str(module))
        labels = TorchExecutor(network_of(module)).run(data["x"]).labels
        assert (labels == data["y"]).mean() > 0.8
    assert networks[0] != networks[1]
