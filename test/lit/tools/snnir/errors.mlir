// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: not snnir check %s 2>&1 | filecheck %s
// RUN: not snnir check %s --debug 2>&1 | filecheck %s --check-prefix=DEBUG
// RUN: not snnir run %s --data %t.npz -o %t.out.npz 2>&1 | filecheck %s
// RUN: not ls %t.out.npz
// RUN: not snnir validate %s 2>&1 | filecheck %s --check-prefix=USAGE
// RUN: not snnir run %s --data %t.npz --record spikes 2>&1 | filecheck %s --check-prefix=RECORD

// CHECK: errors.mlir:17:21: error: value '%missing' is used but not defined
// CHECK-NOT: Traceback
// DEBUG: errors.mlir:17:21: error:
// DEBUG-NEXT: Traceback (most recent call last):
// RECORD: snnir: error: --record needs a file for what it records: -o FILE.npz
// USAGE: snnir validate: error: the following arguments are required: --data
builtin.module attributes {snn.version = 1 : i64} {
  snn.network @net(%frame: tensor<4xf32>) -> tensor<4xf32> attributes {input = #snn<input values>, readout = #snn<readout last_membrane>, timesteps = 20 : i64} {
    %0 = snn.li     %missing beta 0.5 : f32 : (tensor<4xf32>) -> tensor<4xf32>
    snn.output %0 : tensor<4xf32>
  }
}
