// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: snn-opt %s --split-input-file -p 'snn-prune-silent{calibration="%S/../Inputs/training.npz"}' --verify-diagnostics
// RUN: snn-opt %s -p 'snn-prune-silent{calibration="%S/../Inputs/training.npz" held-out=0}' --remarks 2>&1 >/dev/null | filecheck %s --check-prefix=ALL
// RUN: not snn-opt %s -p 'snn-prune-silent{calibration="%S/../Inputs/training.npz" threshold=0.3 max-held-out-loss=0.01}' 2>&1 >/dev/null | filecheck %s --check-prefix=LOSS
// RUN: not snn-opt %s -p 'snn-prune-silent{calibration="%S/../Inputs/training.npz" samples=20 max-held-out-loss=0.01}' 2>&1 >/dev/null | filecheck %s --check-prefix=FEW

// A quarter of the 40 samples is put aside.
// ALL: exact on 40 samples
// LOSS: error: 'snn.network' op loses {{[0-9.]+}} points of accuracy on 10 held-out samples, more than max-held-out-loss=0.01; calibrate on more samples or remove less
// FEW: error: 'snn.network' op option max-held-out-loss needs at least 10 held-out samples; held-out=0.25 of 20 are 5: give more samples or a larger share

// expected-remark @below {{exact on 30 samples: all spikes and decisions are equal; accuracy 100.0 % -> 100.0 %}}
// expected-remark @below {{on 10 held-out samples 100.0 % of the decisions are as before (95 % interval 72.2 to 100.0), on the 30 that chose 100.0 %; the remaining neurons fire as often, there as often; held-out accuracy 100.0 % -> 100.0 %}}
snn.network @net(%frame: tensor<4xf32>) -> tensor<2xi1> attributes {timesteps = 8 : i64, input = #snn<input event_counts>, readout = #snn<readout spike_count>} {
  %weight = snn.weight dense<[[1.0, 1.0, -1.0, -1.0], [-1.0, -1.0, 1.0, 1.0], [-1.0, -1.0, -1.0, -1.0]]> : tensor<3x4xf32>
  %current = snn.linear %frame, %weight : (tensor<4xf32>, tensor<3x4xf32>) -> tensor<3xf32>
  // expected-remark @below {{removed 1 of 3 neurons that never fire on 30 samples: 2}}
  %spikes, %membrane = snn.lif %current beta 0.5 : f32 threshold 1.0 : f32 reset subtract delayed compare gt {layer = "hidden"} : (tensor<3xf32>) -> (tensor<3xi1>, tensor<3xf32>)
  %readers = snn.weight dense<[[2.0, 0.0, 1.0], [0.0, 2.0, 1.0]]> : tensor<2x3xf32>
  %sums = snn.linear %spikes, %readers : (tensor<3xi1>, tensor<2x3xf32>) -> tensor<2xf32>
  %out, %out_membrane = snn.lif %sums beta 0.5 : f32 threshold 1.0 : f32 reset subtract delayed compare gt {layer = "output"} : (tensor<2xf32>) -> (tensor<2xi1>, tensor<2xf32>)
  snn.output %out : tensor<2xi1>
}
