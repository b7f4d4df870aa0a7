// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Passes and an operation from outside, in every verb that reads a network.
// RUN: snnir check %s --load-plugin %S/../snn-opt/Inputs/dialect_plugin.py --pipeline mine-expand,snn-fold-scale | filecheck %s --check-prefix=CHECKED
// RUN: not snnir check %s --load-plugin=%S/../snn-opt/Inputs/dialect_plugin.py | filecheck %s --check-prefix=UNCHECKED
// RUN: snnir run %s --load-plugin %S/../snn-opt/Inputs/dialect_plugin.py --data %S/../../Inputs/calibration.npz | filecheck %s --check-prefix=GAIN
// RUN: snnir run %s --load-plugin %S/../snn-opt/Inputs/dialect_plugin.py --load-plugin %S/Inputs/threshold_plugin.py --pipeline mine-halve --level compressed --data %S/../../Inputs/calibration.npz | filecheck %s --check-prefix=HALVED
// RUN: snnir validate %s --load-plugin %S/../snn-opt/Inputs/dialect_plugin.py --pipeline mine-expand,snn-fold-scale --data %S/../../Inputs/calibration.npz | filecheck %s --check-prefix=VALIDATED
// RUN: not snnir validate %s --load-plugin %S/../snn-opt/Inputs/dialect_plugin.py --data %S/../../Inputs/calibration.npz 2>&1 | filecheck %s --check-prefix=REFUSED
// RUN: snnir compile %s --load-plugin %S/../snn-opt/Inputs/dialect_plugin.py --load-plugin %S/Inputs/threshold_plugin.py --pipeline mine-expand,mine-halve -o %t -v 2>&1 | filecheck %s --check-prefix=COMPILED
// RUN: not snnir compile %s --load-plugin %S/../snn-opt/Inputs/dialect_plugin.py -o %t.refused 2>&1 | filecheck %s --check-prefix=REFUSED
// RUN: not ls %t.refused
// RUN: not snnir compile %s -o %t 2>&1 | filecheck %s --check-prefix=UNKNOWN

// CHECKED: supported
// UNCHECKED: mine.gain{{ +}}no{{ +}}has no integer form; a pass of the plug-in that defines it has to turn it into operations of snn first

// Events count 1: with a gain of 0.5 no neuron reaches its threshold of 0.75, but one of 0.375.
// GAIN: fire{{ +}}0.00 %
// HALVED: level{{ +}}compressed
// HALVED: fire{{ +}}{{[1-9].*}} %
// VALIDATED: compressed
// VALIDATED: host {{.*}} yes
// COMPILED: plugins.mlir:[[# @LINE + 7]]:3: remark: 'snn.lif' op threshold 0.375 [mine-scale-thresholds]
// COMPILED: library 'net' for host
// REFUSED: plugins.mlir:[[# @LINE + 4]]:3: error: 'mine.gain' op has no integer form; a pass of the plug-in that defines it has to turn it into operations of snn first
// REFUSED-NOT: {{.}}
// UNKNOWN: plugins.mlir:[[# @LINE + 2]]:13: error: Operation mine.gain is not registered; --load-plugin FILE.py adds the dialects of a plug-in
snn.network @net(%frame: tensor<1x4x4xf32>) -> tensor<1x4x4xi1> attributes {timesteps = 4 : i64, input = #snn<input event_counts>, readout = #snn<readout spike_count>} {
  %gained = mine.gain %frame by 0.5 : (tensor<1x4x4xf32>) -> tensor<1x4x4xf32>
  %spikes, %membrane = snn.lif %gained beta 0.0 : f32 threshold 0.75 : f32 reset none delayed compare gt {layer = "fire"} : (tensor<1x4x4xf32>) -> (tensor<1x4x4xi1>, tensor<1x4x4xf32>)
  snn.output %spikes : tensor<1x4x4xi1>
}
