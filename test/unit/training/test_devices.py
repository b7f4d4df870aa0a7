# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Passes with the option `device` compute on it whatever they compute, and get the same there."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch
from xdsl.dialects.builtin import ModuleOp

from snnir.driver.files import network_of
from snnir.driver.pipelines import apply_pipeline
from snnir.executors import TorchExecutor
from snnir.testing.comparison import assert_same_results
from snnir.testing.pretended_device import PretendedDevice
from snnir.testing.random_networks import quantized_random_network, random_network
from snnir.testing.tiny_network import tiny_data, tiny_module
from snnir.training import TrainableNetwork
from snnir.universe import PASSES

DEVICE = "cuda"


@pytest.fixture(autouse=True)
def _pretend(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)


def test_a_pretended_device_refuses_what_a_real_one_does() -> None:
    """Otherwise the tests below would show little."""
    with PretendedDevice() as device:
        there, here = torch.ones(3, 4, device=DEVICE), torch.ones(4, 5)
        with pytest.raises(RuntimeError, match="same device"):
            torch.matmul(there, here)
        with pytest.raises(TypeError, match="numpy"):
            there[0].numpy()
        product = there @ here.to(DEVICE) * torch.tensor(2.0)
        places = [t.device.type for t in (there, here, product, product[0], product.cpu())]
        assert places == ["cuda", "cpu", "cuda", "cuda", "cpu"]
        assert device.moved == 1
        parameter = torch.nn.Parameter(product)
        (parameter**2).sum().backward()
        assert parameter.grad is not None
        assert parameter.grad.device.type == DEVICE


@pytest.mark.parametrize("seed", range(12))
def test_executors_keep_all_tensors_on_the_device(seed: int) -> None:
    for network in (random_network(np.random.default_rng(seed)), quantized_random_network(seed)):
        expected = TorchExecutor(network.network).run(network.x, record="all")
        with PretendedDevice() as device:
            actual = TorchExecutor(network.network, DEVICE).run(network.x, record="all")
        assert device.moved
        assert_same_results(expected, actual)


@pytest.mark.parametrize("seed", range(12))
def test_training_keeps_all_tensors_on_the_device(seed: int) -> None:
    random = random_network(np.random.default_rng(seed))
    x, gradients = torch.from_numpy(random.x).float(), []
    for place in ("cpu", DEVICE):
        with PretendedDevice() as device:
            module = TrainableNetwork(
                random.network, train_thresholds=True, train_decays=True, device=place
            )
            outputs = module(x)
            (outputs**2).mean().backward()
            assert outputs.device.type == place
            found = [p.grad.cpu().numpy() for p in module.parameters() if p.grad is not None]
        assert bool(device.moved) == (place == DEVICE)
        gradients.append(found)
    for one, other in zip(*gradients, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-7)


PIPELINES = (
    "snn-measure-activity{CAL}",
    "snn-prune-silent{CAL}",
    "FOLD,snn-prune-pca{CAL}",
    "FOLD,snn-osbc-prune{CAL sparsity=0.5 sequential=asymmetric}",
    "FOLD,snn-osbc-prune{CAL sparsity=0.5 importance=downstream structure=channels}",
    "FOLD,snn-osbc-quantize{CAL bits=3 sweeps=2 scale-search sequential=asymmetric}",
    "snn-measure-activity{CAL},FOLD,snn-prune-magnitude{sparsity=0.5},snn-match-rates{CAL}",
    "snn-reduce-timesteps{CAL finetune training=DATA stages=1 epochs=1}",
    "snn-finetune{data=DATA teacher=TEACHER train-thresholds epochs=2}",
    "FOLD,snn-quantize-rtn{bits=4},snn-finetune{data=DATA epochs=2}",
    "FOLD,snn-finetune-rates{data=DATA epochs=2}",
)


def test_no_pass_with_a_device_is_forgotten() -> None:
    """Each is the last one of some pipeline."""
    with_device = {name for name, load in PASSES.items() if hasattr(load(), "device")}
    assert with_device == {line.partition("{")[0] for line in _last_passes()}


def _last_passes() -> list[str]:
    return [pipeline.rpartition(",")[2] for pipeline in PIPELINES]


@pytest.mark.parametrize("pipeline", PIPELINES)
def test_a_pass_does_the_same_on_a_device(pipeline: str, tmp_path) -> None:
    data, teacher = tmp_path / "data.npz", tmp_path / "teacher.mlir"
    np.savez(data, **tiny_data())  # type: ignore[arg-type]
    teacher.write_text(str(tiny_module()))
    pipeline = pipeline.replace("FOLD", "snn-fold-batch-norm,snn-fold-scale")
    pipeline = pipeline.replace("CAL", f'calibration="{data}"')
    pipeline = pipeline.replace("DATA", f'"{data}"').replace("TEACHER", f'"{teacher}"')
    texts = []
    for place in ("cpu", DEVICE):
        with PretendedDevice() as device:
            texts.append(_applied(f"{pipeline[:-1]} device={place}}}"))
        assert bool(device.moved) == (place == DEVICE)
    one, other = (NUMBER.split(text) for text in texts)
    assert one[::2] == other[::2]
    numbers = (np.array(list(map(float, parts[1::2]))) for parts in (one, other))
    np.testing.assert_allclose(*numbers, rtol=1e-4, atol=1e-7)


NUMBER = re.compile(r"(-?\d+\.\d+(?:e[-+]\d+)?)")
"""A real number; sums of gradients are not the same to the last bit even on one device."""


def _applied(pipeline: str) -> str:
    module: ModuleOp = tiny_module()
    apply_pipeline(module, pipeline)
    network_of(module).verify()
    return str(module)
