// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: snn-opt %s --split-input-file --convert-qsnn-to-kernels --remarks 2>&1 | filecheck %s
// RUN: snn-opt %s --split-input-file -p 'convert-qsnn-to-kernels,kernels-plan-memory' -t 'snn-c{file=source}' | filecheck %s --check-prefix=SOURCE
// The choice of a kernel is no attribute of the call, whose own `kernel` is a size.
// RUN: snn-opt %s --split-input-file --convert-qsnn-to-kernels --print-op-generic | filecheck %s --check-prefix=GENERIC
// GENERIC: "snnrt.conv2d_dot"({{.*}}) <{kernel = array<i64: 2, 2>, {{[^}]*}}}> : (

// Real values are seldom zero: they are multiplied, not listed. The weights -3, 9, 5 and 0 of the first output are the
// numbers -3 * 256 + 9 and 5 * 256 + 0; the current is set, so that nothing clears it.
// CHECK: remark: {{.*}}its inputs cannot be multiplied in pairs; uses event
// CHECK-LABEL: snnrt.network @linear
// CHECK: %linear_weights = snnrt.constant "linear_weights" dense<[83950857, -67108608]> : tensor<2xi32>
// CHECK: %linear_pairs = snnrt.buffer "linear_pairs"
// CHECK-NOT: snnrt.fill_zero
// CHECK: snnrt.linear_dot %input, %linear_pairs, %linear_weights, %linear_current : memref<3xi8>, memref<2xi32>, memref<2xi32>, memref<2xi32>

// SOURCE: snnrt_linear_dot_s32((int8_t *)(arena + {{[0-9]+}}), (int32_t *)(void *)(arena + {{[0-9]+}}), linear_weights, (int32_t *)(void *)(arena + {{[0-9]+}}), &{{[a-z_0-9]+}});
qsnn.network @linear(%frame: tensor<3xi8>) -> tensor<2xi16> attributes {timesteps = 5 : i64, input = #snn<input values>, readout = #snn<readout last_membrane>, input_maximum = 127 : i64} {
  %a = qsnn.weight dense<[[-3, 9, 5], [1, 0, -4]]> : tensor<2x3xi8>
  %x = qsnn.linear %frame, %a : (tensor<3xi8>, tensor<2x3xi8>) -> tensor<2xi32>
  %w = qsnn.li %x leak 16384 : i32 overflow saturate rounding nearest : (tensor<2xi32>) -> tensor<2xi16>
  qsnn.output %w : tensor<2xi16>
}

// -----

// A row of the kernel has 2 values, which fill half a word. The second convolution reads sums that may be -128, and is
// told to multiply: its inputs are listed.
// CHECK-LABEL: snnrt.network @convolution
// CHECK: dense<[513, 1027]> : tensor<2xi32>
// CHECK: snnrt.conv2d_dot %input, %conv2d_strip, %conv2d_pairs, %conv2d_weights, %conv2d_current {kernel = array<i64: 2, 2>, stride = array<i64: 1, 1>, padding = array<i64: 1, 0>, dilation = array<i64: 1, 1>} : memref<3x4x1xi8>, memref<12xi8>, memref<4xi32>, memref<2xi32>, memref<4x3x1xi32>
// CHECK: snnrt.conv2d_scatter_values

// SOURCE: .kernel_height = 2,
// SOURCE: snnrt_conv2d_dot_s32((int8_t *)(arena + {{[0-9]+}}), (int8_t *)(arena + {{[0-9]+}}), (int32_t *)(void *)(arena + {{[0-9]+}}), conv2d_weights, (int32_t *)(void *)(arena + {{[0-9]+}}), &{{[a-z_0-9]+}});
qsnn.network @convolution(%frame: tensor<1x3x4xi8>) -> tensor<1x4x3xi16> attributes {timesteps = 5 : i64, input = #snn<input values>, readout = #snn<readout last_membrane>, input_maximum = 16 : i64} {
  %a = qsnn.weight dense<[[[[2, 1], [4, 3]]]]> : tensor<1x1x2x2xi8>
  %x = qsnn.conv2d %frame, %a padding [1, 0] {kernel = "dot"} : (tensor<1x3x4xi8>, tensor<1x1x2x2xi8>) -> tensor<1x4x3xi32>
  %y = qsnn.sum_pool2d %frame kernel [1, 2] stride [1, 2] : (tensor<1x3x4xi8>) -> tensor<1x3x2xi8>
  %b = qsnn.weight dense<1> : tensor<1x1x2x1xi8>
  %z = qsnn.conv2d %y, %b padding [1, 0] {kernel = "dot"} : (tensor<1x3x2xi8>, tensor<1x1x2x1xi8>) -> tensor<1x4x2xi32>
  %w = qsnn.li %x leak 16384 : i32 overflow saturate rounding nearest : (tensor<1x4x3xi32>) -> tensor<1x4x3xi16>
  qsnn.output %w : tensor<1x4x3xi16>
}

// -----

// Currents that only a pooling reads exist for one row of windows at a time; the last column is not computed.
// CHECK-LABEL: snnrt.network @pooled
// CHECK: snnrt.buffer "conv2d_current" transient : memref<2x4x1xi32>
// CHECK-NOT: snnrt.max_pool2d
// CHECK: snnrt.conv2d_dot_pool2d %input, %conv2d_strip, %conv2d_pairs, %conv2d_weights, %conv2d_current, %pool2d_output {kernel = array<i64: 1, 1>, stride = array<i64: 1, 1>, padding = array<i64: 0, 0>, dilation = array<i64: 1, 1>, window = array<i64: 2, 2>, sum = false}

// SOURCE: snnrt_conv2d_dot_max_pool2d_s32(
qsnn.network @pooled(%frame: tensor<1x4x5xi8>) -> tensor<1x2x2xi16> attributes {timesteps = 5 : i64, input = #snn<input values>, readout = #snn<readout last_membrane>, input_maximum = 16 : i64} {
  %a = qsnn.weight dense<2> : tensor<1x1x1x1xi8>
  %x = qsnn.conv2d %frame, %a : (tensor<1x4x5xi8>, tensor<1x1x1x1xi8>) -> tensor<1x4x5xi32>
  %p = qsnn.max_pool2d %x kernel [2, 2] stride [2, 2] : (tensor<1x4x5xi32>) -> tensor<1x2x2xi32>
  %w = qsnn.li %p leak 16384 : i32 overflow saturate rounding nearest : (tensor<1x2x2xi32>) -> tensor<1x2x2xi16>
  qsnn.output %w : tensor<1x2x2xi16>
}
