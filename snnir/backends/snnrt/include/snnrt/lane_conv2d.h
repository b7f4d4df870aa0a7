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

#include "snnrt/lane_rows.h"

typedef struct snnrt_lane_conv2d_shape {
  int32_t input_height, input_width;
  int32_t output_height, output_width, elements;
  bool triples;
  int32_t kernel_height, kernel_width;
  int32_t padding_top, padding_left;
  /* Size of the pooling windows whose currents are marked as touched. */
  int32_t window_height, window_width;
} snnrt_lane_conv2d_shape;

/* Along one axis: outputs [output, output + count) that an input reaches, the
   first through element `tap` of the reversed kernel. */
typedef struct snnrt_reach {
  int32_t output, tap, count;
} snnrt_reach;

/* `padded` is the input coordinate + padding. */
SNNRT_KERNEL snnrt_reach snnrt_reach_at(int32_t padded, int32_t kernel,
                                        int32_t outputs) {
  const int32_t first = padded - (kernel - 1);
  const int32_t begin = snnrt_max(first, 0);
  const int32_t end = snnrt_min(padded, outputs - 1);
  const snnrt_reach reach = {begin, begin - first, end - begin + 1};
  return reach;
}

/* Bits [first, last]. */
SNNRT_KERNEL uint32_t snnrt_bit_range(int32_t first, int32_t last) {
  return (UINT32_C(2) << last) - (UINT32_C(1) << first);
}

/* Marks the windows that a rectangle of currents lies in; touched holds one
   word for each row of windows, and one bit for each column. */
SNNRT_KERNEL void snnrt_touch(uint32_t *touched, const snnrt_reach *rows,
                              const snnrt_reach *columns,
                              const snnrt_lane_conv2d_shape *shape) {
  const uint32_t bits = snnrt_bit_range(
      columns->output / shape->window_width,
      (columns->output + columns->count - 1) / shape->window_width);
  const int32_t last = (rows->output + rows->count - 1) / shape->window_height;
  for (int32_t y = rows->output / shape->window_height; y <= last; ++y) {
    touched[y] |= bits;
  }
}

/* Adds `first` and, if there are `two`, `second` (kernels or sums of kernels)
   where an input at the given reaches says. */
SNNRT_KERNEL void snnrt_add_kernels(const uint8_t *first, const uint8_t *second,
                                    bool two, uint8_t *current, const snnrt_reach *rows,
                                    const snnrt_reach *columns,
                                    const snnrt_lane_conv2d_shape *shape) {
  const int32_t bytes = shape->elements * snnrt_element_bytes(shape->triples);
  const int32_t tap =
      (rows->tap * shape->kernel_width + columns->tap) * bytes;
  const snnrt_rectangle rectangle = {rows->count, shape->output_width * bytes,
                                     shape->kernel_width * bytes};
  current += (rows->output * shape->output_width + columns->output) * bytes;
  snnrt_add_columns(current, first + tap, two ? second + tap : NULL, two,
                    columns->count, shape->kernel_width, shape->elements,
                    shape->triples, &rectangle);
}

/* Bytes of one kernel. */
SNNRT_KERNEL uint32_t snnrt_kernel_bytes(const snnrt_lane_conv2d_shape *shape) {
  return (uint32_t)(shape->kernel_height * shape->kernel_width *
                    shape->elements * snnrt_element_bytes(shape->triples));
}

/* Consumes hits (see event_hits.h): adds the kernel of every hit as often as it
   counts. kernels: [input_channels][kernel]; touched may be NULL. */
SNNRT_KERNEL void snnrt_lane_conv2d_hits(
    const uint16_t *hits, uint32_t n, uint8_t *counts, const void *kernels,
    void *current, uint32_t *touched, const snnrt_lane_conv2d_shape *shape) {
  const uint32_t positions =
      (uint32_t)(shape->input_height * shape->input_width);
  for (uint32_t i = 0; i < n; ++i) {
    const uint32_t channel = hits[i] / positions;
    const uint32_t position = hits[i] % positions;
    const int32_t y = (int32_t)(position / (uint32_t)shape->input_width);
    const int32_t x = (int32_t)(position % (uint32_t)shape->input_width);
    const snnrt_reach rows = snnrt_reach_at(
        y + shape->padding_top, shape->kernel_height, shape->output_height);
    const snnrt_reach columns = snnrt_reach_at(
        x + shape->padding_left, shape->kernel_width, shape->output_width);
    uint32_t count = counts[hits[i]];
    counts[hits[i]] = 0;
    if (rows.count <= 0 || columns.count <= 0) {
      continue;
    }
    if (touched != NULL) {
      snnrt_touch(touched, &rows, &columns, shape);
    }
    do {
      snnrt_add_kernels((const uint8_t *)kernels +
                            channel * snnrt_kernel_bytes(shape),
                        NULL, false, (uint8_t *)current, &rows, &columns, shape);
    } while (--count != 0);
  }
}

#endif
