/* Convolutions of values, most of which are not zero, whose currents are pooled:
   only those of one row of windows exist at a time. */
#ifndef SNNRT_CONV2D_DOT_POOL2D_H
#define SNNRT_CONV2D_DOT_POOL2D_H

#include "conv2d_dot.h"
#include "max_pool2d.h"
#include "sum_pool2d.h"

/* Defines snnrt_conv2d_dot_<pool>: as snnrt_conv2d_dot_<name> and then
   snnrt_<pool>, without padding and windows that overlap.

   current: [window->input_height][shape->output_width][channels], what it held
   is lost. window: one row of windows. shape: its output_height are the rows of
   all windows. */
#define SNNRT_DEFINE_CONV2D_DOT_POOL2D(pool, name, type, output_type)         \
  SNNRT_KERNEL void snnrt_conv2d_dot_##pool(                                  \
      const int8_t *values, int8_t *strip, int32_t *pairs,                    \
      const int32_t *weights, type *current, output_type *output,             \
      const snnrt_conv2d_shape *shape, const snnrt_pool2d_shape *window) {    \
    const int32_t row = shape->output_width * shape->output_channels;         \
    for (int32_t y = 0; y < shape->output_height;                             \
         y += window->input_height) {                                         \
      for (int32_t i = 0; i < window->input_height; ++i) {                    \
        snnrt_conv2d_dot_row(values, strip, pairs, weights,                   \
                             snnrt_current_##name(current + i * row), y + i,  \
                             shape);                                          \
      }                                                                       \
      snnrt_##pool(current, output, window);                                  \
      output += window->output_width * window->channels;                      \
    }                                                                         \
  }

SNNRT_DEFINE_CONV2D_DOT_POOL2D(max_pool2d_s16, s16, int16_t, int16_t)
SNNRT_DEFINE_CONV2D_DOT_POOL2D(max_pool2d_s32, s32, int32_t, int32_t)
SNNRT_DEFINE_CONV2D_DOT_POOL2D(sum_pool2d_s16_s16, s16, int16_t, int16_t)
SNNRT_DEFINE_CONV2D_DOT_POOL2D(sum_pool2d_s16_s32, s16, int16_t, int32_t)
SNNRT_DEFINE_CONV2D_DOT_POOL2D(sum_pool2d_s32_s32, s32, int32_t, int32_t)

#endif
