/* Two-dimensional sum pooling: average pooling whose division the compiler has
   moved into the following weights.

   input: [input_height][input_width][channels], output:
   [output_height][output_width][channels]. Each output is the exact sum of its
   window; padded positions count as 0. The caller guarantees that the sums fit
   the output type. Without padding, and where both types are the same, `output`
   may be `input`: no window begins before its output. */
#ifndef SNNRT_SUM_POOL2D_H
#define SNNRT_SUM_POOL2D_H

#include "packed.h"
#include "pool2d_shape.h"

/* Sum over a window of the packed word at `input` + an offset that is the same
   for all elements; parameters as in snnrt_max_pool_word. */
SNNRT_KERNEL uint32_t snnrt_sum_pool_word(const uint8_t *input,
                                          snnrt_pool_window window,
                                          int32_t width, int32_t bytes,
                                          int32_t lanes) {
  uint32_t sum = 0;
  SNNRT_UNROLL_WINDOW
  for (int32_t y = window.row_begin; y < window.row_end; ++y) {
    SNNRT_UNROLL_WINDOW
    for (int32_t x = window.column_begin; x < window.column_end; ++x) {
      const uint32_t word = snnrt_load32(input + (y * width + x) * bytes);
      sum = lanes == 4 ? snnrt_sadd8(sum, word) : snnrt_sadd16(sum, word);
    }
  }
  return sum;
}

/* Sums over a window of four int8 channels at `input`, as above, into int16. */
SNNRT_KERNEL void snnrt_sum_pool_quad(const uint8_t *input, uint8_t *output,
                                      snnrt_pool_window window, int32_t width,
                                      int32_t bytes) {
  uint32_t even = 0, odd = 0;
  SNNRT_UNROLL_WINDOW
  for (int32_t y = window.row_begin; y < window.row_end; ++y) {
    SNNRT_UNROLL_WINDOW
    for (int32_t x = window.column_begin; x < window.column_end; ++x) {
      const uint32_t word = snnrt_load32(input + (y * width + x) * bytes);
      even = snnrt_sxtab16(even, word);
      odd = snnrt_sxtab16_ror8(odd, word);
    }
  }
  snnrt_store32(output, snnrt_join16((int32_t)even, (int32_t)(odd << 16)));
  snnrt_store32(output + 4, snnrt_pack_high16((int32_t)even, (int32_t)odd));
}

/* Sums over a window for all complete words of channels; returns the number of
   channels done. Elements have `size` bytes, those of the output `output_size`:
   as many, or two for one. */
SNNRT_KERNEL int32_t snnrt_sum_pool_words(const void *input, void *output,
                                          snnrt_pool_window window,
                                          int32_t size, int32_t output_size,
                                          const snnrt_pool2d_shape *shape) {
  const int32_t lanes = 4 / size, done = shape->channels / lanes * lanes;
  for (int32_t c = 0; c < done; c += lanes) {
    const uint8_t *const read = (const uint8_t *)input + c * size;
    uint8_t *const written = (uint8_t *)output + c * output_size;
    const int32_t width = shape->input_width, bytes = shape->channels * size;
    if (size == output_size) {
      snnrt_store32(written,
                    snnrt_sum_pool_word(read, window, width, bytes, lanes));
    } else {
      snnrt_sum_pool_quad(read, written, window, width, bytes);
    }
  }
  return done;
}

/* Defines snnrt_sum_pool2d_<name>: window sums from `input_type` to
   `output_type`, of which words are summed if `packed`. */
#define SNNRT_DEFINE_SUM_POOL(name, input_type, output_type, packed)          \
  SNNRT_KERNEL void snnrt_sum_pool_window_##name(                             \
      const input_type *input, output_type *output, snnrt_pool_window window, \
      int32_t first_channel, const snnrt_pool2d_shape *shape) {               \
    for (int32_t c = first_channel; c < shape->channels; ++c) {               \
      int32_t sum = 0;                                                        \
      for (int32_t y = window.row_begin; y < window.row_end; ++y) {           \
        for (int32_t x = window.column_begin; x < window.column_end; ++x) {   \
          sum += input[(y * shape->input_width + x) * shape->channels + c];   \
        }                                                                     \
      }                                                                       \
      output[c] = (output_type)sum;                                           \
    }                                                                         \
  }                                                                           \
  SNNRT_KERNEL void snnrt_sum_pool_at_##name(                                 \
      const input_type *input, output_type *output, snnrt_pool_window window, \
      const snnrt_pool2d_shape *shape) {                                      \
    const int32_t done =                                                      \
        SNNRT_PACKED && packed                                                \
            ? snnrt_sum_pool_words(input, output, window, sizeof *input,      \
                                   sizeof *output, shape)                     \
            : 0;                                                              \
    snnrt_sum_pool_window_##name(input, output, window, done, shape);         \
  }                                                                           \
  SNNRT_DEFINE_POOL2D(sum_pool, name, input_type, output_type)

SNNRT_DEFINE_SUM_POOL(s8_s8, int8_t, int8_t, true)
SNNRT_DEFINE_SUM_POOL(s8_s16, int8_t, int16_t, true)
SNNRT_DEFINE_SUM_POOL(s16_s16, int16_t, int16_t, true)
SNNRT_DEFINE_SUM_POOL(s16_s32, int16_t, int32_t, false)
SNNRT_DEFINE_SUM_POOL(s32_s32, int32_t, int32_t, false)

#endif
