// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: snn-opt %s --convert-qsnn-to-kernels | filecheck %s
// RUN: snn-opt %s -p 'convert-qsnn-to-kernels{kernels=cmsis}' --remarks 2>%t.txt | filecheck %s
// RUN: filecheck %s --check-prefix=REMARKS --input-file=%t.txt
// RUN: snn-opt %s -p 'convert-qsnn-to-kernels,kernels-plan-memory' -t snn-c | filecheck %s --check-prefix=C

// Sums of 16 bits are not listed: all of them are multiplied.
// CHECK-NOT: snnrt.spike_list
// CHECK: snnrt.linear_counts %{{.*}}, %linear_weights, %linear_current {layer = "linear"} : memref<2xi16>, memref<2xi32>, memref<3xi32>
// REMARKS: remark: {{.*}}CMSIS-NN multiplies bytes, its inputs have 16 bits; uses our kernel
// C: snnrt_linear_counts_s32({{.*}}, &call_{{[0-9]+}}_linear_counts_linear_shape);
qsnn.network @counts(%frame: tensor<2x12x12xi8>) -> tensor<3xi16> attributes {timesteps = 5 : i64, input = #snn<input event_counts>, readout = #snn<readout last_membrane>, input_maximum = 5 : i64} {
  %pooled = qsnn.sum_pool2d %frame kernel [12, 12] stride [12, 12] : (tensor<2x12x12xi8>) -> tensor<2x1x1xi16>
  %flat = qsnn.reshape %pooled : (tensor<2x1x1xi16>) -> tensor<2xi16>
  %a = qsnn.weight dense<[[-3, -3], [9, 9], [1, 2]]> : tensor<3x2xi8>
  %x = qsnn.linear %flat, %a {layer = "linear"} : (tensor<2xi16>, tensor<3x2xi8>) -> tensor<3xi32>
  %w = qsnn.li %x leak 16384 : i32 overflow saturate rounding nearest {layer = "out"} : (tensor<3xi32>) -> tensor<3xi16>
  qsnn.output %w : tensor<3xi16>
}
