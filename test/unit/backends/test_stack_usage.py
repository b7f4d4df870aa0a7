# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The stack that is computed from call graphs bounds the stack that is measured."""

from __future__ import annotations

import pytest
from generated_networks import generate, require_cmsis_nn

from snnir.backends.firmware import RESET_HANDLER, NetworkBuild
from snnir.backends.stack_usage import LIBRARY_FRAME_BYTES, CallGraph, read_call_graph
from snnir.backends.targets import MPS2_AN500
from snnir.backends.toolchain import compile_object
from snnir.executors.native import NativeExecutor
from snnir.support.diagnostics import SNNError
from snnir.testing.targets import require_programs

SOURCE = """
void external(char *);
__attribute__((noinline)) static void leaf(char *p) {
  char local[200];
  external(local);
  p[0] = local[3];
}
void caller(char *p) {
  char local[100];
  leaf(local);
  external(p);
  p[1] = local[7];
}
int recursive(int n) {
  char local[8];
  external(local);
  return n ? recursive(n - 1) + local[n] : local[0];
}
void pointer(void (*called)(void), char *p) {
  called();
  p[0] = 0;
}
void variable(int n) {
  char local[n];
  external(local);
}
"""


@pytest.fixture(scope="module")
def graph(tmp_path_factory) -> CallGraph:
    require_programs(MPS2_AN500.compiler)
    folder = tmp_path_factory.mktemp("graph")
    (folder / "functions.c").write_text(SOURCE)
    output = compile_object(folder / "functions.c", folder / "functions.o", MPS2_AN500, ["-O1"])
    return read_call_graph([output])


def test_frames_along_the_deepest_chain_are_added(graph: CallGraph) -> None:
    depth = graph.depth("caller")
    assert depth is not None
    locals_only = 200 + 100 + LIBRARY_FRAME_BYTES
    assert locals_only < depth < locals_only + 64
    assert graph.depth("unknown") == LIBRARY_FRAME_BYTES


@pytest.mark.parametrize("function", ["recursive", "pointer", "variable"])
def test_what_has_no_bound_gets_none(graph: CallGraph, function: str) -> None:
    assert function in graph.frames
    assert graph.depth(function) is None


def test_a_missing_graph_is_named(tmp_path) -> None:
    with pytest.raises(SNNError, match=r"cannot read the call graph of absent\.o"):
        read_call_graph([tmp_path / "absent.o"])


@pytest.mark.parametrize("kernels", ["event", "cmsis"])
@pytest.mark.parametrize("kind", ["linear", "conv"])
def test_the_bound_holds_in_the_emulator(kind, kernels, tmp_path) -> None:
    """The runner's bound holds for what it used, and is not far above: no call was missed."""
    assert MPS2_AN500.emulator is not None
    require_programs(MPS2_AN500.compiler, MPS2_AN500.emulator[0])
    if kernels == "cmsis":
        require_cmsis_nn()
    network = generate(kind, kernels)
    build = NetworkBuild(network.c_network, MPS2_AN500, tmp_path)
    build.runner(traced=False)
    bound = read_call_graph([*tmp_path.glob("*.o"), *build.libraries]).depth(RESET_HANDLER)
    executor = NativeExecutor(network.kernels, MPS2_AN500)
    executor.run(network.x)
    measured = executor.measurements.stack_bytes
    assert bound is not None
    assert measured is not None
    assert measured <= bound <= measured + 2 * LIBRARY_FRAME_BYTES
