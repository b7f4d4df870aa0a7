// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: snn-opt %s --convert-qsnn-to-kernels=kernels=dense --remarks 2>&1 | filecheck %s
// RUN: snn-opt %s -p 'convert-qsnn-to-kernels{kernels=dense},kernels-plan-memory' -t 'snn-c{file=source}' | filecheck %s --check-prefix=SOURCE

// With counts two outputs are one number: -3 and 9 are stored as -3 and 8, in bytes 0 and 2 of a word.
// CHECK: %linear_weights = snnrt.constant "linear_weights" dense<524541> : tensor<2xi32> : memref<2xi32>
// With spikes they are stored as they are, by input; there are no outputs 2 and 3.
// CHECK: %linear_weights_1 = snnrt.constant "linear_weights_1" dense<[590077, 1]> : tensor<2xi32> : memref<2xi32>
// The current is set, so that it is not cleared before.
// CHECK-NOT: snnrt.fill_zero
// CHECK: snnrt.linear_gather %input_list, %input_count, %linear_weights, %linear_current, %input {kernel = "gather"}
// CHECK-NOT: snnrt.fill_zero
// CHECK: snnrt.linear_gather %hidden_spikes_list, %hidden_spikes_count, %linear_weights_1, %linear_current_1 {kernel = "gather"}
// CHECK-NOT: snnrt.fill_zero
// CHECK: snnrt.linear_gather {{.*}}, %linear_current_2 {kernel = "gather"}

// SOURCE: static const snnrt_linear_shape [[SHAPE:[a-z_0-9]+]] = {
// SOURCE-NEXT: .inputs = 2,
// SOURCE-NEXT: .outputs = 2
// SOURCE: snnrt_linear_gather_values_s16((const uint16_t *)(void *)(arena + {{[0-9]+}}), count, (int8_t *)(arena + {{[0-9]+}}), linear_weights, (int16_t *)(void *)(arena + {{[0-9]+}}), &[[SHAPE]]);
// SOURCE: snnrt_linear_gather_s16((const uint16_t *)(void *)(arena + {{[0-9]+}}), count, linear_weights_1, (int16_t *)(void *)(arena + {{[0-9]+}}), &{{[a-z_0-9]+}});
// SOURCE: snnrt_linear_gather_s32(

qsnn.network @net(%frame: tensor<2xi8>) -> tensor<2xi16> attributes {timesteps = 5 : i64, input = #snn<input event_counts>, readout = #snn<readout last_membrane>, input_maximum = 5 : i64} {
  %a = qsnn.weight dense<[[-3, -3], [9, 9]]> : tensor<2x2xi8>
  %x = qsnn.linear %frame, %a {kernel = "gather"} : (tensor<2xi8>, tensor<2x2xi8>) -> tensor<2xi16>
  %s, %u = qsnn.lif %x leak 16384 : i32 threshold 7 : i32 reset subtract delayed compare gt overflow saturate rounding nearest {layer = "hidden"} : (tensor<2xi16>) -> (tensor<2xi1>, tensor<2xi16>)
  %b = qsnn.weight dense<[[-3, 1], [9, 0]]> : tensor<2x2xi8>
  %y = qsnn.linear %s, %b {kernel = "gather"} : (tensor<2xi1>, tensor<2x2xi8>) -> tensor<2xi16>
  %t, %v = qsnn.lif %y leak 16384 : i32 threshold 7 : i32 reset subtract delayed compare gt overflow saturate rounding nearest {layer = "second"} : (tensor<2xi16>) -> (tensor<2xi1>, tensor<2xi16>)
  %c = qsnn.weight dense<[[1, 1], [-1, -1]]> : tensor<2x2xi8>
  %z = qsnn.linear %t, %c {kernel = "gather"} : (tensor<2xi1>, tensor<2x2xi8>) -> tensor<2xi32>
  %w = qsnn.li %z leak 16384 : i32 overflow saturate rounding nearest : (tensor<2xi32>) -> tensor<2xi16>
  qsnn.output %w : tensor<2xi16>
}
