/* Element-wise multiplication by integer factors. */
#ifndef SNNRT_SCALE_H
#define SNNRT_SCALE_H

#include "base.h"

/* Defines snnrt_scale_<in>_<out>: out = in * factor, where factor holds one
   int32 for the layer, per channel or per neuron. in and out:
   [positions][channels]. The caller guarantees that every product fits the
   output type. `out` may be `in` where both types are the same. */
#define SNNRT_DEFINE_SCALE(name, in_type, out_type)                           \
  SNNRT_KERNEL void snnrt_scale_##name(                                       \
      const in_type *in, out_type *out, const int32_t *factor,                \
      snnrt_extent extent, int32_t positions, int32_t channels) {             \
    int32_t i = 0;                                                            \
    for (int32_t position = 0; position < positions; ++position) {            \
      for (int32_t c = 0; c < channels; ++c, ++i) {                           \
        out[i] =                                                              \
            (out_type)(in[i] * factor[snnrt_extent_index(extent, i, c)]);     \
      }                                                                       \
    }                                                                         \
  }

SNNRT_DEFINE_SCALE(s8_s8, int8_t, int8_t)
SNNRT_DEFINE_SCALE(s8_s16, int8_t, int16_t)
SNNRT_DEFINE_SCALE(s8_s32, int8_t, int32_t)
SNNRT_DEFINE_SCALE(s16_s16, int16_t, int16_t)
SNNRT_DEFINE_SCALE(s16_s32, int16_t, int32_t)
SNNRT_DEFINE_SCALE(s32_s16, int32_t, int16_t)
SNNRT_DEFINE_SCALE(s32_s32, int32_t, int32_t)

#endif
