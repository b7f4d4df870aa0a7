# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What kernels cost on a target: instructions from measured tables and measured activity.

Instructions are not cycles: the tables count what QEMU counts.
"""
