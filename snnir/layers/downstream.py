# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""How strongly the layers behind a layer read each of its channels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from snnir.dialects.network import NetworkOpBase
from snnir.layers.affine import AFFINE_OPS, AffineOp, constant, groups_of
from snnir.layers.channel_groups import find_channel_groups


def downstream_energy(network: NetworkOpBase, layer: AffineOp) -> NDArray[np.float64]:
    """The sum of the squares of all weights that read each channel, float64 (channels,).

    It is the diagonal of the Hessian of the error of the next potentials with respect to errors of
    the channels, as far as these are independent and of one size: an error of a neuron that nobody
    reads costs nothing. Channels are followed through neurons, pooling, flattening and sums
    (`find_channel_groups`). Ones for a layer that no other layer reads, as the last one.
    """
    groups = find_channel_groups(network)
    energy = np.zeros(groups.count)
    for reader in groups.affine_layers():
        if not isinstance(reader, AFFINE_OPS):
            continue
        weight = constant(reader.weight, reader)
        # (groups, outputs, inputs, kernel): a convolution in groups reads a part of the channels.
        by_group = weight.reshape(groups_of(reader), -1, *weight.shape[1:2], weight[0, 0].size)
        inputs = (by_group**2).sum(axis=(1, 3)).reshape(-1)
        np.add.at(energy, groups.of(reader.input), inputs)
    found = energy[groups.of(layer.result)]
    return found if found.any() else np.ones_like(found)
