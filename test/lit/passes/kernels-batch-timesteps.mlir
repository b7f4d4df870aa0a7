// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: snn-opt %s -p 'kernels-hoist-static-input,kernels-batch-timesteps' --remarks 2>%t.txt | filecheck %s
// RUN: filecheck %s --check-prefix=REMARKS --input-file=%t.txt
// RUN: snn-opt %s -p 'kernels-hoist-static-input,kernels-batch-timesteps{steps=2}' | filecheck %s --check-prefix=TWO
// RUN: snn-opt %s -p 'kernels-batch-timesteps' | filecheck %s --check-prefix=ALONE
// RUN: snn-opt %s -p 'kernels-hoist-static-input,kernels-batch-timesteps,kernels-plan-memory' -t snn-c | filecheck %s --check-prefix=C
// RUN: not snn-opt %s -p 'kernels-batch-timesteps{steps=20}' 2>&1 | filecheck %s --check-prefix=STEPS
// RUN: not snn-opt %s -p 'kernels-plan-memory,kernels-batch-timesteps' 2>&1 | filecheck %s --check-prefix=PLANNED

// Spikes are bits of five steps: they are listed for the next layer and become bytes for the sum.
// The output neurons, whose currents change, are left alone.
// CHECK: %spikes = snnrt.buffer "spikes" transient
// CHECK-NEXT: %spikes_bits = snnrt.buffer "spikes_bits" state : memref<5x1xi32>
// CHECK: snnrt.lif_multi_step %membrane, %pooled, %spikes_bits, %leak, %threshold {layer = "in", {{.*}}logical_shape = array<i64: 1, 1, 4>}
// CHECK-NEXT: snnrt.bits_to_bytes %spikes_bits, %spikes : memref<5x1xi32>, memref<1x4x1xi8>
// CHECK-NEXT: %count = snnrt.list_bits %spikes_bits, %list {elements = 4 : i64}
// CHECK: snnrt.linear_scatter
// CHECK: snnrt.lif %out_membrane
// CHECK: snnrt.count_spikes %out, %scores

// REMARKS: remark: {{.*}}1 layers of 4 neurons compute 5 steps at once

// TWO: snnrt.buffer "spikes_bits" state : memref<2x1xi32>

// ALONE-NOT: lif_multi_step

// C: call_{{[0-9]+}}_lif_multi_step_in(uint8_t *arena) {
// C-NEXT: snnrt_lif_steps_s16_s8({{.*}}, 5, &call_{{[0-9]+}}_lif_multi_step_in_shape);
// C: call_{{[0-9]+}}_list_bits(uint8_t *arena, int32_t step) {
// C-NEXT: return snnrt_list_bits({{.*}} + step % 5 * 1, 4,
// C: if (step % 5 == 0) {
// C-NEXT: call_{{[0-9]+}}_lif_multi_step_in(arena);
// C-NEXT: }

// STEPS: error: 'snnrt.network' op steps=20 is no size of a batch; use 2 to 16
// PLANNED: error: 'snnrt.network' op memory is planned already; batch before kernels-plan-memory

snnrt.network @net(%frame: memref<1x4x8xi8>) -> (memref<2xi8>, memref<2xi32>) attributes {timesteps = 5 : i64, input = #snn<input static_values>, readout = #snn<readout spike_count>, input_maximum = 127 : i64, input_scale = 1.0 : f64} {
  %copy = snnrt.buffer "copy" transient : memref<4x8x1xi8>
  %pooled = snnrt.buffer "pooled" transient : memref<1x4x1xi8>
  %membrane = snnrt.buffer "membrane" state : memref<1x4x1xi16>
  %spikes = snnrt.buffer "spikes" transient : memref<1x4x1xi8>
  %list = snnrt.buffer "list" transient : memref<4xi16>
  %current = snnrt.buffer "current" transient : memref<2xi16>
  %sum = snnrt.buffer "sum" transient : memref<1x2x1xi8>
  %out_membrane = snnrt.buffer "out_membrane" state : memref<2xi16>
  %out = snnrt.buffer "out" transient : memref<2xi8>
  %scores = snnrt.buffer "scores" state : memref<2xi32>
  %leak = snnrt.constant "leak" dense<16384> : tensor<1xi32> : memref<1xi32>
  %threshold = snnrt.constant "threshold" dense<20> : tensor<1xi32> : memref<1xi32>
  %weights = snnrt.constant "weights" dense<1> : tensor<4x2xi8> : memref<4x2xi8>
  snnrt.values_to_hwc %frame, %copy {maximum = 127 : i64} : memref<1x4x8xi8>, memref<4x8x1xi8>
  snnrt.max_pool2d %copy, %pooled {kernel = array<i64: 4, 2>, stride = array<i64: 4, 2>} : memref<4x8x1xi8>, memref<1x4x1xi8>
  snnrt.lif %membrane, %pooled, %spikes, %leak, %threshold {layer = "in", reset = #snn<reset subtract>, reset_timing = #snn<reset_timing delayed>, compare = #snn<compare gt>, shift = 0 : i32, overflow = #qsnn<overflow proven>, rounding = #qsnn<rounding floor>} : memref<1x4x1xi16>, memref<1x4x1xi8>, memref<1x4x1xi8>, memref<1xi32>, memref<1xi32>
  %count = snnrt.spike_list %spikes, %list : (memref<1x4x1xi8>, memref<4xi16>) -> i32
  snnrt.max_pool2d %spikes, %sum {kernel = array<i64: 1, 2>, stride = array<i64: 1, 2>} : memref<1x4x1xi8>, memref<1x2x1xi8>
  snnrt.fill_zero %current : memref<2xi16>
  snnrt.linear_scatter %list, %count, %weights, %current : memref<4xi16>, i32, memref<4x2xi8>, memref<2xi16>
  snnrt.lif %out_membrane, %current, %out, %leak, %threshold {layer = "out", reset = #snn<reset subtract>, reset_timing = #snn<reset_timing delayed>, compare = #snn<compare gt>, shift = 0 : i32, overflow = #qsnn<overflow proven>, rounding = #qsnn<rounding floor>} : memref<2xi16>, memref<2xi16>, memref<2xi8>, memref<1xi32>, memref<1xi32>
  snnrt.count_spikes %out, %scores : memref<2xi8>, memref<2xi32>
  snnrt.output %out, %scores : memref<2xi8>, memref<2xi32>
}
