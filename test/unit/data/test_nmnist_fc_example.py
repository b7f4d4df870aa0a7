# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The training of the fully connected N-MNIST example learns, and computes what its model does."""

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from snnir.data import Events, bin_events, simulate
from snnir.support.diagnostics import SNNError

EXAMPLE = Path(__file__).resolve().parents[3] / "examples" / "nmnist_fc"


@pytest.fixture
def train(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module `train.py`, which imports `model` from its folder, as every example does."""
    monkeypatch.syspath_prepend(EXAMPLE)
    # An entry of its own that disappears afterwards: other examples have a module `model`, too.
    monkeypatch.setitem(sys.modules, "model", load_module("model"))
    return load_module("train")


def load_module(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"nmnist_fc_{name}", EXAMPLE / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # `dataclass` looks up the module of its class.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def bars(labels: np.ndarray) -> np.ndarray:
    """Return uint8 (images, 28, 28): a bar whose column is the class."""
    images = np.zeros((len(labels), 28, 28), np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[6:22, 3 + 2 * label : 6 + 2 * label] = 255
    return images


def recorded(count: int) -> tuple[list[Events], np.ndarray]:
    labels = np.arange(count) % 10
    return list(simulate(bars(labels))), labels


def loss_of(train: ModuleType, network: torch.nn.Sequential, recordings) -> float:
    with torch.no_grad():
        counts = train.spike_counts(network, recordings, np.arange(len(recordings)))
    return cross_entropy(counts, torch.from_numpy(recordings.labels)).item()


def test_one_epoch_lowers_the_loss(train: ModuleType, monkeypatch: pytest.MonkeyPatch):
    recordings = train.collect(*recorded(160))
    monkeypatch.setattr(train, "BATCH", 10)
    torch.manual_seed(0)
    network = train.build()
    before = loss_of(train, network, recordings)
    losses = train.train(network, recordings, epochs=1, seed=0)
    assert len(losses) == 1
    after = loss_of(train, network, recordings)
    assert after < before - 0.5
    assert train.accuracy(network, recordings) > 0.3
    for parameter in network.parameters():
        steps = parameter.detach() / train.WEIGHT_STEP
        assert torch.equal(steps, steps.round())


def test_counts_are_those_of_the_model(train: ModuleType):
    """Events and layer by layer give what frames and step by step give."""
    events, labels = recorded(6)
    recordings = train.collect(events, labels)
    torch.manual_seed(1)
    network = train.build(0.9)
    with torch.no_grad():
        for parameter in network.parameters():
            # Strong enough that both layers fire, and exact in float32.
            parameter.copy_(torch.round(8 * parameter / train.WEIGHT_STEP) * train.WEIGHT_STEP)
        chosen = np.array([4, 0, 5])
        found = train.spike_counts(network, recordings, chosen)
        frames = np.stack([bin_events(events[i], train.TIMESTEPS, str(i)) for i in chosen])
        for module in (network[2], network[4]):
            module.reset_mem()
        steps = torch.from_numpy(frames).float().unbind(1)
        expected = torch.stack([network(step)[0] for step in steps]).sum(0)
    assert expected.sum() > 0
    assert torch.equal(found, expected)


def write_idx(path: Path, values: np.ndarray) -> None:
    shape = b"".join(size.to_bytes(4, "big") for size in values.shape)
    path.write_bytes(bytes((0, 0, 8, values.ndim)) + shape + values.astype(np.uint8).tobytes())


def write_mnist(folder: Path, training: int, test: int) -> None:
    for prefix, count in (("train", training), ("t10k", test)):
        labels = np.arange(count) % 10
        write_idx(folder / f"{prefix}-images-idx3-ubyte", bars(labels))
        write_idx(folder / f"{prefix}-labels-idx1-ubyte", labels)


def run(train: ModuleType, monkeypatch: pytest.MonkeyPatch, folder: Path, *options: str) -> None:
    threads = torch.get_num_threads()
    paths = ["--mnist", folder, "--recordings", folder / "absent", "--out", folder / "w.pt"]
    monkeypatch.setattr(sys, "argv", ["train.py", *map(str, paths), *options])
    try:
        train.main()
    finally:
        torch.set_num_threads(threads)


def test_script(
    train: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    write_mnist(tmp_path, 1040, 20)
    run(train, monkeypatch, tmp_path, "--samples", "40", "--epochs", "2", "--beta", "0.9")
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in lines[:2]] == ["epoch 1 of 2", "epoch 2 of 2"]
    assert re.fullmatch(
        r"beta 0\.9, simulated test images: accuracy \d+\.\d\d% \(n = 20\)", lines[2]
    )
    network = train.build(0.9)
    network.load_state_dict(torch.load(tmp_path / "w.pt", weights_only=True))


@pytest.mark.parametrize("samples", ["0", "41"])
def test_too_many_samples(
    train: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, samples: str
):
    write_mnist(tmp_path, 1040, 20)
    with pytest.raises(SNNError, match=rf"--samples {samples}: 40 training images follow"):
        run(train, monkeypatch, tmp_path, "--samples", samples)
    assert not (tmp_path / "w.pt").exists()
