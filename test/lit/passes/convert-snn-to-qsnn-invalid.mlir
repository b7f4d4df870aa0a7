// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: snn-opt %s --verify-diagnostics --split-input-file --convert-snn-to-qsnn

// A membrane that never moves.
snn.network @net(%frame: tensor<2xf32>) -> tensor<2xi1> attributes {timesteps = 5 : i64, input = #snn<input event_counts>, readout = #snn<readout spike_count>} {
  // expected-error @+1 {{'snn.alpha' op has a beta of 1, so that tau is 0 and the membrane never moves; give it a beta below alpha}}
  %s, %e, %i, %u = snn.alpha %frame alpha 0.6 : f32 beta dense<[0.5, 1.0]> : tensor<2xf32> threshold 1.0 : f32 reset subtract delayed compare gt : (tensor<2xf32>) -> (tensor<2xi1>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>)
  snn.output %s : tensor<2xi1>
}

// -----

// What reset subtract multiplies with.
snn.network @net(%frame: tensor<2xf32>) -> tensor<2xi1> attributes {timesteps = 5 : i64, input = #snn<input event_counts>, readout = #snn<readout spike_count>} {
  // expected-error @+1 {{'snn.alpha' op has a tau whose reciprocal, which reset subtract needs, does not fit; give it a beta below alpha, or reset zero}}
  %s, %e, %i, %u = snn.alpha %frame alpha 0.5 : f32 beta 0.999 : f32 threshold 1.0 : f32 reset subtract delayed compare gt : (tensor<2xf32>) -> (tensor<2xi1>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>)
  snn.output %s : tensor<2xi1>
}

// -----

// Feedback of membranes.
snn.network @net(%frame: tensor<2xf32>) -> tensor<2xi1> attributes {timesteps = 5 : i64, input = #snn<input event_counts>, readout = #snn<readout spike_count>} {
  // expected-error @+1 {{'snn.register' op holds a value of 'snn.lif' for the next step; in integers only spikes are fed back, as snntorch.RLeaky does}}
  snn.register @r : tensor<2xf32>
  %s, %u = snn.lif %frame beta 0.5 : f32 threshold 1.0 : f32 reset subtract delayed compare gt : (tensor<2xf32>) -> (tensor<2xi1>, tensor<2xf32>)
  snn.write @r, %u : tensor<2xf32>
  snn.output %s : tensor<2xi1>
}

// -----

// The frame of the step before.
snn.network @net(%frame: tensor<2xf32>) -> tensor<2xi1> attributes {timesteps = 5 : i64, input = #snn<input event_counts>, readout = #snn<readout spike_count>} {
  // expected-error @+1 {{'snn.register' op holds the input for the next step; in integers only spikes are fed back}}
  snn.register @r : tensor<2xf32>
  %s, %u = snn.lif %frame beta 0.5 : f32 threshold 1.0 : f32 reset subtract delayed compare gt : (tensor<2xf32>) -> (tensor<2xi1>, tensor<2xf32>)
  snn.write @r, %frame : tensor<2xf32>
  snn.output %s : tensor<2xi1>
}

// -----

// A unit that is not positive.
snn.network @net(%frame: tensor<2xf32>) -> tensor<2xf32> attributes {timesteps = 5 : i64, input = #snn<input values>, readout = #snn<readout last_membrane>} {
  %n = snn.scale %frame by -1.0 : f32 : (tensor<2xf32>) -> tensor<2xf32>
  // expected-error @+1 {{'snn.li' op its input has a unit that is not positive (a negative scale or batch-norm weig}}
  %u = snn.li %n beta 0.5 : f32 : (tensor<2xf32>) -> tensor<2xf32>
  snn.output %u : tensor<2xf32>
}

// -----

// Two layers without a neuron between them.
snn.network @net(%frame: tensor<2xf32>) -> tensor<2xf32> attributes {timesteps = 5 : i64, input = #snn<input values>, readout = #snn<readout last_membrane>} {
  %w = snn.weight dense<1.0> : tensor<2x2xf32>
  %a = snn.linear %frame, %w : (tensor<2xf32>, tensor<2x2xf32>) -> tensor<2xf32>
  // expected-error @+1 {{'snn.linear' op takes spikes, counts or quantised inputs, but its input is a current of ty}}
  %b = snn.linear %a, %w : (tensor<2xf32>, tensor<2x2xf32>) -> tensor<2xf32>
  %u = snn.li %b beta 0.5 : f32 : (tensor<2xf32>) -> tensor<2xf32>
  snn.output %u : tensor<2xf32>
}

// -----

// Weights that are computed.
snn.network @net(%frame: tensor<2xf32>) -> tensor<2xf32> attributes {timesteps = 5 : i64, input = #snn<input values>, readout = #snn<readout last_membrane>} {
  // expected-error @+1 {{'snn.weight' op is an operand of a layer that computes with activations; fold the operatio}}
  %w = snn.weight dense<1.0> : tensor<2x2xf32>
  %v = snn.scale %w by 2.0 : f32 : (tensor<2x2xf32>) -> tensor<2x2xf32>
  %a = snn.linear %frame, %v : (tensor<2xf32>, tensor<2x2xf32>) -> tensor<2xf32>
  %u = snn.li %a beta 0.5 : f32 : (tensor<2xf32>) -> tensor<2xf32>
  snn.output %u : tensor<2xf32>
}

// -----

// Weights that are not finite.
snn.network @net(%frame: tensor<2xf32>) -> tensor<2xf32> attributes {timesteps = 5 : i64, input = #snn<input values>, readout = #snn<readout last_membrane>} {
  // expected-error @+1 {{'snn.weight' op value holds inf, which has no integer form}}
  %w = snn.weight dense<[[0x7f800000, 1.0], [1.0, 1.0]]> : tensor<2x2xf32>
  %a = snn.linear %frame, %w : (tensor<2xf32>, tensor<2x2xf32>) -> tensor<2xf32>
  %u = snn.li %a beta 0.5 : f32 : (tensor<2xf32>) -> tensor<2xf32>
  snn.output %u : tensor<2xf32>
}

// -----

// A threshold beyond all integers, of a membrane that grows without end.
snn.network @net(%frame: tensor<2xf32>) -> tensor<2xi1> attributes {timesteps = 5 : i64, input = #snn<input event_counts>, readout = #snn<readout spike_count>} {
  // expected-error @+1 {{'snn.lif' op a threshold of 1e+38 does not fit 32 bits in units of the membrane, 1, and nothing keeps the membrane away from it; give the neuron a threshold that it can reach, or a beta below 1}}
  %s, %u = snn.lif %frame beta 1.0 : f32 threshold 1.0e38 : f32 reset subtract delayed compare gt : (tensor<2xf32>) -> (tensor<2xi1>, tensor<2xf32>)
  snn.output %s : tensor<2xi1>
}
