/* Event-driven convolutions of stride and dilation 1 into packed lanes.

   current: [output_height][output_width][elements], pairs or triples (see
   lane_rows.h); a kernel, or a sum of kernels, is
   [kernel_height][kernel_width][elements] with rows and columns in reverse, so
   that the currents that an input reaches in a row lie in memory like the
   weights with which it reaches them. Every kernel ADDS to `current`; no final
   sum may leave its lane. Output extents may be smaller than the
   convolution's: outputs beyond them are not computed. */
#ifndef SNNRT_LANE_CONV2D_H
#define SNNRT_LANE_CONV2D_H

#include "lane_rows.h"

typedef struct snnrt_lane_conv2d_shape {
  int32_t input_height, input_width;
  int32_t output_height, output_width, elements;
  bool triples;
  int32_t kernel_height, kernel_width;
  int32_t padding_top, padding_left;
  /* Size of the pooling windows whose currents are marked as touched. */
  int32_t window_height, window_width;
  /* Bits of the weights of tiles (see tile_layer.h). */
  int32_t weight_bits;
} snnrt_lane_conv2d_shape;

/* What the inputs of one row, or of one column, reach; computed by the compiler.
   `current` and `tap`: bytes to the first output and to the element of the
   reversed kernel that reaches it; `count` outputs, 0 for none. `windows`: of a
   row the first row of windows to mark and, in the upper half, the last one; of
   a column the bits of the windows. */
typedef struct snnrt_site {
  uint32_t current, tap, count, windows;
} snnrt_site;

/* The sites of all rows and columns of the input. For hits there are rows for
   each channel, whose `tap` leads to the kernel of the channel. `window_rows`:
   rows of windows that are marked; `last_apart`: where an input reaches one row
   less, the last one is the one before. `complete`: every row reaches an
   output. */
typedef struct snnrt_sites {
  const snnrt_site *rows, *columns;
  int32_t window_rows;
  bool last_apart, complete;
} snnrt_sites;

/* One of them, copied, because the currents could alias it. */
SNNRT_KERNEL snnrt_site snnrt_site_at(const snnrt_site *sites, uint32_t at) {
  const snnrt_site *site = sites + at;
  SNNRT_OPAQUE(site);
  return *site;
}

/* Adds a kernel or, if there are `two`, the sum of two (or of sums of kernels)
   where an input at the given sites reaches. */
SNNRT_KERNEL void snnrt_add_kernels(const uint8_t *first, const uint8_t *second,
                                    bool two, uint8_t *current,
                                    const snnrt_site *row,
                                    const snnrt_site *column,
                                    const snnrt_lane_conv2d_shape *shape) {
  const int32_t bytes = shape->elements * snnrt_element_bytes(shape->triples);
  const uint32_t tap = row->tap + column->tap;
  const snnrt_rectangle rectangle = {(int32_t)row->count,
                                     shape->output_width * bytes,
                                     shape->kernel_width * bytes};
  snnrt_add_columns(current + (row->current + column->current), first + tap,
                    two ? second + tap : NULL, two, (int32_t)column->count,
                    shape->kernel_width, shape->elements, shape->triples,
                    &rectangle);
}

/* Bytes of one kernel. */
SNNRT_KERNEL uint32_t snnrt_kernel_bytes(const snnrt_lane_conv2d_shape *shape) {
  return (uint32_t)(shape->kernel_height * shape->kernel_width *
                    shape->elements * snnrt_element_bytes(shape->triples));
}

/* Marks the windows that an input at the given sites reaches. */
SNNRT_KERNEL void snnrt_mark_windows(uint32_t *touched, const snnrt_site *row,
                                     const snnrt_site *column,
                                     const snnrt_sites *sites) {
  const uint32_t first =
      sites->last_apart ? row->windows & 0xFFFFu : row->windows;
  const int32_t following = sites->window_rows - (sites->last_apart ? 1 : 0);
  uint32_t *words = touched + first;
  SNNRT_OPAQUE(words);
  SNNRT_UNROLL_ROW
  for (int32_t i = 0; i < following; ++i) {
    words[i] |= column->windows;
  }
  if (sites->last_apart) {
    touched[row->windows >> 16] |= column->windows;
  }
}

/* Consumes hits (see event_hits.h): adds the kernel of every hit as often as it
   counts. kernels: [multiples][input_channels][kernel], times 1, 2, …; touched
   may be NULL. */
SNNRT_KERNEL void snnrt_lane_conv2d_hits(
    const uint16_t *hits, uint32_t n, uint8_t *counts, const void *kernels,
    void *current, uint32_t *touched, int32_t channels, int32_t multiples,
    const snnrt_sites *sites, const snnrt_lane_conv2d_shape *shape) {
  const uint32_t bytes = (uint32_t)channels * snnrt_kernel_bytes(shape);
  const uint32_t most = (uint32_t)multiples;
  const uint16_t *const end = hits + n;
  for (; hits != end; ++hits) {
    const uint32_t index = *hits;
    const uint32_t y = index / (uint32_t)shape->input_width;
    const uint32_t x = index % (uint32_t)shape->input_width;
    const snnrt_site row = snnrt_site_at(sites->rows, y);
    const snnrt_site column = snnrt_site_at(sites->columns, x);
    uint32_t count = counts[index];
    counts[index] = 0;
    if (!sites->complete && row.count == 0) {
      continue;
    }
    if (touched != NULL) {
      snnrt_mark_windows(touched, &row, &column, sites);
    }
    do {
      const uint32_t times = count < most ? count : most;
      snnrt_add_kernels((const uint8_t *)kernels + (times - 1) * bytes, NULL,
                        false, (uint8_t *)current, &row, &column, shape);
      count -= times;
    } while (count != 0);
  }
}

#endif
