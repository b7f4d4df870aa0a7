/* Shape and window arithmetic of two-dimensional pooling. */
#ifndef SNNRT_POOL2D_SHAPE_H
#define SNNRT_POOL2D_SHAPE_H

#include "base.h"

/* Input [input_height][input_width][channels], output
   [output_height][output_width][channels]. Bottom and right padding follow
   from the output extents. */
typedef struct snnrt_pool2d_shape {
  int32_t input_height, input_width, channels;
  int32_t output_height, output_width;
  int32_t kernel_height, kernel_width;
  int32_t stride_height, stride_width;
  int32_t padding_top, padding_left;
} snnrt_pool2d_shape;

/* The part of one pooling window that lies inside the input: rows
   [row_begin, row_end) and columns [column_begin, column_end). */
typedef struct snnrt_pool_window {
  int32_t row_begin, row_end, column_begin, column_end;
} snnrt_pool_window;

/* Clips the window of output (y, x) to the input. */
SNNRT_KERNEL snnrt_pool_window snnrt_pool_window_at(
    int32_t y, int32_t x, const snnrt_pool2d_shape *shape) {
  const int32_t top = y * shape->stride_height - shape->padding_top;
  const int32_t left = x * shape->stride_width - shape->padding_left;
  const snnrt_pool_window window = {
      snnrt_max(top, 0),
      snnrt_min(top + shape->kernel_height, shape->input_height),
      snnrt_max(left, 0),
      snnrt_min(left + shape->kernel_width, shape->input_width)};
  return window;
}

/* Whether windows may reach beyond the input, so that some are clipped. */
SNNRT_KERNEL bool snnrt_pool_is_padded(const snnrt_pool2d_shape *shape) {
  return shape->padding_top > 0 || shape->padding_left > 0 ||
         (shape->output_height - 1) * shape->stride_height +
                 shape->kernel_height > shape->input_height ||
         (shape->output_width - 1) * shape->stride_width +
                 shape->kernel_width > shape->input_width;
}

SNNRT_KERNEL bool snnrt_pool_is_clipped(snnrt_pool_window window,
                                        const snnrt_pool2d_shape *shape) {
  return window.row_end - window.row_begin < shape->kernel_height ||
         window.column_end - window.column_begin < shape->kernel_width;
}

/* A window that is not clipped: how large it is does not depend on where it
   begins, so that compilers unroll the loops over it. */
SNNRT_KERNEL snnrt_pool_window snnrt_pool_whole_window(
    snnrt_pool_window window, const snnrt_pool2d_shape *shape) {
  window.row_end = window.row_begin + shape->kernel_height;
  window.column_end = window.column_begin + shape->kernel_width;
  return window;
}

/* Defines snnrt_<kind>2d_<name>, which calls snnrt_<kind>_at_<name> for the
   window of every output. Those that the border clips, which compilers cannot
   unroll, have a call of their own. */
#define SNNRT_DEFINE_POOL2D(kind, name, input_type, output_type)              \
  SNNRT_KERNEL void snnrt_##kind##2d_##name(                                  \
      const input_type *input, output_type *output,                           \
      const snnrt_pool2d_shape *shape) {                                      \
    for (int32_t y = 0; y < shape->output_height; ++y) {                      \
      for (int32_t x = 0; x < shape->output_width; ++x) {                     \
        const snnrt_pool_window window = snnrt_pool_window_at(y, x, shape);   \
        if (snnrt_pool_is_padded(shape) &&                                    \
            snnrt_pool_is_clipped(window, shape)) {                           \
          snnrt_##kind##_at_##name(input, output, window, shape);             \
        } else {                                                              \
          snnrt_##kind##_at_##name(                                           \
              input, output, snnrt_pool_whole_window(window, shape), shape);  \
        }                                                                     \
        output += shape->channels;                                            \
      }                                                                       \
    }                                                                         \
  }

#endif
