# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`snnir import`: from an snnTorch module and its weights to a network in the `snn` dialect."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from xdsl.dialects.builtin import ModuleOp

from snnir.dialects import snn
from snnir.dialects.layer_shapes import element_count, shape_of
from snnir.dialects.network import layer_names
from snnir.dialects.snn_attributes import InputKind, Readout
from snnir.driver.files import network_of, rename_network
from snnir.support.atomic import PathLike
from snnir.support.choices import choice_of
from snnir.support.verify import verify_module


@dataclass(frozen=True)
class NetworkSummary:
    """What a network is made of.

    Attributes:
        neurons: number of neurons by layer name.
        parameters: number of weights and biases.
        origin: where they come from, if that is known.
    """

    name: str
    input: str
    input_shape: tuple[int, ...]
    timesteps: int
    readout: str
    neurons: dict[str, int]
    parameters: int
    origin: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The summary as plain values."""
        return asdict(self)

    def lines(self) -> list[str]:
        """The summary for the screen."""
        layers = ", ".join(f"{name}: {count:,}" for name, count in self.neurons.items())
        shape = " x ".join(map(str, self.input_shape))
        return [
            f"network     {self.name}",
            f"input       {shape} {self.input}, {self.timesteps} time step"
            f"{'s' if self.timesteps > 1 else ''}",
            f"readout     {self.readout}",
            f"neurons     {sum(self.neurons.values()):,} ({layers})",
            f"parameters  {self.parameters:,}" + (f" of {self.origin}" if self.origin else ""),
        ]


def import_network(
    source: str,
    weights: PathLike | None = None,
    *,
    input_shape: Sequence[int],
    timesteps: int | None = None,
    input_kind: InputKind | str | None = None,
    readout: Readout | str = Readout.SPIKE_COUNT,
    population: int | None = None,
    name: str = "network",
) -> ModuleOp:
    """Import a module by the file and the function that make it.

    The module may take one frame per call, or whole samples with time as the first or the second
    axis, or one frame that it presents at every step itself; which, is found by trying.

    Args:
        source: `FILE.py:FACTORY`; the factory is called without arguments.
        weights: state_dict of the module.
        input_shape: shape of a frame, without batch and time.
        timesteps: number of steps; may be left out for a module that presents one frame itself.
        input_kind: what is presented at every step; event counts, or static values if the module
            presents one frame itself, by default.
        readout: how the output becomes scores.
        population: number of classes, if each is a group of output neurons.
        name: of the network, a C identifier.

    Returns:
        A verified module with one `snn.network`.

    Raises:
        SNNError: the module cannot be built, or has something that cannot be imported.
    """
    from snnir.frontends import from_snntorch, load_module
    from snnir.frontends.calling import find_call

    module = load_module(source, None if weights is None else str(weights))
    kind = None if input_kind is None else choice_of(InputKind, input_kind, "input kind")
    call = find_call(module, input_shape, timesteps, kind is InputKind.BINARY_FRAMES)
    imported = from_snntorch(
        module,
        call.sample,
        timesteps,
        input=kind,
        readout=readout,
        population=population,
    )
    rename_network(imported, name)
    verify_module(imported)
    return imported


def summarize(module: ModuleOp, origin: str | None = None) -> NetworkSummary:
    """Return what the network of an `snn` module is made of.

    Args:
        origin: where its parameters come from.
    """
    network = network_of(module)
    return NetworkSummary(
        name=network.sym_name.data,
        input=str(network.input.data),
        input_shape=shape_of(network.frame.type),
        timesteps=network.timesteps.value.data,
        readout=str(network.readout.data),
        neurons={
            name: element_count(shape_of(op.results[-1].type))
            for op, name in layer_names(network).items()
        },
        parameters=sum(
            element_count(shape_of(op.result.type))
            for op in network.body.block.ops
            if isinstance(op, snn.WeightOp)
        ),
        origin=origin,
    )
