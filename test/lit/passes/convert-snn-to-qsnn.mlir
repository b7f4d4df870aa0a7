// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: snn-opt %s --split-input-file --convert-snn-to-qsnn | filecheck %s

// The scale of the weights is in the threshold and the bias; the membrane has 16 bits.
// CHECK: qsnn.network @linear(%frame: tensor<2xi1>) -> tensor<1xi1> attributes {timesteps = 5 : i64, input = #snn<input binary_frames>, readout = #snn<readout spike_count>, input_maximum = 1 : i64} {
// CHECK-NEXT: %0 = qsnn.weight dense<127> : tensor<1x2xi8> {scale = 1.000000e+00 : f32}
// CHECK-NEXT: %current = qsnn.linear %frame, %0 : (tensor<2xi1>, tensor<1x2xi8>) -> tensor<1xi16>
// CHECK-NEXT: %spikes, %membrane = qsnn.lif %current leak 16384 : i32 threshold 6400 : i32 bias 192 : i32 reset subtract delayed compare gt overflow proven rounding nearest {layer = "first", shift = 6 : i32, unit = 1.562500e-02 : f32} : (tensor<1xi16>) -> (tensor<1xi1>, tensor<1xi16>)
// CHECK-NEXT: qsnn.output %spikes : tensor<1xi1>
snn.network @linear(%frame: tensor<2xf32>) -> tensor<1xi1> attributes {timesteps = 5 : i64, input = #snn<input binary_frames>, readout = #snn<readout spike_count>} {
  %w = snn.weight dense<127.0> : tensor<1x2xf32>
  %b = snn.weight dense<3.0> : tensor<1xf32>
  %current = snn.linear %frame, %w, %b : (tensor<2xf32>, tensor<1x2xf32>, tensor<1xf32>) -> tensor<1xf32>
  %spikes, %membrane = snn.lif %current beta 0.5 : f32 threshold 100.0 : f32 reset subtract delayed compare gt {layer = "first"} : (tensor<1xf32>) -> (tensor<1xi1>, tensor<1xf32>)
  snn.output %spikes : tensor<1xi1>
}

// -----

// A mean is a sum in smaller units. Without a leak no range is proven, and the membrane saturates.
// CHECK: qsnn.network @convolution(%frame: tensor<1x4x4xi8>) -> tensor<2xi16> attributes {timesteps = 5 : i64, input = #snn<input values>, readout = #snn<readout last_membrane>, input_maximum = 127 : i64, input_scale = 0.00787401572 : f32, output_scale = 2.460630e-04 : f32} {
// CHECK-NEXT: %0 = qsnn.weight dense<127> : tensor<1x1x3x3xi8> {scale = 6.20001229e-05 : f32}
// CHECK-NEXT: %current = qsnn.conv2d %frame, %0 padding [1, 1] : (tensor<1x4x4xi8>, tensor<1x1x3x3xi8>) -> tensor<1x4x4xi32>
// CHECK-NEXT: %pooled = qsnn.sum_pool2d %current kernel [2, 2] stride [2, 2] : (tensor<1x4x4xi32>) -> tensor<1x2x2xi32>
// CHECK-NEXT: %spikes, %u = qsnn.lif %pooled leak 32768 : i32 threshold 16516096 : i32 reset zero_after immediate compare ge overflow saturate rounding nearest {shift = 8 : i32, unit = 6.0546995e-08 : f32} : (tensor<1x2x2xi32>) -> (tensor<1x2x2xi1>, tensor<1x2x2xi32>)
// CHECK-NEXT: %flat = qsnn.reshape %spikes : (tensor<1x2x2xi1>) -> tensor<4xi1>
// CHECK-NEXT: %1 = qsnn.weight dense<127> : tensor<2x4xi8> {scale = 0.00393700786 : f32}
// CHECK-NEXT: %sums = qsnn.linear %flat, %1 : (tensor<4xi1>, tensor<2x4xi8>) -> tensor<2xi16>
// CHECK-NEXT: %membrane = qsnn.li %sums leak 24576 : i32 overflow proven rounding nearest {shift = 4 : i32, unit = 2.460630e-04 : f32} : (tensor<2xi16>) -> tensor<2xi16>
// CHECK-NEXT: qsnn.output %membrane : tensor<2xi16>
snn.network @convolution(%frame: tensor<1x4x4xf32>) -> tensor<2xf32> attributes {timesteps = 5 : i64, input = #snn<input values>, readout = #snn<readout last_membrane>} {
  %k = snn.weight dense<1.0> : tensor<1x1x3x3xf32>
  %current = snn.conv2d %frame, %k padding [1, 1] : (tensor<1x4x4xf32>, tensor<1x1x3x3xf32>) -> tensor<1x4x4xf32>
  %pooled = snn.avg_pool2d %current kernel [2, 2] stride [2, 2] : (tensor<1x4x4xf32>) -> tensor<1x2x2xf32>
  %spikes, %u = snn.lif %pooled beta 1.0 : f32 threshold 1.0 : f32 reset zero_after immediate compare ge : (tensor<1x2x2xf32>) -> (tensor<1x2x2xi1>, tensor<1x2x2xf32>)
  %flat = snn.flatten %spikes : (tensor<1x2x2xi1>) -> tensor<4xi1>
  %w = snn.weight dense<0.5> : tensor<2x4xf32>
  %sums = snn.linear %flat, %w : (tensor<4xi1>, tensor<2x4xf32>) -> tensor<2xf32>
  %membrane = snn.li %sums beta 0.75 : f32 : (tensor<2xf32>) -> tensor<2xf32>
  snn.output %membrane : tensor<2xf32>
}

// -----

// Integer factors bring both currents to one unit.
// CHECK: qsnn.network @sum_of_different_units(%frame: tensor<1xi1>) -> tensor<1xi1> attributes {timesteps = 5 : i64, input = #snn<input binary_frames>, readout = #snn<readout spike_count>, input_maximum = 1 : i64} {
// CHECK-NEXT: %0 = qsnn.weight dense<127> : tensor<1x1xi8> {scale = 0.00787401572 : f32}
// CHECK-NEXT: %a = qsnn.linear %frame, %0 : (tensor<1xi1>, tensor<1x1xi8>) -> tensor<1xi16>
// CHECK-NEXT: %1 = qsnn.weight dense<127> : tensor<1x1xi8> {scale = 0.0157480314 : f32}
// CHECK-NEXT: %b = qsnn.linear %frame, %1 : (tensor<1xi1>, tensor<1x1xi8>) -> tensor<1xi16>
// CHECK-NEXT: %2 = qsnn.scale %b by 2 : i32 : (tensor<1xi16>) -> tensor<1xi16>
// CHECK-NEXT: %current = qsnn.add %a, %2 : (tensor<1xi16>, tensor<1xi16>) -> tensor<1xi16>
// CHECK-NEXT: %spikes, %membrane = qsnn.lif %current leak 16384 : i32 threshold 8128 : i32 reset subtract delayed compare gt overflow proven rounding nearest {shift = 6 : i32, unit = 0.000123031496 : f32} : (tensor<1xi16>) -> (tensor<1xi1>, tensor<1xi16>)
// CHECK-NEXT: qsnn.output %spikes : tensor<1xi1>
snn.network @sum_of_different_units(%frame: tensor<1xf32>) -> tensor<1xi1> attributes {timesteps = 5 : i64, input = #snn<input binary_frames>, readout = #snn<readout spike_count>} {
  %v = snn.weight dense<1.0> : tensor<1x1xf32>
  %w = snn.weight dense<2.0> : tensor<1x1xf32>
  %a = snn.linear %frame, %v : (tensor<1xf32>, tensor<1x1xf32>) -> tensor<1xf32>
  %b = snn.linear %frame, %w : (tensor<1xf32>, tensor<1x1xf32>) -> tensor<1xf32>
  %current = snn.add %a, %b : (tensor<1xf32>, tensor<1xf32>) -> tensor<1xf32>
  %spikes, %membrane = snn.lif %current beta 0.5 : f32 threshold 1.0 : f32 reset subtract delayed compare gt : (tensor<1xf32>) -> (tensor<1xi1>, tensor<1xf32>)
  snn.output %spikes : tensor<1xi1>
}

// -----

// A synaptic neuron is two neurons in series that count in one unit.
// CHECK: qsnn.network @second_order(%frame: tensor<2xi1>)
// CHECK-NEXT: %0 = qsnn.weight dense<127> : tensor<1x2xi8> {scale = 1.000000e+00 : f32}
// CHECK-NEXT: %x = qsnn.linear %frame, %0 : (tensor<2xi1>, tensor<1x2xi8>) -> tensor<1xi16>
// CHECK-NEXT: %current = qsnn.li %x leak 24576 : i32 bias 48 : i32 overflow proven rounding nearest {layer = "first.synapse", shift = 4 : i32, unit = 6.250000e-02 : f32} : (tensor<1xi16>) -> tensor<1xi16>
// CHECK-NEXT: %spikes, %membrane = qsnn.lif %current leak 16384 : i32 threshold 1600 : i32 reset zero_after delayed compare gt overflow proven rounding nearest {layer = "first", unit = 6.250000e-02 : f32} : (tensor<1xi16>) -> (tensor<1xi1>, tensor<1xi16>)
// CHECK-NEXT: qsnn.output %spikes : tensor<1xi1>
snn.network @second_order(%frame: tensor<2xf32>) -> tensor<1xi1> attributes {timesteps = 5 : i64, input = #snn<input binary_frames>, readout = #snn<readout spike_count>} {
  %w = snn.weight dense<127.0> : tensor<1x2xf32>
  %b = snn.weight dense<3.0> : tensor<1xf32>
  %x = snn.linear %frame, %w, %b : (tensor<2xf32>, tensor<1x2xf32>, tensor<1xf32>) -> tensor<1xf32>
  %spikes, %current, %membrane = snn.synaptic %x alpha 0.75 : f32 beta 0.5 : f32 threshold 100.0 : f32 reset zero_after delayed compare gt {layer = "first"} : (tensor<1xf32>) -> (tensor<1xi1>, tensor<1xf32>, tensor<1xf32>)
  snn.output %spikes : tensor<1xi1>
}

// -----

// The weights of input and feedback have one scale for each output: the sum needs no factor. Where
// the input's are much smaller, those of the feedback have a multiple of their scale.
// CHECK: qsnn.network @recurrent(%frame: tensor<2xi1>) -> tensor<2xi1> attributes {timesteps = 5 : i64, input = #snn<input binary_frames>, readout = #snn<readout spike_count>, input_maximum = 1 : i64} {
// CHECK-NEXT: %0 = qsnn.weight dense<[[127, 64], [127, 0]]> : tensor<2x2xi8> {scale = dense<[0.00787401572, 0.000787401572]> : tensor<2xf32>}
// CHECK-NEXT: %x = qsnn.linear %frame, %0 : (tensor<2xi1>, tensor<2x2xi8>) -> tensor<2xi16>
// CHECK-NEXT: qsnn.register @fed_back : tensor<2xi1>
// CHECK-NEXT: %old = qsnn.read @fed_back : tensor<2xi1>
// CHECK-NEXT: %1 = qsnn.weight dense<[[-64, 0], [127, 127]]> : tensor<2x2xi8> {scale = 0.00787401572 : f32}
// CHECK-NEXT: %y = qsnn.linear %old, %1 : (tensor<2xi1>, tensor<2x2xi8>) -> tensor<2xi16>
// CHECK-NEXT: %2 = qsnn.scale %y by dense<[1, 10]> : tensor<2xi32> : (tensor<2xi16>) -> tensor<2xi16>
// CHECK-NEXT: %current = qsnn.add %x, %2 : (tensor<2xi16>, tensor<2xi16>) -> tensor<2xi16>
// CHECK-NEXT: %spikes, %membrane = qsnn.lif %current leak 16384 : i32 threshold dense<[508, 5080]> : tensor<2xi32> bias dense<[508, 10160]> : tensor<2xi32> reset zero_after delayed compare gt overflow proven rounding nearest {shift = 2 : i32, unit = dense<[0.00196850393, 0.000196850393]> : tensor<2xf32>} : (tensor<2xi16>) -> (tensor<2xi1>, tensor<2xi16>)
// CHECK-NEXT: qsnn.write @fed_back, %spikes : tensor<2xi1>
// CHECK-NEXT: qsnn.output %spikes : tensor<2xi1>
snn.network @recurrent(%frame: tensor<2xf32>) -> tensor<2xi1> attributes {timesteps = 5 : i64, input = #snn<input binary_frames>, readout = #snn<readout spike_count>} {
  %v = snn.weight dense<[[1.0, 0.5], [0.1, 0.0]]> : tensor<2x2xf32>
  %x = snn.linear %frame, %v : (tensor<2xf32>, tensor<2x2xf32>) -> tensor<2xf32>
  snn.register @fed_back : tensor<2xi1>
  %old = snn.read @fed_back : tensor<2xi1>
  %w = snn.weight dense<[[-0.5, 0.0], [1.0, 1.0]]> : tensor<2x2xf32>
  %b = snn.weight dense<[1.0, 2.0]> : tensor<2xf32>
  %y = snn.linear %old, %w, %b : (tensor<2xi1>, tensor<2x2xf32>, tensor<2xf32>) -> tensor<2xf32>
  %current = snn.add %x, %y : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  %spikes, %membrane = snn.lif %current beta 0.5 : f32 threshold 1.0 : f32 reset zero_after delayed compare gt : (tensor<2xf32>) -> (tensor<2xi1>, tensor<2xf32>)
  snn.write @fed_back, %spikes : tensor<2xi1>
  snn.output %spikes : tensor<2xi1>
}

// -----

// Graded spikes that are fed back one to one are multiples of the unit of the other current.
// CHECK: qsnn.network @one_to_one(%frame: tensor<2xi1>) -> tensor<2xi1> attributes {timesteps = 5 : i64, input = #snn<input binary_frames>, readout = #snn<readout spike_count>, input_maximum = 1 : i64} {
// CHECK-NEXT: %0 = qsnn.weight dense<[[127, 64], [127, 0]]> : tensor<2x2xi8> {scale = dense<[1.000000e-02, 1.000000e-03]> : tensor<2xf32>}
// CHECK-NEXT: %x = qsnn.linear %frame, %0 : (tensor<2xi1>, tensor<2x2xi8>) -> tensor<2xi16>
// CHECK-NEXT: qsnn.register @fed_back : tensor<2xi1>
// CHECK-NEXT: %old = qsnn.read @fed_back : tensor<2xi1>
// CHECK-NEXT: %1 = qsnn.scale %old by dense<[-50, 200]> : tensor<2xi32> : (tensor<2xi1>) -> tensor<2xi16>
// CHECK-NEXT: %current = qsnn.add %x, %1 : (tensor<2xi16>, tensor<2xi16>) -> tensor<2xi16>
// CHECK-NEXT: %spikes, %membrane = qsnn.lif %current leak 16384 : i32 threshold dense<[3200, 32000]> : tensor<2xi32> reset subtract delayed compare gt overflow proven rounding nearest {shift = 5 : i32, unit = dense<[3.125000e-04, 3.125000e-05]> : tensor<2xf32>} : (tensor<2xi16>) -> (tensor<2xi1>, tensor<2xi16>)
// CHECK-NEXT: qsnn.write @fed_back, %spikes : tensor<2xi1>
// CHECK-NEXT: qsnn.output %spikes : tensor<2xi1>
snn.network @one_to_one(%frame: tensor<2xf32>) -> tensor<2xi1> attributes {timesteps = 5 : i64, input = #snn<input binary_frames>, readout = #snn<readout spike_count>} {
  %v = snn.weight dense<[[1.27, 0.64], [0.127, 0.0]]> : tensor<2x2xf32>
  %x = snn.linear %frame, %v : (tensor<2xf32>, tensor<2x2xf32>) -> tensor<2xf32>
  snn.register @fed_back : tensor<2xf32>
  %old = snn.read @fed_back : tensor<2xf32>
  %y = snn.scale %old by dense<[-0.25, 0.1]> : tensor<2xf32> : (tensor<2xf32>) -> tensor<2xf32>
  %current = snn.add %x, %y : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  %spikes, %membrane = snn.lif %current beta 0.5 : f32 threshold 1.0 : f32 reset subtract delayed compare gt : (tensor<2xf32>) -> (tensor<2xi1>, tensor<2xf32>)
  %graded = snn.scale %spikes by 2.0 : f32 : (tensor<2xi1>) -> tensor<2xf32>
  snn.write @fed_back, %graded : tensor<2xf32>
  snn.output %spikes : tensor<2xi1>
}

// -----

// Input and feedback joined: one layer for each, whose weights keep one scale.
// CHECK: qsnn.network @joined(%frame: tensor<1xi8>) -> tensor<2xi1> attributes {timesteps = 5 : i64, input = #snn<input event_counts>, readout = #snn<readout spike_count>, input_maximum = 127 : i64} {
// CHECK-NEXT: qsnn.register @fed_back : tensor<2xi1>
// CHECK-NEXT: %old = qsnn.read @fed_back : tensor<2xi1>
// CHECK-NEXT: %0 = qsnn.weight dense<[[127], [64]]> : tensor<2x1xi8> {scale = dense<[0.00787401572, 0.00393700786]> : tensor<2xf32>}
// CHECK-NEXT: %1 = qsnn.linear %frame, %0 : (tensor<1xi8>, tensor<2x1xi8>) -> tensor<2xi16>
// CHECK-NEXT: %2 = qsnn.weight dense<[[64, -127], [127, 127]]> : tensor<2x2xi8> {scale = dense<[0.00787401572, 0.00393700786]> : tensor<2xf32>}
// CHECK-NEXT: %3 = qsnn.linear %old, %2 : (tensor<2xi1>, tensor<2x2xi8>) -> tensor<2xi16>
// CHECK-NEXT: %current = qsnn.add %1, %3 : (tensor<2xi16>, tensor<2xi16>) -> tensor<2xi16>
// CHECK-NEXT: %spikes, %membrane = qsnn.lif %current leak 16384 : i32 threshold dense<[254, 508]> : tensor<2xi32> bias dense<[254, 0]> : tensor<2xi32> reset zero_after delayed compare gt overflow proven rounding nearest {shift = 1 : i32, unit = dense<[0.00393700786, 0.00196850393]> : tensor<2xf32>} : (tensor<2xi16>) -> (tensor<2xi1>, tensor<2xi16>)
// CHECK-NEXT: qsnn.write @fed_back, %spikes : tensor<2xi1>
// CHECK-NEXT: qsnn.output %spikes : tensor<2xi1>
snn.network @joined(%frame: tensor<1xf32>) -> tensor<2xi1> attributes {timesteps = 5 : i64, input = #snn<input event_counts>, readout = #snn<readout spike_count>} {
  snn.register @fed_back : tensor<2xi1>
  %old = snn.read @fed_back : tensor<2xi1>
  %spikes_before = snn.scale %old by 1.0 : f32 : (tensor<2xi1>) -> tensor<2xf32>
  %both = snn.concat %frame, %spikes_before : (tensor<1xf32>, tensor<2xf32>) -> tensor<3xf32>
  %w = snn.weight dense<[[1.0, 0.5, -1.0], [0.25, 0.5, 0.5]]> : tensor<2x3xf32>
  %b = snn.weight dense<[1.0, 0.0]> : tensor<2xf32>
  %current = snn.linear %both, %w, %b : (tensor<3xf32>, tensor<2x3xf32>, tensor<2xf32>) -> tensor<2xf32>
  %spikes, %membrane = snn.lif %current beta 0.5 : f32 threshold 1.0 : f32 reset zero_after delayed compare gt : (tensor<2xf32>) -> (tensor<2xi1>, tensor<2xf32>)
  snn.write @fed_back, %spikes : tensor<2xi1>
  snn.output %spikes : tensor<2xi1>
}

// -----

// The gain of an alpha neuron is part of its threshold; where it is negative, inputs change sign.
// CHECK: qsnn.network @alpha(%frame: tensor<2xi1>)
// CHECK-NEXT: %0 = qsnn.weight dense<[[127, 1], [127, 2]]> : tensor<2x2xi8> {scale = 1.000000e+00 : f32}
// CHECK-NEXT: %x = qsnn.linear %frame, %0 : (tensor<2xi1>, tensor<2x2xi8>) -> tensor<2xi16>
// CHECK-NEXT: %1 = qsnn.scale %x by dense<[1, -1]> : tensor<2xi32> : (tensor<2xi16>) -> tensor<2xi16>
// CHECK-NEXT: %spikes, %e, %i, %membrane = qsnn.alpha %1 leaks dense<[24576, 16384]> : tensor<2xi32>, dense<[16384, 24576]> : tensor<2xi32> threshold dense<[1872, 4510]> : tensor<2xi32> bias dense<[96, -96]> : tensor<2xi32> reset subtract decrement dense<[3200, -3200]> : tensor<2xi32> recall dense<[19168, -46184]> : tensor<2xi32> compare gt overflow proven rounding nearest {layer = "first", shift = 5 : i32, unit = dense<[0.0534222275, 0.0221722275]> : tensor<2xf32>} : (tensor<2xi16>) -> (tensor<2xi1>, tensor<2xi16>, tensor<2xi16>, tensor<2xi16>)
// CHECK-NEXT: %2 = qsnn.weight dense<127> : tensor<2x2xi8> {scale = 1.000000e+00 : f32}
// CHECK-NEXT: %y = qsnn.linear %spikes, %2 : (tensor<2xi1>, tensor<2x2xi8>) -> tensor<2xi16>
// CHECK-NEXT: %last, %e2, %i2, %u2 = qsnn.alpha %y leaks 24576 : i32, 16384 : i32 threshold 1872 : i32 reset zero_after compare gt overflow proven rounding nearest {layer = "second", shift = 5 : i32, unit = 0.0534222275 : f32} : (tensor<2xi16>) -> (tensor<2xi1>, tensor<2xi16>, tensor<2xi16>, tensor<2xi16>)
// CHECK-NEXT: qsnn.output %last : tensor<2xi1>
snn.network @alpha(%frame: tensor<2xf32>) -> tensor<2xi1> attributes {timesteps = 5 : i64, input = #snn<input binary_frames>, readout = #snn<readout spike_count>} {
  %w = snn.weight dense<[[127.0, 1.0], [127.0, 2.0]]> : tensor<2x2xf32>
  %b = snn.weight dense<3.0> : tensor<2xf32>
  %x = snn.linear %frame, %w, %b : (tensor<2xf32>, tensor<2x2xf32>, tensor<2xf32>) -> tensor<2xf32>
  %spikes, %e, %i, %membrane = snn.alpha %x alpha dense<[0.75, 0.5]> : tensor<2xf32> beta dense<[0.5, 0.75]> : tensor<2xf32> threshold 100.0 : f32 reset subtract delayed compare gt {layer = "first"} : (tensor<2xf32>) -> (tensor<2xi1>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>)
  %w2 = snn.weight dense<127.0> : tensor<2x2xf32>
  %y = snn.linear %spikes, %w2 : (tensor<2xi1>, tensor<2x2xf32>) -> tensor<2xf32>
  %last, %e2, %i2, %u2 = snn.alpha %y alpha 0.75 : f32 beta 0.5 : f32 threshold 100.0 : f32 reset zero_after delayed compare gt {layer = "second"} : (tensor<2xf32>) -> (tensor<2xi1>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>)
  snn.output %last : tensor<2xi1>
}

// -----

// Values of all widths side by side, in the widest; each channel keeps its own unit.
// CHECK: qsnn.network @widths(%frame: tensor<2xi8>)
// CHECK: %current = qsnn.linear %frame, %{{.*}} : (tensor<2xi8>, tensor<1x2xi8>) -> tensor<1xi16>
// CHECK-NEXT: %spikes, %{{.*}} = qsnn.lif %current
// CHECK-NEXT: %[[COUNTS:.*]] = qsnn.scale %frame by 1 : i32 : (tensor<2xi8>) -> tensor<2xi16>
// CHECK-NEXT: %[[SPIKES:.*]] = qsnn.scale %spikes by 1 : i32 : (tensor<1xi1>) -> tensor<1xi16>
// CHECK-NEXT: %both = qsnn.concat %[[COUNTS]], %current, %[[SPIKES]] : (tensor<2xi16>, tensor<1xi16>, tensor<1xi16>) -> tensor<4xi16>
snn.network @widths(%frame: tensor<2xf32>) -> tensor<4xi1> attributes {timesteps = 5 : i64, input = #snn<input event_counts>, readout = #snn<readout spike_count>} {
  %w = snn.weight dense<[[1.0, 0.5]]> : tensor<1x2xf32>
  %current = snn.linear %frame, %w : (tensor<2xf32>, tensor<1x2xf32>) -> tensor<1xf32>
  %spikes, %membrane = snn.lif %current beta 0.5 : f32 threshold 1.0 : f32 reset subtract delayed compare gt : (tensor<1xf32>) -> (tensor<1xi1>, tensor<1xf32>)
  %values = snn.scale %spikes by 1.0 : f32 : (tensor<1xi1>) -> tensor<1xf32>
  %both = snn.concat %frame, %current, %values : (tensor<2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<4xf32>
  %last, %u = snn.lif %both beta 0.5 : f32 threshold 1.0 : f32 reset subtract delayed compare gt : (tensor<4xf32>) -> (tensor<4xi1>, tensor<4xf32>)
  snn.output %last : tensor<4xi1>
}
