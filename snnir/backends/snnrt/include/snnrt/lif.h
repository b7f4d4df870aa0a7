/* Integer leaky integrate-and-fire neurons.

   Per neuron, in exact integers, with membrane U, leak factor m, threshold
   theta and input current:
     leak(u) = (u * m + (round_leak ? 2^14 : 0)) >> 15,  0 <= m <= 2^15
     H(u)    = u > theta (GT) or u >= theta (GE), as 0 or 1
     R = H(U);  x = current * 2^current_shift + bias
     none:             V = leak(U) + x
     subtract:         V = leak(U) + x - R * theta
     subtract_decayed: V = leak(U - R * theta) + x
     zero_before:      V = leak(R ? 0 : U) + x
     zero_after:       V = R ? 0 : leak(U) + x
     V is clamped to the state type if saturate;  S = H(V) is the spike
     delayed:   U := V
     immediate: D = S - R;  U := V - D * theta (subtract, subtract_decayed),
                V - D * V (zero_before, zero_after) or V (none), clamped again
                if saturate.
   Without saturate the caller has proven that V and U fit the state type. */
#ifndef SNNRT_LIF_H
#define SNNRT_LIF_H

#include "lif_channels.h"
#include "lif_packed.h"
#include "lif_wide.h"
#include "neuron_shape.h"

/* Membrane and spike (0/1) of one neuron after a step. */
typedef struct snnrt_lif_result {
  int32_t membrane;
  int32_t spike;
} snnrt_lif_result;

SNNRT_KERNEL int32_t snnrt_fires(int32_t membrane, int32_t threshold,
                                 snnrt_compare compare) {
  return compare == SNNRT_COMPARE_GT ? membrane > threshold
                                     : membrane >= threshold;
}

/* V before clamping. `narrow` tells that the state type is int16. */
SNNRT_KERNEL int64_t snnrt_lif_integrate(int32_t membrane, int64_t drive,
                                         int32_t leak, int32_t threshold,
                                         int32_t fired, bool narrow,
                                         const snnrt_lif_shape *shape) {
  const bool round = shape->round_leak;
  const int64_t removed = fired ? threshold : 0;
  switch (shape->reset) {
    case SNNRT_RESET_SUBTRACT:
      return snnrt_leak(membrane, leak, round, narrow) + drive - removed;
    case SNNRT_RESET_SUBTRACT_DECAYED:
      /* A far negative threshold takes the membrane out of the state type. */
      return snnrt_leak(membrane - removed, leak, round, false) + drive;
    case SNNRT_RESET_ZERO_BEFORE:
      return snnrt_leak(fired ? 0 : membrane, leak, round, narrow) + drive;
    case SNNRT_RESET_ZERO_AFTER:
      return fired ? 0 : snnrt_leak(membrane, leak, round, narrow) + drive;
    case SNNRT_RESET_NONE:
    default:
      return snnrt_leak(membrane, leak, round, narrow) + drive;
  }
}

/* One time step of one neuron; `lowest` is the minimum of the state type. */
SNNRT_KERNEL snnrt_lif_result snnrt_lif_step(int32_t membrane, int64_t drive,
                                             int32_t leak, int32_t threshold,
                                             int32_t lowest,
                                             const snnrt_lif_shape *shape) {
  const int32_t fired = snnrt_fires(membrane, threshold, shape->compare);
  const int32_t next = snnrt_settle(
      snnrt_lif_integrate(membrane, drive, leak, threshold, fired,
                          lowest == INT16_MIN, shape),
      lowest, shape->saturate);
  snnrt_lif_result result = {next,
                             snnrt_fires(next, threshold, shape->compare)};
  if (shape->timing == SNNRT_RESET_IMMEDIATE &&
      shape->reset != SNNRT_RESET_NONE) {
    const bool subtracts = shape->reset == SNNRT_RESET_SUBTRACT ||
                           shape->reset == SNNRT_RESET_SUBTRACT_DECAYED;
    const int64_t removed = subtracts ? threshold : next;
    result.membrane =
        snnrt_settle(next - (result.spike - fired) * removed, lowest,
                     shape->saturate);
  }
  return result;
}

/* Whether 32-bit arithmetic that wraps gives every result: the compiler has
   proven that membranes fit, so only intermediate values may wrap. A decayed
   subtraction is rounded between two additions and needs all bits. */
SNNRT_KERNEL bool snnrt_lif_may_wrap(const snnrt_lif_shape *shape) {
  return !shape->saturate && shape->reset != SNNRT_RESET_SUBTRACT_DECAYED;
}

/* As snnrt_lif_step, for shapes with snnrt_lif_may_wrap; `decayed` is
   the leak of the membrane. The leak of 0 is 0. */
SNNRT_KERNEL snnrt_lif_result snnrt_lif_step_wrapping(
    int32_t membrane, uint32_t drive, int32_t decayed, int32_t threshold,
    const snnrt_lif_shape *shape) {
  const int32_t fired = snnrt_fires(membrane, threshold, shape->compare);
  uint32_t next = (uint32_t)decayed + drive;
  switch (shape->reset) {
    case SNNRT_RESET_SUBTRACT:
      next -= fired ? (uint32_t)threshold : 0;
      break;
    case SNNRT_RESET_ZERO_BEFORE:
      next = fired ? drive : next;
      break;
    case SNNRT_RESET_ZERO_AFTER:
      next = fired ? 0 : next;
      break;
    case SNNRT_RESET_SUBTRACT_DECAYED:
    case SNNRT_RESET_NONE:
    default:
      break;
  }
  snnrt_lif_result result = {(int32_t)next, 0};
  result.spike = snnrt_fires(result.membrane, threshold, shape->compare);
  if (shape->timing == SNNRT_RESET_IMMEDIATE &&
      shape->reset != SNNRT_RESET_NONE) {
    const uint32_t removed =
        shape->reset == SNNRT_RESET_SUBTRACT ? (uint32_t)threshold : next;
    result.membrane =
        (int32_t)(next - (uint32_t)(result.spike - fired) * removed);
  }
  return result;
}

/* Length of a row of neurons. Only per-channel parameters need the channel of a
   neuron, so other layers are a single row. */
SNNRT_KERNEL int32_t snnrt_lif_row(const int32_t *bias,
                                   const snnrt_lif_shape *shape) {
  const bool per_channel =
      shape->leak_extent == SNNRT_EXTENT_CHANNEL ||
      shape->threshold_extent == SNNRT_EXTENT_CHANNEL ||
      (bias != NULL && shape->bias_extent == SNNRT_EXTENT_CHANNEL);
  return per_channel ? shape->channels : shape->positions * shape->channels;
}

/* The kernels snnrt_lif_<state>_<current>.
   membrane: state type [positions][channels], updated in place;
   current: current type [positions][channels]; spikes: int8 0/1 of that shape;
   leak, threshold, bias: int32 by their extents; bias may be NULL for none. */
#define SNNRT_LIF_PARAMETERS(state_type, current_type)                   \
  state_type *restrict membrane, const current_type *restrict current,   \
      int8_t *restrict spikes, const int32_t *restrict leak,             \
      const int32_t *restrict threshold, const int32_t *restrict bias,   \
      const snnrt_lif_shape *shape

/* Defines a helper that updates the neurons of all rows from `first` in each
   row on, one at a time. */
#define SNNRT_DEFINE_LIF_SCALAR(state, state_type, lowest, current_name,    \
                                current_type)                               \
  SNNRT_KERNEL void snnrt_lif_scalar_##state##_##current_name(              \
      SNNRT_LIF_PARAMETERS(state_type, current_type), int32_t first,        \
      int32_t row) {                                                        \
    const int32_t neurons = shape->positions * shape->channels;             \
    const bool narrow = (lowest) == INT16_MIN;                              \
    const int32_t shift = shape->leak_extent == SNNRT_EXTENT_LAYER          \
                              ? snnrt_leak_shift(leak[0])                   \
                              : -1;                                         \
    for (int32_t begin = 0; begin < neurons; begin += row) {                \
      for (int32_t c = first; c < row; ++c) {                               \
        const int32_t i = begin + c;                                        \
        const int32_t factor =                                              \
            leak[snnrt_extent_index(shape->leak_extent, i, c)];             \
        const int32_t level =                                               \
            threshold[snnrt_extent_index(shape->threshold_extent, i, c)];   \
        const int32_t offset = snnrt_bias(bias, i, c, shape);               \
        snnrt_lif_result result;                                            \
        if (snnrt_lif_may_wrap(shape)) {                                    \
          const int32_t decayed =                                           \
              shift >= 0 ? snnrt_leak_by_shift(membrane[i], shift,          \
                                               shape->round_leak)           \
              : narrow                                                      \
                  ? (int32_t)snnrt_leak(membrane[i], factor,                \
                                        shape->round_leak, true)            \
                  : snnrt_leak_wide(membrane[i], factor,                    \
                                    shape->round_leak);                     \
          const uint32_t drive =                                            \
              ((uint32_t)current[i] << shape->current_shift) +              \
              (uint32_t)offset;                                             \
          result = snnrt_lif_step_wrapping(membrane[i], drive, decayed,     \
                                           level, shape);                   \
        } else {                                                            \
          result = snnrt_lif_step(                                          \
              membrane[i],                                                  \
              snnrt_drive(current[i], shape->current_shift, offset),        \
              factor, level, lowest, shape);                                \
        }                                                                   \
        membrane[i] = (state_type)result.membrane;                          \
        spikes[i] = (int8_t)result.spike;                                   \
      }                                                                     \
    }                                                                       \
  }

/* Whether a parameter differs between the positions of a channel. */
SNNRT_KERNEL bool snnrt_lif_per_neuron(const int32_t *bias,
                                       const snnrt_lif_shape *shape) {
  return shape->leak_extent == SNNRT_EXTENT_NEURON ||
         shape->threshold_extent == SNNRT_EXTENT_NEURON ||
         (bias != NULL && shape->bias_extent == SNNRT_EXTENT_NEURON);
}

/* Defines a helper that updates complete groups of `2 * pairs` neurons from
   `first` in each row on, and returns where it ends. Rows are the inner loop so
   that the parameters of channels are packed once. */
#define SNNRT_DEFINE_LIF_GROUPS(current_name, current_type)                   \
  SNNRT_KERNEL int32_t snnrt_lif_groups_s16_##current_name(                   \
      SNNRT_LIF_PARAMETERS(int16_t, current_type), int32_t first,             \
      int32_t row, int32_t pairs) {                                           \
    const int32_t neurons = shape->positions * shape->channels;               \
    const snnrt_leak_kind kind = snnrt_leak_kind_of(leak, shape);             \
    const bool per_neuron = snnrt_lif_per_neuron(bias, shape);                \
    int32_t c = first;                                                        \
    for (; c + 2 * pairs <= row; c += 2 * pairs) {                            \
      snnrt_lif_pair_parameters low = snnrt_lif_pair_parameters_of(           \
          leak, threshold, bias, c, c, shape);                                \
      snnrt_lif_pair_parameters high =                                        \
          pairs == 1 ? low                                                    \
                     : snnrt_lif_pair_parameters_of(leak, threshold, bias,    \
                                                    c + 2, c + 2, shape);     \
      SNNRT_KEEP_LOOP                                                         \
      for (int32_t i = c; i < neurons; i += row) {                            \
        if (per_neuron) {                                                     \
          low = snnrt_lif_pair_parameters_of(leak, threshold, bias, i, c,     \
                                             shape);                          \
        }                                                                     \
        if (per_neuron && pairs == 2) {                                       \
          high = snnrt_lif_pair_parameters_of(leak, threshold, bias, i + 2,   \
                                              c + 2, shape);                  \
        }                                                                     \
        const snnrt_lif_pair a = snnrt_lif_pair_update(                       \
            snnrt_load32(membrane + i),                                       \
            snnrt_current_lanes_##current_name(current + i), &low, kind,      \
            bias != NULL, shape);                                             \
        if (pairs == 1) {                                                     \
          snnrt_store32(membrane + i, a.membranes);                           \
          snnrt_store16(spikes + i, a.spikes >> 8);                           \
          continue;                                                           \
        }                                                                     \
        const snnrt_lif_pair b = snnrt_lif_pair_update(                       \
            snnrt_load32(membrane + i + 2),                                   \
            snnrt_current_lanes_##current_name(current + i + 2), &high, kind, \
            bias != NULL, shape);                                             \
        snnrt_store32(membrane + i, a.membranes);                             \
        snnrt_store32(membrane + i + 2, b.membranes);                         \
        snnrt_store32(spikes + i, snnrt_pack_middle8(a.spikes, b.spikes));    \
      }                                                                       \
    }                                                                         \
    return c;                                                                 \
  }

#define SNNRT_DEFINE_LIF_S16(current_name, current_type)                      \
  SNNRT_DEFINE_LIF_SCALAR(s16, int16_t, INT16_MIN, current_name,              \
                          current_type)                                       \
  SNNRT_DEFINE_LIF_GROUPS(current_name, current_type)                         \
  SNNRT_KERNEL void snnrt_lif_s16_##current_name(                             \
      SNNRT_LIF_PARAMETERS(int16_t, current_type)) {                          \
    const int32_t row = snnrt_lif_row(bias, shape);                           \
    int32_t done = 0;                                                         \
    if (sizeof(current_type) == 2 && snnrt_lif_by_channels(bias, shape)) {    \
      done = snnrt_lif_channels(membrane,                                     \
                                (const int16_t *)(const void *)current,       \
                                spikes, leak, threshold, bias, shape);        \
    } else if (snnrt_lif_packable(shape)) {                                   \
      done = snnrt_lif_groups_s16_##current_name(                             \
          membrane, current, spikes, leak, threshold, bias, shape, 0, row, 2);\
      done = snnrt_lif_groups_s16_##current_name(                             \
          membrane, current, spikes, leak, threshold, bias, shape, done, row, \
          1);                                                                 \
    }                                                                         \
    snnrt_lif_scalar_s16_##current_name(membrane, current, spikes, leak,      \
                                        threshold, bias, shape, done, row);   \
  }

#define SNNRT_DEFINE_LIF_S32(current_name, current_type)                      \
  SNNRT_DEFINE_LIF_SCALAR(s32, int32_t, INT32_MIN, current_name,              \
                          current_type)                                       \
  SNNRT_KERNEL void snnrt_lif_s32_##current_name(                             \
      SNNRT_LIF_PARAMETERS(int32_t, current_type)) {                          \
    const int32_t row = snnrt_lif_row(bias, shape);                           \
    int32_t done = 0;                                                         \
    if (snnrt_lif_wide_exact(shape, sizeof(current_type) == 2)) {             \
      done = snnrt_lif_wide_##current_name(membrane, current, spikes, leak,   \
                                           threshold, bias, shape, row);      \
    }                                                                         \
    snnrt_lif_scalar_s32_##current_name(membrane, current, spikes, leak,      \
                                        threshold, bias, shape, done, row);   \
  }

SNNRT_DEFINE_LIF_S16(s8, int8_t)
SNNRT_DEFINE_LIF_S16(s16, int16_t)
SNNRT_DEFINE_LIF_S16(s32, int32_t)
SNNRT_DEFINE_LIF_S32(s8, int8_t)
SNNRT_DEFINE_LIF_S32(s16, int16_t)
SNNRT_DEFINE_LIF_S32(s32, int32_t)

#endif
