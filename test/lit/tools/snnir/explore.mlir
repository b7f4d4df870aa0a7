// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: snnir explore %s | filecheck %s
// RUN: snnir explore %s --json | filecheck %s --check-prefix=JSON
// RUN: not snnir explore %s --packing pairs 2>&1 | filecheck %s --check-prefix=CHOSEN
// RUN: not snnir explore %s --ram-limit 16 2>&1 | filecheck %s --check-prefix=LIMIT

// CHECK: arguments of compile {{ *}}instructions {{ *}}cycles, estimate {{ *}}flash {{ *}}RAM
// CHECK: --optimize {{speed|balanced|size}}
// CHECK: 'net' for host: a mean step as predicted for a Cortex-M7, bytes as predicted{{$}}

// JSON: "name": "net"
// JSON: "arguments": "--optimize

// CHOSEN: error: --optimize chooses what --packing says; give one of them
// RUN: not snnir compile %s -o %t --optimize size --kernels dense 2>&1 | filecheck %s --check-prefix=KERNELS
// KERNELS: error: --optimize chooses what --kernels dense says; give one of them (only cmsis and cmsis_s4 go with it)

// LIMIT: explore.mlir:{{[0-9]+}}:{{[0-9]+}}: error: 'qsnn.network' op no kernels make it fit
qsnn.network @net(%frame: tensor<40xi8>) -> tensor<2xi1> attributes {timesteps = 4 : i64, input = #snn<input event_counts>, readout = #snn<readout spike_count>, input_maximum = 2 : i64} {
  %w = qsnn.weight dense<1> : tensor<2x40xi8>
  %c = qsnn.linear %frame, %w : (tensor<40xi8>, tensor<2x40xi8>) -> tensor<2xi16>
  %s, %m = qsnn.lif %c leak 16384 : i32 threshold 1 : i32 reset subtract delayed compare gt overflow proven rounding nearest {layer = "out"} : (tensor<2xi16>) -> (tensor<2xi1>, tensor<2xi16>)
  qsnn.output %s : tensor<2xi1>
}
