// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: snn-opt %s -p 'convert-snn-to-qsnn{input-maximum=5},convert-qsnn-to-kernels{kernels=cmsis},kernels-plan-memory' -t 'snn-c{file=source}' | filecheck %s

// CHECK: #include "snnrt/snnrt.h"
// CHECK-NEXT: #include "snnrt/cmsis_nn.h"
// CHECK: CONV_NET_CONSTANT int32_t conv2d_multipliers[4] = {
// CHECK-NEXT:   1073741824, 1073741824, 1073741824, 1073741824
// CHECK: CONV_NET_CONSTANT int32_t conv2d_shifts[4] = {
// CHECK-NEXT:   1, 1, 1, 1

// The scratch buffer holds two columns of 3 x 3 x 2 values of 16 bits.
// CHECK: CONV_NET_CALL void call_1_widen(uint8_t *arena) {
// CHECK-NEXT:   snnrt_widen_s8_s16((int8_t *)(arena + {{[0-9]+}}), (int16_t *)(void *)(arena + [[WIDE:[0-9]+]]), 32);
// CHECK: static const cmsis_nn_conv_params call_2_convolve_wrapper_s16_parameters = {
// CHECK-NEXT:   .input_offset = 0,
// CHECK-NEXT:   .output_offset = 0,
// CHECK-NEXT:   .stride = {.h = 1, .w = 1},
// CHECK-NEXT:   .padding = {.h = 1, .w = 1},
// CHECK-NEXT:   .dilation = {.h = 1, .w = 1},
// CHECK-NEXT:   .activation = {.min = INT16_MIN, .max = INT16_MAX}
// CHECK: static const cmsis_nn_dims call_2_convolve_wrapper_s16_filter = {
// CHECK-NEXT:   .n = 4,
// CHECK-NEXT:   .h = 3,
// CHECK-NEXT:   .w = 3,
// CHECK-NEXT:   .c = 2
// CHECK: CONV_NET_CALL void call_2_convolve_wrapper_s16(uint8_t *arena) {
// CHECK-NEXT:   const cmsis_nn_context context = {.buf = (int8_t *)(arena + {{[0-9]+}}), .size = 72};
// CHECK:   snnrt_cmsis_convolve_wrapper_s16(&context, &call_2_convolve_wrapper_s16_parameters, &quantization, &call_2_convolve_wrapper_s16_input, (int16_t *)(void *)(arena + [[WIDE]]), &call_2_convolve_wrapper_s16_filter, conv2d_weights, &call_2_convolve_wrapper_s16_bias, &call_2_convolve_wrapper_s16_output, (int16_t *)(void *)(arena + [[CURRENT:[0-9]+]]));
// CHECK: CONV_NET_CALL void call_3_lif_hidden(uint8_t *arena) {
// CHECK-NEXT:   snnrt_lif_s16_s16((int16_t *)(void *)(arena + 0), (int16_t *)(void *)(arena + [[CURRENT]]), (int8_t *)(arena + [[SPIKES:[0-9]+]]),
// CHECK: CONV_NET_CALL void call_4_max_pool(uint8_t *arena) {
// CHECK-NEXT:   const cmsis_nn_context context = {.buf = NULL, .size = 0};
// CHECK-NEXT:   (void)arm_max_pool_s8(&context, &call_4_max_pool_parameters, &call_4_max_pool_input, (int8_t *)(arena + [[SPIKES]]), &call_4_max_pool_filter, &call_4_max_pool_output, (int8_t *)(arena + [[POOLED:[0-9]+]]));
// CHECK: CONV_NET_CALL void call_6_vec_mat_mul_result_acc_s8(uint8_t *arena) {
// CHECK-NEXT:   snnrt_cmsis_accumulate_s8_s16((int8_t *)(arena + [[POOLED]]), linear_weights, linear_bias, (int16_t *)(void *)(arena + {{[0-9]+}}), 16, 3);

// CHECK: CONV_NET_CALL void compute(uint8_t *arena, int32_t step) {
// CHECK:   call_1_widen(arena);
// CHECK-NEXT:   call_2_convolve_wrapper_s16(arena);
// CHECK-NEXT:   call_3_lif_hidden(arena);
// CHECK-NEXT:   CONV_NET_TRACE(0,
// CHECK-NEXT:   call_4_max_pool(arena);
// CHECK-NEXT:   call_5_fill_zero(arena);
// CHECK-NEXT:   call_6_vec_mat_mul_result_acc_s8(arena);
// CHECK-NEXT:   call_7_lif_out(arena);
// CHECK-NEXT:   CONV_NET_TRACE(1,
// CHECK-NEXT:   call_8_count_spikes(arena);
module {
  snn.network @conv_net(%frame: tensor<2x4x4xf32>) -> tensor<3xi1> attributes {timesteps = 4 : i64, input = #snn<input event_counts>, readout = #snn<readout spike_count>} {
    %kernel = snn.weight dense<0.5> : tensor<4x2x3x3xf32>
    %0 = snn.conv2d %frame, %kernel padding [1, 1] : (tensor<2x4x4xf32>, tensor<4x2x3x3xf32>) -> tensor<4x4x4xf32>
    %spikes, %membrane = snn.lif %0 beta 0.5 : f32 threshold 1.0 : f32 reset subtract delayed compare gt {layer = "hidden"} : (tensor<4x4x4xf32>) -> (tensor<4x4x4xi1>, tensor<4x4x4xf32>)
    %pooled = snn.max_pool2d %spikes kernel [2, 2] stride [2, 2] : (tensor<4x4x4xi1>) -> tensor<4x2x2xi1>
    %flat = snn.flatten %pooled : (tensor<4x2x2xi1>) -> tensor<16xi1>
    %weight = snn.weight dense<-0.25> : tensor<3x16xf32>
    %1 = snn.linear %flat, %weight : (tensor<16xi1>, tensor<3x16xf32>) -> tensor<3xf32>
    %out, %last = snn.lif %1 beta 0.5 : f32 threshold 1.0 : f32 reset subtract delayed compare gt {layer = "out"} : (tensor<3xf32>) -> (tensor<3xi1>, tensor<3xf32>)
    snn.output %out : tensor<3xi1>
  }
}
