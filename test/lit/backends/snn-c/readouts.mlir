// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: snn-opt %s --split-input-file -p 'convert-snn-to-qsnn,convert-qsnn-to-kernels,kernels-plan-memory' -t snn-c | filecheck %s

// CHECK-LABEL: /* counted:
// CHECK: Steps of a sequence in training. A sequence may have more, up to 16777216:
// CHECK: #define COUNTED_OUTPUTS 4u
// CHECK-NEXT: #define COUNTED_CLASSES 2u
// CHECK: snnrt_count_spikes(
// CHECK: int32_t counted_readout(
// CHECK:   int32_t groups[COUNTED_CLASSES];
// CHECK-NEXT:   snnrt_group_sum(scores, groups, 2, 2);
// CHECK-NEXT:   return snnrt_argmax(groups, 2);
module {
  snn.network @counted(%frame: tensor<8xf32>) -> tensor<4xi1> attributes {timesteps = 5 : i64, input = #snn<input binary_frames>, readout = #snn<readout spike_count>, population = 2 : i64} {
    %weight = snn.weight dense<0.5> : tensor<4x8xf32>
    %0 = snn.linear %frame, %weight : (tensor<8xf32>, tensor<4x8xf32>) -> tensor<4xf32>
    %out, %last = snn.lif %0 beta 0.5 : f32 threshold 1.0 : f32 reset subtract delayed compare gt {layer = "out"} : (tensor<4xf32>) -> (tensor<4xi1>, tensor<4xf32>)
    snn.output %out : tensor<4xi1>
  }
}

// -----

// CHECK-LABEL: /* first:
// CHECK: Steps of a sequence in training. Later spikes decide nothing.
// CHECK: the step of its first spike, from 1, or 0.
// CHECK: CALL void call_[[CALL:[0-9]+]]_first_spike(uint8_t *arena, int32_t step) {
// CHECK-NEXT:   snnrt_first_spike((int8_t *)(arena + {{[0-9]+}}), (int32_t *)(void *)(arena + {{[0-9]+}}), step, 4);
// CHECK: FIRST_CALL void compute(uint8_t *arena, int32_t step) {
// CHECK-NOT: (void)step;
// CHECK: call_[[CALL]]_first_spike(arena, step);
// CHECK: int32_t first_readout(
// CHECK:   const int32_t first = snnrt_argmin_first_spike(scores, 4);
// CHECK:   return scores[first] < (int32_t)FIRST_TIMESTEPS ? first : 0;
module {
  snn.network @first(%frame: tensor<8xf32>) -> tensor<4xi1> attributes {timesteps = 5 : i64, input = #snn<input binary_frames>, readout = #snn<readout first_spike>} {
    %weight = snn.weight dense<0.5> : tensor<4x8xf32>
    %0 = snn.linear %frame, %weight : (tensor<8xf32>, tensor<4x8xf32>) -> tensor<4xf32>
    %out, %last = snn.lif %0 beta 0.5 : f32 threshold 1.0 : f32 reset subtract delayed compare gt {layer = "out"} : (tensor<4xf32>) -> (tensor<4xi1>, tensor<4xf32>)
    snn.output %out : tensor<4xi1>
  }
}

// -----

// The classes are ranked by their first neuron to spike.
// CHECK-LABEL: /* first_of_group:
// CHECK: return scores[first] < (int32_t)FIRST_OF_GROUP_TIMESTEPS ? first / 2 : 0;
module {
  snn.network @first_of_group(%frame: tensor<8xf32>) -> tensor<4xi1> attributes {timesteps = 5 : i64, input = #snn<input binary_frames>, readout = #snn<readout first_spike>, population = 2 : i64} {
    %weight = snn.weight dense<0.5> : tensor<4x8xf32>
    %0 = snn.linear %frame, %weight : (tensor<8xf32>, tensor<4x8xf32>) -> tensor<4xf32>
    %out, %last = snn.lif %0 beta 0.5 : f32 threshold 1.0 : f32 reset subtract delayed compare gt {layer = "out"} : (tensor<4xf32>) -> (tensor<4xi1>, tensor<4xf32>)
    snn.output %out : tensor<4xi1>
  }
}

// -----

// CHECK-LABEL: /* last:
// CHECK: The score of each output neuron so far: its membrane.
// CHECK: snnrt_membrane_last_s32((int32_t *)(void *)(arena + {{[0-9]+}}), (int32_t *)(void *)(arena + {{[0-9]+}}), step, 4);
module {
  snn.network @last(%frame: tensor<8xf32>) -> tensor<4xf32> attributes {timesteps = 5 : i64, input = #snn<input event_counts>, readout = #snn<readout last_membrane>} {
    %weight = snn.weight dense<0.5> : tensor<4x8xf32>
    %0 = snn.linear %frame, %weight : (tensor<8xf32>, tensor<4x8xf32>) -> tensor<4xf32>
    %out = snn.li %0 beta 0.5 : f32 {layer = "out"} : (tensor<4xf32>) -> tensor<4xf32>
    snn.output %out : tensor<4xf32>
  }
}

// -----

// CHECK-LABEL: /* largest:
// CHECK: The score of each output neuron so far: its largest membrane.
// CHECK: snnrt_membrane_max_s32(
// CHECK: return snnrt_argmax(scores, 4);
module {
  snn.network @largest(%frame: tensor<8xf32>) -> tensor<4xf32> attributes {timesteps = 5 : i64, input = #snn<input event_counts>, readout = #snn<readout max_membrane>} {
    %weight = snn.weight dense<0.5> : tensor<4x8xf32>
    %0 = snn.linear %frame, %weight : (tensor<8xf32>, tensor<4x8xf32>) -> tensor<4xf32>
    %out = snn.li %0 beta 0.5 : f32 {layer = "out"} : (tensor<4xf32>) -> tensor<4xf32>
    snn.output %out : tensor<4xf32>
  }
}

// -----

// A population of sums is the sum of the population.
// CHECK-LABEL: /* mean:
// CHECK: Steps of a sequence in training. A sequence must not have more: sums of
// CHECK: the sum of its membrane over all steps.
// CHECK: snnrt_membrane_sum_s32(
// CHECK: snnrt_group_sum(scores, groups, 2, 2);
module {
  snn.network @mean(%frame: tensor<8xf32>) -> tensor<4xf32> attributes {timesteps = 5 : i64, input = #snn<input event_counts>, readout = #snn<readout mean_membrane>, population = 2 : i64} {
    %weight = snn.weight dense<0.5> : tensor<4x8xf32>
    %0 = snn.linear %frame, %weight : (tensor<8xf32>, tensor<4x8xf32>) -> tensor<4xf32>
    %out = snn.li %0 beta 0.5 : f32 {layer = "out"} : (tensor<4xf32>) -> tensor<4xf32>
    snn.output %out : tensor<4xf32>
  }
}

// -----

// Values have no events, and a static input is the same frame at every step.
// CHECK-LABEL: /* still:
// CHECK: element q stands for 0.00787401572 * q, -127 <= q <= 127.
// CHECK: #define STILL_INPUT_SCALE 7.874015719e-03f
// CHECK-NOT: step_events
// CHECK: still_status still_step(still_network *network, const int8_t *frame);
// CHECK-NOT: step_events
// CHECK: static bool read_frame(uint8_t *arena, const int8_t *frame) {
// CHECK-NEXT:   return snnrt_values_to_hwc_s8(frame, (int8_t *)(arena + {{[0-9]+}}), 1, 8, 127);
// CHECK: const still_status status = still_step(network, frame);
module {
  snn.network @still(%frame: tensor<8xf32>) -> tensor<4xf32> attributes {timesteps = 5 : i64, input = #snn<input static_values>, readout = #snn<readout last_membrane>} {
    %weight = snn.weight dense<0.5> : tensor<4x8xf32>
    %0 = snn.linear %frame, %weight : (tensor<8xf32>, tensor<4x8xf32>) -> tensor<4xf32>
    %out = snn.li %0 beta 0.5 : f32 {layer = "out"} : (tensor<4xf32>) -> tensor<4xf32>
    snn.output %out : tensor<4xf32>
  }
}

// -----

// CHECK-LABEL: /* moving:
// CHECK: const moving_status status = moving_step(network, frames + i * MOVING_FRAME_SIZE);
module {
  snn.network @moving(%frame: tensor<8xf32>) -> tensor<4xf32> attributes {timesteps = 5 : i64, input = #snn<input values>, readout = #snn<readout last_membrane>} {
    %weight = snn.weight dense<0.5> : tensor<4x8xf32>
    %0 = snn.linear %frame, %weight : (tensor<8xf32>, tensor<4x8xf32>) -> tensor<4xf32>
    %out = snn.li %0 beta 0.5 : f32 {layer = "out"} : (tensor<4xf32>) -> tensor<4xf32>
    snn.output %out : tensor<4xf32>
  }
}

// -----

// Values without a scale are in units of one.
// CHECK: element q stands for 1 * q, -9 <= q <= 9.
// CHECK: #define UNITS_INPUT_SCALE 1.000000000e+00f
module {
  qsnn.network @units(%frame: tensor<4xi8>) -> tensor<2xi16> attributes {timesteps = 5 : i64, input = #snn<input values>, readout = #snn<readout last_membrane>, input_maximum = 9 : i64} {
    %weight = qsnn.weight dense<[[1, 2, 3, 4], [4, 3, 2, 1]]> : tensor<2x4xi8>
    %0 = qsnn.linear %frame, %weight : (tensor<4xi8>, tensor<2x4xi8>) -> tensor<2xi16>
    %last = qsnn.li %0 leak 128 : i32 overflow proven rounding nearest {layer = "out"} : (tensor<2xi16>) -> tensor<2xi16>
    qsnn.output %last : tensor<2xi16>
  }
}
