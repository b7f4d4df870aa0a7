# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Modules load from `FILE.py:FACTORY`, weights from state_dicts, and errors name what is wrong."""

import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from snnir.frontends import load_module
from snnir.support.diagnostics import SNNError

MODEL = """
from dataclasses import dataclass
import snntorch
from torch import nn
from sizes import FEATURES

@dataclass
class Options:
    beta: float = 0.5

def build():
    return nn.Sequential(
        nn.Linear(FEATURES, 2), snntorch.Leaky(Options().beta, init_hidden=True, output=True)
    )

READY = build()
NUMBER = 3

def fails():
    raise RuntimeError("no memory")

def wrong():
    return [1]
"""

State = dict[str, Any]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A file with factories, which imports its neighbour."""
    (tmp_path / "sizes.py").write_text("FEATURES = 4\n")
    sys.modules.pop("sizes", None)
    path = tmp_path / "model.py"
    path.write_text(MODEL)
    return path


def save(model: Path, state: Any) -> Path:
    path = model.with_name("weights.pt")
    torch.save(state, path)
    return path


def state_of(model: Path, **changes: Tensor | None) -> State:
    """The state of the model; `changes` by key with `_` for `.`, None for a missing key."""
    state: State = dict(load_module(f"{model}:build").state_dict())
    for name, value in changes.items():
        key = f"{name[1]}.{name[3:]}"
        state[key] = value
        if value is None:
            del state[key]
    return state


@pytest.mark.parametrize("wrap", [None, "model_state_dict", "state_dict"])
def test_load(model: Path, wrap: str | None):
    state = state_of(model, _0_bias=torch.tensor([1.0, 2.0]))
    weights = save(model, state if wrap is None else {wrap: state, "epoch": 3})
    module = load_module(f"{model}:build", weights)
    assert torch.equal(module.state_dict()["0.bias"], torch.tensor([1.0, 2.0]))
    assert "model" not in sys.modules
    assert str(model.parent) not in sys.path


def test_a_module_object_is_its_own_factory(model: Path):
    assert isinstance(load_module(f"{model}:READY"), torch.nn.Sequential)


@pytest.mark.parametrize(
    ("factory", "message"),
    [
        ("missing", "has no 'missing'; it has (?!.*nn).*build"),
        ("fails", r"calling fails\(\) of '.*model.py' raised RuntimeError: no memory"),
        ("wrong", r"wrong\(\) of '.*' returned list, not a torch.nn.Module"),
        ("NUMBER", "'NUMBER' in '.*' cannot be called"),
        ("", "does not name a module: write FILE.py:FACTORY"),
    ],
)
def test_wrong_factories(model: Path, factory: str, message: str):
    with pytest.raises(SNNError, match=message):
        load_module(f"{model}:{factory}")


def test_wrong_files(tmp_path: Path):
    with pytest.raises(SNNError, match=r"there is no file '.*nowhere.py'"):
        load_module(f"{tmp_path}/nowhere.py:build")
    broken = tmp_path / "broken.py"
    broken.write_text("def build(:\n")
    with pytest.raises(SNNError, match=r"importing '.*broken.py' raised SyntaxError"):
        load_module(f"{broken}:build")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "from .layers import fc",
            r"a file beside that folder, with 'from \w+.broken import build'",
        ),
        (
            "import no_such_module",
            "No module named .*; modules are looked for beside it, in PYTHON",
        ),
        ("raise SystemExit(2)", "importing '.*broken.py' raised SystemExit: 2"),
    ],
)
def test_files_that_belong_to_a_project(tmp_path: Path, text: str, message: str):
    broken = tmp_path / "broken.py"
    broken.write_text(text)
    with pytest.raises(SNNError, match=message) as caught:
        load_module(f"{broken}:build")
    assert "\n" not in str(caught.value)


def test_scripts_see_no_arguments_and_print_beside_reports(
    model: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """As training scripts do, which build the network at their top."""
    lines = "import argparse\nargparse.ArgumentParser().parse_args()\nprint('training')\n"
    model.write_text(lines + MODEL)
    monkeypatch.setattr(sys, "argv", ["snnir", "import", f"{model}:build"])
    load_module(f"{model}:build")
    assert sys.argv[1] == "import"
    assert capsys.readouterr() == ("", "training\n")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"_0_bias": None}, r"does not fit the module: missing: 0\.bias"),
        ({"_9_bias": torch.zeros(2)}, r"does not fit the module: unexpected: 9\.bias"),
        ({"_0_bias": torch.zeros(3)}, r"0\.bias is \(3,\), the module has \(2,\)"),
        ({"_0_bias": torch.tensor([1.0, torch.nan])}, "parameter '0.bias' has NaN"),
        ({"_1_beta": torch.tensor(torch.inf)}, "parameter '1.beta' has an infinite value"),
        ({"_1_graded_spikes_factor": None}, "is from snnTorch 0.5 or older"),
        ({"_1_mem": torch.zeros(2)}, r"is from snnTorch 0.8, .*\(1.mem\)"),
    ],
)
def test_wrong_weights(model: Path, changes: dict[str, Tensor | None], message: str):
    weights = save(model, state_of(model, **changes))
    with pytest.raises(SNNError, match=f"weights.pt'.*{message}") as caught:
        load_module(f"{model}:build", weights)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("prefix", "message"),
    [
        ("module.", r"DataParallel: .*; save net\.module\.state_dict\(\)"),
        ("_orig_mod.", r"torch.compile: .*; save net\._orig_mod\.state_dict\(\)"),
        (
            "encoder.net.",
            r"holds this one: its keys begin with 'encoder.net.'; save the state_dict",
        ),
    ],
)
def test_weights_of_a_module_around_this_one(model: Path, prefix: str, message: str):
    state = {f"{prefix}{key}": value for key, value in state_of(model).items()}
    with pytest.raises(SNNError, match=message):
        load_module(f"{model}:build", save(model, state))


def test_weights_that_are_no_state_dict(model: Path):
    source = f"{model}:build"
    with pytest.raises(SNNError, match="there is no weights file"):
        load_module(source, model.with_name("nothing.pt"))
    message = r"holds no state_dict, neither itself nor under .*, but a dictionary .* 'epoch'; save"
    with pytest.raises(SNNError, match=message):
        load_module(source, save(model, {"epoch": 3}))
    with pytest.raises(SNNError, match=r"holds no state_dict, .*, but a list; save"):
        load_module(source, save(model, [torch.zeros(2)]))
    with pytest.raises(SNNError, match=r"is not a file of tensors .* save the weights") as caught:
        load_module(source, save(model, torch.nn.Linear(2, 2)))
    assert "trust" not in str(caught.value)
    text = model.with_name("text.pt")
    text.write_text("hello")
    with pytest.raises(SNNError, match="is not a file of tensors"):
        load_module(source, text)
