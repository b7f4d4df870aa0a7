/* Leaky integrators without spikes, for readout layers.

   U := leak(U) + x with leak and x as in lif.h; saturated or proven to fit the
   state type as the shape says. Only positions, channels, current_shift,
   round_leak, saturate, leak_extent and bias_extent of the shape are used. */
#ifndef SNNRT_LI_H
#define SNNRT_LI_H

#include "neuron_shape.h"

/* Defines snnrt_li_<state>_<current>.
   membrane: state_type[positions][channels], updated in place;
   current: current_type[positions][channels];
   leak: int32 by leak_extent, 0 .. 32768; bias: int32 by bias_extent, or NULL
   for none. */
#define SNNRT_DEFINE_LI(state, state_type, lowest, current_name, current_type) \
  SNNRT_KERNEL void snnrt_li_##state##_##current_name(                         \
      state_type *restrict membrane, const current_type *restrict current,     \
      const int32_t *restrict leak, const int32_t *restrict bias,              \
      const snnrt_lif_shape *shape) {                                          \
    int32_t i = 0;                                                             \
    for (int32_t position = 0; position < shape->positions; ++position) {      \
      for (int32_t c = 0; c < shape->channels; ++c, ++i) {                     \
        const int32_t factor =                                                 \
            leak[snnrt_extent_index(shape->leak_extent, i, c)];                \
        const int64_t next =                                                   \
            snnrt_leak(membrane[i], factor, shape->round_leak,                 \
                       sizeof(state_type) == 2) +                              \
            snnrt_drive(current[i], shape->current_shift,                      \
                        snnrt_bias(bias, i, c, shape));                        \
        membrane[i] = (state_type)snnrt_settle(next, lowest, shape->saturate); \
      }                                                                        \
    }                                                                          \
  }

SNNRT_DEFINE_LI(s16, int16_t, INT16_MIN, s8, int8_t)
SNNRT_DEFINE_LI(s16, int16_t, INT16_MIN, s16, int16_t)
SNNRT_DEFINE_LI(s16, int16_t, INT16_MIN, s32, int32_t)
SNNRT_DEFINE_LI(s32, int32_t, INT32_MIN, s8, int8_t)
SNNRT_DEFINE_LI(s32, int32_t, INT32_MIN, s16, int16_t)
SNNRT_DEFINE_LI(s32, int32_t, INT32_MIN, s32, int32_t)

#endif
