// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// An operation from outside: printed and parsed, executed, refused with its name, and lowered.
// RUN: snn-opt %s --load-plugin=%S/Inputs/dialect_plugin.py --verify-roundtrip -p 'snn-measure-activity{calibration="%S/../../Inputs/calibration.npz"}' | filecheck %s
// RUN: snn-opt %s --load-plugin=%S/Inputs/dialect_plugin.py -p 'mine-expand{factor=2.0},snn-measure-activity{calibration="%S/../../Inputs/calibration.npz"},snn-fold-scale' --remarks 2>&1 | filecheck %s --check-prefix=EXPANDED
// RUN: not snn-opt %s --load-plugin=%S/Inputs/dialect_plugin.py -p 'snn-fold-scale,convert-snn-to-qsnn' 2>&1 | filecheck %s --check-prefix=REFUSED
// RUN: snn-opt %s --load-plugin=%S/Inputs/dialect_plugin.py -p 'snn-finetune{data="%S/../../Inputs/calibration.npz" epochs=1 device=cpu}' --remarks 2>&1 | filecheck %s --check-prefix=TRAINED
// RUN: snn-opt --load-plugin=%S/Inputs/dialect_plugin.py --show-dialects | filecheck %s --check-prefix=LIST

// Events count 1: with a gain of 0.5 no neuron reaches its threshold, with one of 1.0 some do.
// CHECK: mine.gain %frame by 5.000000e-01
// CHECK: rate = 0.000000e+00
// EXPANDED: plugin-dialect.mlir:[[# @LINE + 8]]:3: remark: 'snn.scale' op expanded a gain [mine-expand]
// EXPANDED-NOT: rate = 0.000000e+00
// EXPANDED: snn.lif {{.*}}rate = {{[1-9]}}
// REFUSED: plugin-dialect.mlir:[[# @LINE + 5]]:3: error: 'mine.gain' op has no integer form;
// REFUSED-NEXT: snn-opt: note: raised by pass 'convert-snn-to-qsnn'
// TRAINED: remark: 'snn.network' op
// LIST: mine, qsnn, snn
snn.network @net(%frame: tensor<1x4x4xf32>) -> tensor<1x4x4xi1> attributes {timesteps = 4 : i64, input = #snn<input event_counts>, readout = #snn<readout spike_count>} {
  %gained = mine.gain %frame by 0.5 : (tensor<1x4x4xf32>) -> tensor<1x4x4xf32>
  %spikes, %membrane = snn.lif %gained beta 0.0 : f32 threshold 0.75 : f32 reset none delayed compare gt : (tensor<1x4x4xf32>) -> (tensor<1x4x4xi1>, tensor<1x4x4xf32>)
  snn.output %spikes : tensor<1x4x4xi1>
}
