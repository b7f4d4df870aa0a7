# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Tables beside the code of calls are counted as generated C has them."""

from __future__ import annotations

import re

import numpy as np
import pytest

from snnir.backends.c.network import only_network
from snnir.backends.c.printer import source
from snnir.costs.code_size import SITE_BYTES, code_amounts, initial_states, table_bytes
from snnir.driver.pipelines import apply_pipeline
from snnir.testing.cost_network_builder import quantized
from snnir.testing.cost_networks import convolutional


@pytest.mark.parametrize("packing", ["pairs", "triples"])
def test_tables_are_those_of_generated_code(packing: str) -> None:
    network = convolutional(np.random.default_rng(2011), True)
    quantized(network, "bits=8")
    module = network.module.clone()
    apply_pipeline(module, f"convert-qsnn-to-kernels{{packing={packing}}},kernels-plan-memory")
    generated = only_network(module)
    text = source(generated)
    sites = [int(size) for size in re.findall(r"snnrt_site call_\w+\[(\d+)\]", text)]
    assert sites
    assert sum(map(table_bytes, generated.calls)) == SITE_BYTES * sum(sites)
    widths = {"int8_t": 1, "int16_t": 2, "int32_t": 4, "double": 8}
    initial = re.findall(r" (\w+) \w+_initial\[(\d+)\]", text)
    assert sorted(initial_states(generated.op).values()) == sorted(
        widths[kind] * int(size) for kind, size in initial
    )
    assert all(amount >= 0 for op in generated.calls for amount in code_amounts(op).values())
