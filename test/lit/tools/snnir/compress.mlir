// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: snnir run %s --data %S/../../Inputs/training.npz --level compressed --compress large --calibration %S/../../Inputs/training.npz | filecheck %s --check-prefix=LARGE
// RUN: not snnir run %s --data %S/../../Inputs/training.npz --level compressed 2>&1 | filecheck %s --check-prefix=LEVEL
// RUN: not snnir run %s --data %S/../../Inputs/training.npz --compress small 2>&1 | filecheck %s --check-prefix=MISSING
// RUN: not snnir run %s --data %S/../../Inputs/training.npz --calibration c.npz 2>&1 | filecheck %s --check-prefix=ALONE
// RUN: not snnir run %s --data %S/../../Inputs/training.npz --compress small --pipeline snn-fold-scale 2>&1 | filecheck %s --check-prefix=BOTH

// The level after the passes: every sample is decided as its label says.
// LARGE: accuracy 100.00 %
// LEVEL: error: the network has no level compressed: name passes on the snn level with --pipeline or --compress
// MISSING: error: --compress needs --calibration DATA, samples that test nothing later
// ALONE: error: --calibration is for --compress or --optimize; neither is given
// BOTH: argument --pipeline: not allowed with argument --compress

snn.network @net(%frame: tensor<4xf32>) -> tensor<2xi1> attributes {timesteps = 8 : i64, input = #snn<input event_counts>, readout = #snn<readout spike_count>} {
  %weight = snn.weight dense<[[1.0, 1.0, -1.0, -1.0], [-1.0, -1.0, 1.0, 1.0]]> : tensor<2x4xf32>
  %current = snn.linear %frame, %weight : (tensor<4xf32>, tensor<2x4xf32>) -> tensor<2xf32>
  %spikes, %membrane = snn.lif %current beta 0.5 : f32 threshold 1.0 : f32 reset subtract delayed compare gt {layer = "output"} : (tensor<2xf32>) -> (tensor<2xi1>, tensor<2xf32>)
  snn.output %spikes : tensor<2xi1>
}
