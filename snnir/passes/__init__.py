# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The passes; one file each, registered by name in `snnir.universe`."""
