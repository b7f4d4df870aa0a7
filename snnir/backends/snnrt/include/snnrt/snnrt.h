/* snnrt: header-only C99 kernels for integer spiking neural networks.

   Every kernel is inlined into its caller, so that a generated network which
   passes a `static const` shape gets code specialised to that shape. No kernel
   allocates memory, keeps global state or calls libc beyond <string.h>.

   Conventions shared by all headers:
   - activations are HWC: height, width, channel, channel fastest;
   - byte activations (spikes 0/1, counts, small integers) are int8_t;
   - a spike list holds the flat HWC indices of nonzero activations, positions
     ascending; neurons in lanes list those of a position as these lie in words;
   - right shifts of negative integers are arithmetic (gcc and clang guarantee
     it), and the targets are little-endian;
   - buffers of one call do not overlap unless a kernel says so. */
#ifndef SNNRT_SNNRT_H
#define SNNRT_SNNRT_H

#include "snnrt/add.h"
#include "snnrt/alpha.h"
#include "snnrt/alpha_multi_step.h"
#include "snnrt/base.h"
#include "snnrt/byte_rows.h"
#include "snnrt/bytes_to_masks.h"
#include "snnrt/concat.h"
#include "snnrt/conv2d_dot.h"
#include "snnrt/conv2d_dot_pool2d.h"
#include "snnrt/conv2d_scatter.h"
#include "snnrt/conv2d_scatter_blocks.h"
#include "snnrt/conv2d_scatter_packed.h"
#include "snnrt/conv2d_scatter_sparse.h"
#include "snnrt/event_hits.h"
#include "snnrt/event_marks.h"
#include "snnrt/fill.h"
#include "snnrt/input_density.h"
#include "snnrt/lane_conv2d.h"
#include "snnrt/layout.h"
#include "snnrt/li.h"
#include "snnrt/lif.h"
#include "snnrt/lif_multi_step.h"
#include "snnrt/linear_counts.h"
#include "snnrt/linear_dot.h"
#include "snnrt/linear_gather.h"
#include "snnrt/linear_gather_packed4.h"
#include "snnrt/linear_scatter.h"
#include "snnrt/linear_scatter_blocks.h"
#include "snnrt/linear_scatter_packed.h"
#include "snnrt/linear_scatter_sparse.h"
#include "snnrt/mask_conv2d.h"
#include "snnrt/max_pool2d.h"
#include "snnrt/max_pool_masks.h"
#include "snnrt/packed.h"
#include "snnrt/readout.h"
#include "snnrt/scale.h"
#include "snnrt/spike_list.h"
#include "snnrt/spike_masks.h"
#include "snnrt/sum_pool2d.h"
#include "snnrt/synaptic_multi_step.h"
#include "snnrt/tile_layer.h"
#include "snnrt/window_lif.h"

#endif
