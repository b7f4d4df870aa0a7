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

#include "add.h"
#include "alpha.h"
#include "alpha_multi_step.h"
#include "base.h"
#include "byte_rows.h"
#include "bytes_to_masks.h"
#include "concat.h"
#include "conv2d_dot.h"
#include "conv2d_dot_pool2d.h"
#include "conv2d_scatter.h"
#include "conv2d_scatter_blocks.h"
#include "conv2d_scatter_packed.h"
#include "conv2d_scatter_sparse.h"
#include "event_hits.h"
#include "event_marks.h"
#include "fill.h"
#include "input_density.h"
#include "lane_conv2d.h"
#include "layout.h"
#include "li.h"
#include "lif.h"
#include "lif_multi_step.h"
#include "linear_counts.h"
#include "linear_dot.h"
#include "linear_gather.h"
#include "linear_gather_packed4.h"
#include "linear_scatter.h"
#include "linear_scatter_blocks.h"
#include "linear_scatter_packed.h"
#include "linear_scatter_sparse.h"
#include "mask_conv2d.h"
#include "max_pool2d.h"
#include "max_pool_masks.h"
#include "packed.h"
#include "readout.h"
#include "scale.h"
#include "spike_list.h"
#include "spike_masks.h"
#include "sum_pool2d.h"
#include "synaptic_multi_step.h"
#include "tile_layer.h"
#include "window_lif.h"

#endif
