// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: snn-opt %s --convert-qsnn-to-kernels | filecheck %s
// RUN: snn-opt %s --convert-qsnn-to-kernels=kernels=packed | filecheck %s --check-prefix=PACKED
// RUN: snn-opt %s -p 'convert-qsnn-to-kernels,kernels-plan-memory' -t 'snn-c{file=source}' | filecheck %s --check-prefix=SOURCE

// One storage of weights for each layer: the attribute decides, or the estimate of instructions.
// CHECK: %linear_starts = snnrt.constant "linear_starts" dense<[0, 1, 2, 3, 4, 5, 6, 7, 8]> : tensor<9xi16> : memref<9xi16>
// CHECK-NEXT: %linear_blocks = snnrt.constant "linear_blocks" dense<[0, 1, 0, 1, 0, 1, 0, 1]> : tensor<8xi8> : memref<8xi8>
// Weights 9, 0, 0, 0 of a block of outputs n, n+1, n+2, n+3 are one word.
// CHECK-NEXT: %linear_weights = snnrt.constant "linear_weights" dense<9> : tensor<8xi32> : memref<8xi32>
// CHECK: %linear_starts_1 = snnrt.constant "linear_starts_1" dense<[{{\[}}0, 1, 1, 1, 1, 2, 2, 2, 2]]> : tensor<1x9xi16> : memref<1x9xi16>
// Outputs 0 and 1, each with the weight -3 in the high byte.
// CHECK-NEXT: %linear_entries = snnrt.constant "linear_entries" dense<[-768, -767]> : tensor<2xi16> : memref<2xi16>
// CHECK: snnrt.linear_scatter_blocks %input_list, %input_count, %linear_starts, %linear_blocks, %linear_weights, %linear_current, %input {
// CHECK: snnrt.linear_scatter_sparse %hidden_spikes_list, %hidden_spikes_count, %linear_starts_1, %linear_entries, %linear_current_1 {kernel = "sparse", panel_outputs = 256 : i64}
// CHECK: snnrt.linear_scatter %second_spikes_list,

// The option is for layers without an attribute. Weights 1 and -1 plus 8 lie in bits 3:0 of bytes 0
// and 2 of a word; the fields of outputs that do not exist are 0.
// PACKED: %linear_weights_1 = snnrt.constant "linear_weights_1" dense<458761> : tensor<2x1xi32> : memref<2x1xi32>
// PACKED: snnrt.linear_scatter_blocks
// PACKED: snnrt.linear_scatter_sparse
// PACKED: snnrt.linear_scatter_packed %second_spikes_list, %second_spikes_count, %linear_weights_1, %linear_current_2 {bits = 4 : i64}

// SOURCE: snnrt_linear_scatter_blocks_values_s16((const uint16_t *)(void *)(arena + {{[0-9]+}}), count, (int8_t *)(arena + {{[0-9]+}}), (const uint16_t *)linear_starts, (const uint8_t *)linear_blocks, linear_weights, (int16_t *)(void *)(arena + {{[0-9]+}}));
// SOURCE: static const snnrt_sparse_shape [[SHAPE:[a-z_0-9]+]] = {
// SOURCE-NEXT: .inputs = 8,
// SOURCE-NEXT: .outputs = 2,
// SOURCE-NEXT: .panel_outputs = 256
// SOURCE: snnrt_linear_scatter_sparse_s16((const uint16_t *)(void *)(arena + {{[0-9]+}}), count, (const uint16_t *)linear_starts_1, (const uint16_t *)linear_entries, (int16_t *)(void *)(arena + {{[0-9]+}}), &[[SHAPE]]);

qsnn.network @net(%frame: tensor<8xi8>) -> tensor<2xi16> attributes {timesteps = 5 : i64, input = #snn<input event_counts>, readout = #snn<readout last_membrane>, input_maximum = 5 : i64} {
  %a = qsnn.weight dense<[[9, 0, 9, 0, 9, 0, 9, 0], [0, 0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 0], [0, 9, 0, 9, 0, 9, 0, 9], [0, 0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 0]]> : tensor<8x8xi8>
  %x = qsnn.linear %frame, %a {kernel = "blocks"} : (tensor<8xi8>, tensor<8x8xi8>) -> tensor<8xi16>
  %s, %u = qsnn.lif %x leak 16384 : i32 threshold 7 : i32 reset subtract delayed compare gt overflow saturate rounding nearest {layer = "hidden"} : (tensor<8xi16>) -> (tensor<8xi1>, tensor<8xi16>)
  %b = qsnn.weight dense<[[-3, 0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, -3, 0, 0, 0]]> : tensor<2x8xi8>
  %y = qsnn.linear %s, %b {kernel = "sparse"} : (tensor<8xi1>, tensor<2x8xi8>) -> tensor<2xi16>
  %t, %v = qsnn.lif %y leak 16384 : i32 threshold 7 : i32 reset subtract delayed compare gt overflow saturate rounding nearest {layer = "second"} : (tensor<2xi16>) -> (tensor<2xi1>, tensor<2xi16>)
  %c = qsnn.weight dense<[[1, 1], [-1, -1]]> : tensor<2x2xi8>
  %z = qsnn.linear %t, %c : (tensor<2xi1>, tensor<2x2xi8>) -> tensor<2xi16>
  %w = qsnn.li %z leak 16384 : i32 overflow saturate rounding nearest : (tensor<2xi16>) -> tensor<2xi16>
  qsnn.output %w : tensor<2xi16>
}
