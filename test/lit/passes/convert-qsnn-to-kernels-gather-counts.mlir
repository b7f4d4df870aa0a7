// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: snn-opt %s --convert-qsnn-to-kernels --remarks 2>&1 | filecheck %s

// Sums of products that need 32 bits are not gathered.
// CHECK: remark: {{.*}}its weights cannot be stored as 'gather'; uses event
// CHECK-NOT: snnrt.linear_gather
qsnn.network @counts(%frame: tensor<2xi8>) -> tensor<2xi16> attributes {timesteps = 5 : i64, input = #snn<input event_counts>, readout = #snn<readout last_membrane>, input_maximum = 5 : i64} {
  %a = qsnn.weight dense<[[-3, -3], [9, 9]]> : tensor<2x2xi8>
  %x = qsnn.linear %frame, %a {kernel = "gather"} : (tensor<2xi8>, tensor<2x2xi8>) -> tensor<2xi32>
  %w = qsnn.li %x leak 16384 : i32 overflow saturate rounding nearest : (tensor<2xi32>) -> tensor<2xi16>
  qsnn.output %w : tensor<2xi16>
}
