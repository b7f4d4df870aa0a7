// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: snn-opt %s -p 'snn-finetune-rates{data="%S/../Inputs/training.npz" device=cpu}' --split-input-file --verify-diagnostics
// RUN: not snn-opt %s -p 'snn-finetune-rates{data="%S/../Inputs/training.npz" device=cpu mirror=true}' --split-input-file 2>&1 | filecheck %s --check-prefix=MIRROR

// MIRROR: cannot be trained: shift and mirror need frames of (channels, height, width)

snn.network @without_reset(%frame: tensor<4xf32>) -> tensor<2xi1> attributes {timesteps = 8 : i64, input = #snn<input event_counts>, readout = #snn<readout spike_count>} {
  %weight = snn.weight dense<1.0> : tensor<2x4xf32>
  %0 = snn.linear %frame, %weight : (tensor<4xf32>, tensor<2x4xf32>) -> tensor<2xf32>
  // expected-error @below {{'snn.lif' op has no reset, so that it is silent or fires at every step; use snn-finetune without teacher-rates, which works over time}}
  %out, %state = snn.lif %0 beta 0.5 : f32 threshold 0.5 : f32 reset none delayed compare gt {layer = "out"} : (tensor<2xf32>) -> (tensor<2xi1>, tensor<2xf32>)
  snn.output %out : tensor<2xi1>
}

// -----

snn.network @recurrent(%frame: tensor<4xf32>) -> tensor<4xi1> attributes {timesteps = 8 : i64, input = #snn<input event_counts>, readout = #snn<readout spike_count>} {
  // expected-error @below {{'snn.register' op feeds back what the step before left}}
  snn.register @back : tensor<4xi1>
  %before = snn.read @back : tensor<4xi1>
  %0 = snn.add %frame, %before : (tensor<4xf32>, tensor<4xi1>) -> tensor<4xf32>
  %out, %state = snn.lif %0 beta 0.5 : f32 threshold 0.5 : f32 reset subtract delayed compare gt {layer = "out"} : (tensor<4xf32>) -> (tensor<4xi1>, tensor<4xf32>)
  snn.write @back, %out : tensor<4xi1>
  snn.output %out : tensor<4xi1>
}
