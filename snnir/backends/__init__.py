# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Code generation: the C printer, target descriptions and the runtime sources."""
