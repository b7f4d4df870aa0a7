// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: snn-opt %s -p 'kernels-hoist-static-input,kernels-batch-timesteps' | filecheck %s
// RUN: snn-opt %s -p 'kernels-hoist-static-input,kernels-batch-timesteps,kernels-plan-memory' -t snn-c | filecheck %s --check-prefix=C

// Neurons with several states are batched; an integrator together with the neurons that read it.
// CHECK-DAG: %spikes_bits = snnrt.buffer "spikes_bits" state : memref<5x1xi32>
// CHECK-DAG: %others_bits = snnrt.buffer "others_bits" state : memref<5x1xi32>
// CHECK: snnrt.synaptic_multi_step %synapse, %membrane, %pooled, %spikes_bits synapse %leak bias %bias neurons %leak, %threshold {layer = "neuron1", {{.*}}synapse_shift = 2 : i32, {{.*}}synapse_layer = "neuron0"
// CHECK: snnrt.alpha_multi_step %excitatory, %inhibitory, %potential, %pooled, %others_bits leaks %leak, %leak threshold %threshold {layer = "neuron2"

// An integrator that is read by more than its neurons stays, as do the neurons, whose currents change.
// CHECK: snnrt.li %read, %pooled
// CHECK-NEXT: snnrt.lif %reading, %read
// CHECK-NEXT: snnrt.read_membrane %read, %scores

// C: call_{{[0-9]+}}_synaptic_multi_step_neuron1(uint8_t *arena) {
// C-NEXT: snnrt_synaptic_steps_s32_s16_s8({{.*}}, NULL, 5, &call_{{[0-9]+}}_synaptic_multi_step_neuron1_synapse_shape, &call_{{[0-9]+}}_synaptic_multi_step_neuron1_shape);
// C: call_{{[0-9]+}}_alpha_multi_step_neuron2(uint8_t *arena) {
// C-NEXT: snnrt_alpha_steps_s32_s8({{.*}}, NULL, NULL, NULL, 5, &call_{{[0-9]+}}_alpha_multi_step_neuron2_shape);

snnrt.network @net(%frame: memref<1x4x8xi8>) -> (memref<1x4x1xi16>, memref<4xi32>) attributes {timesteps = 5 : i64, input = #snn<input static_values>, readout = #snn<readout last_membrane>, input_maximum = 127 : i64, input_scale = 1.0 : f64} {
  %copy = snnrt.buffer "copy" transient : memref<4x8x1xi8>
  %pooled = snnrt.buffer "pooled" transient : memref<1x4x1xi8>
  %synapse = snnrt.buffer "synapse" state : memref<1x4x1xi32>
  %membrane = snnrt.buffer "membrane" state : memref<1x4x1xi16>
  %spikes = snnrt.buffer "spikes" transient : memref<1x4x1xi8>
  %excitatory = snnrt.buffer "excitatory" state : memref<1x4x1xi32>
  %inhibitory = snnrt.buffer "inhibitory" state : memref<1x4x1xi32>
  %potential = snnrt.buffer "potential" state : memref<1x4x1xi32>
  %others = snnrt.buffer "others" transient : memref<1x4x1xi8>
  %both = snnrt.buffer "both" transient : memref<1x4x1xi8>
  %read = snnrt.buffer "read" state : memref<1x4x1xi16>
  %reading = snnrt.buffer "reading" state : memref<1x4x1xi16>
  %last = snnrt.buffer "last" transient : memref<1x4x1xi8>
  %scores = snnrt.buffer "scores" state : memref<4xi32>
  %leak = snnrt.constant "leak" dense<16384> : tensor<1xi32> : memref<1xi32>
  %bias = snnrt.constant "bias" dense<3> : tensor<1xi32> : memref<1xi32>
  %threshold = snnrt.constant "threshold" dense<20> : tensor<1xi32> : memref<1xi32>
  snnrt.values_to_hwc %frame, %copy {maximum = 127 : i64} : memref<1x4x8xi8>, memref<4x8x1xi8>
  snnrt.max_pool2d %copy, %pooled {kernel = array<i64: 4, 2>, stride = array<i64: 4, 2>} : memref<4x8x1xi8>, memref<1x4x1xi8>
  snnrt.li %synapse, %pooled, %leak, %bias {shift = 2 : i32, overflow = #qsnn<overflow proven>, rounding = #qsnn<rounding floor>} : memref<1x4x1xi32>, memref<1x4x1xi8>, memref<1xi32>, memref<1xi32>
  snnrt.lif %membrane, %synapse, %spikes, %leak, %threshold {reset = #snn<reset subtract>, reset_timing = #snn<reset_timing delayed>, compare = #snn<compare gt>, shift = 0 : i32, overflow = #qsnn<overflow proven>, rounding = #qsnn<rounding floor>} : memref<1x4x1xi16>, memref<1x4x1xi32>, memref<1x4x1xi8>, memref<1xi32>, memref<1xi32>
  snnrt.alpha %excitatory, %inhibitory, %potential, %pooled, %others leaks %leak, %leak threshold %threshold {reset = #snn<reset zero_after>, compare = #snn<compare gt>, shift = 0 : i32, overflow = #qsnn<overflow proven>, rounding = #qsnn<rounding floor>} : memref<1x4x1xi32>, memref<1x4x1xi32>, memref<1x4x1xi32>, memref<1x4x1xi8>, memref<1x4x1xi8> leaks memref<1xi32>, memref<1xi32> threshold memref<1xi32>
  snnrt.add %spikes, %others, %both : memref<1x4x1xi8>, memref<1x4x1xi8>, memref<1x4x1xi8>
  snnrt.li %read, %pooled, %leak {shift = 0 : i32, overflow = #qsnn<overflow proven>, rounding = #qsnn<rounding floor>} : memref<1x4x1xi16>, memref<1x4x1xi8>, memref<1xi32>
  snnrt.lif %reading, %read, %last, %leak, %threshold {reset = #snn<reset subtract>, reset_timing = #snn<reset_timing delayed>, compare = #snn<compare gt>, shift = 0 : i32, overflow = #qsnn<overflow proven>, rounding = #qsnn<rounding floor>} : memref<1x4x1xi16>, memref<1x4x1xi16>, memref<1x4x1xi8>, memref<1xi32>, memref<1xi32>
  snnrt.read_membrane %read, %scores {reduction = "last"} : memref<1x4x1xi16>, memref<4xi32>
  snnrt.output %read, %scores : memref<1x4x1xi16>, memref<4xi32>
}
