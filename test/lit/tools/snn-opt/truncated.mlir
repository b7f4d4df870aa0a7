// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: not snn-opt %s 2>&1 | filecheck %s

// One line, without the text of the constant.
// CHECK: truncated.mlir:8:{{[0-9]+}}: error:
// CHECK-NOT: 0102
"test.op"() {
  a = dense<"0x01020102010201020102010201020102
