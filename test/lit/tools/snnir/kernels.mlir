// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: snnir compile %s -o %t.pairs --input-maximum 1 -v 2>&1 | filecheck %s --check-prefix=PAIRS
// RUN: not grep double %t.pairs/src/net.c
// RUN: snnir compile %s -o %t.triples --input-maximum 1 --packing triples --table-bytes 16K -v 2>&1 | filecheck %s --check-prefix=TRIPLES
// RUN: grep double %t.triples/src/net.c
// RUN: snnir compile %s -o %t.tiles --input-maximum 1 --tile-rows 2
// RUN: filecheck %s --check-prefix=TILES --input-file %t.tiles/src/net.c
// RUN: snnir compile %s -o %t.packed --input-maximum 1 --kernels scatter --bits 4 --weight-bits 4
// RUN: filecheck %s --check-prefix=PACKED --input-file %t.packed/src/net.c
// RUN: snnir compile %s -o %t.chosen --input-maximum 1 --optimize speed 2>&1 | filecheck %s --check-prefix=HINT
// RUN: snnir compile %s -o %t.chosen --input-maximum 1 --optimize speed -v 2>&1 | filecheck %s --check-prefix=REASONS
// RUN: snnir compile %s -o %t.chosen --input-maximum 1 --optimize speed -q > %t.out 2>&1
// RUN: not grep . %t.out
// RUN: not snnir compile %s -o %t.chosen --optimize speed --table-bytes 16K 2>&1 | filecheck %s --check-prefix=BOTH
// RUN: not snnir compile %s -o %t.chosen --optimize speed --neurons lists 2>&1 | filecheck %s --check-prefix=NEURONS

// PAIRS: remark: 'qsnn.conv2d' op tables of (1, 2) bits
// TRIPLES: remark: 'qsnn.conv2d' op tables of (3,) bits
// TILES: snnrt_tile_lif
// PACKED: snnrt_conv2d_scatter_packed4
// HINT: snnir: note: {{[0-9]+}} remarks of the passes say what was chosen and why; -v prints them
// REASONS: remark: 'qsnn.conv2d' op chose
// NEURONS: snnir: error: --optimize chooses what --neurons says; give one of them
// BOTH: snnir: error: --optimize chooses what --table-bytes says; give one of them
snn.network @net(%frame: tensor<1x8x8xf32>) -> tensor<2xi1> attributes {timesteps = 4 : i64, input = #snn<input event_counts>, readout = #snn<readout spike_count>} {
  %k = snn.weight dense<0.5> : tensor<3x1x3x3xf32>
  %0 = snn.conv2d %frame, %k padding [1, 1] : (tensor<1x8x8xf32>, tensor<3x1x3x3xf32>) -> tensor<3x8x8xf32>
  %1 = snn.max_pool2d %0 kernel [2, 2] stride [2, 2] : (tensor<3x8x8xf32>) -> tensor<3x4x4xf32>
  %s, %u = snn.lif %1 beta 0.5 : f32 threshold 1.0 : f32 reset subtract delayed compare gt {layer = "hidden"} : (tensor<3x4x4xf32>) -> (tensor<3x4x4xi1>, tensor<3x4x4xf32>)
  %k2 = snn.weight dense<0.25> : tensor<3x3x3x3xf32>
  %2 = snn.conv2d %s, %k2 padding [1, 1] : (tensor<3x4x4xi1>, tensor<3x3x3x3xf32>) -> tensor<3x4x4xf32>
  %s2, %u2 = snn.lif %2 beta 0.5 : f32 threshold 1.0 : f32 reset subtract delayed compare gt {layer = "second"} : (tensor<3x4x4xf32>) -> (tensor<3x4x4xi1>, tensor<3x4x4xf32>)
  %flat = snn.flatten %s2 : (tensor<3x4x4xi1>) -> tensor<48xi1>
  %w = snn.weight dense<-0.25> : tensor<2x48xf32>
  %3 = snn.linear %flat, %w : (tensor<48xi1>, tensor<2x48xf32>) -> tensor<2xf32>
  %out, %last = snn.lif %3 beta 0.5 : f32 threshold 1.0 : f32 reset subtract delayed compare gt {layer = "out"} : (tensor<2xf32>) -> (tensor<2xi1>, tensor<2xf32>)
  snn.output %out : tensor<2xi1>
}
