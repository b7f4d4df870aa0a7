# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Memory of planned networks: lifetimes, packing, limits and the residency report."""
