# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Reading and rebuilding layers of the `snn` level; what passes that change weights share."""
