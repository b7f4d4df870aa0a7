/* Leaky integrate-and-fire on two int32 membranes at a time, without branches.

   Used by lif.h where it gives the same bits as the general kernel: arithmetic
   wraps modulo 2^32, which is exact because the caller has proven that
   membranes fit, and one leak factor serves the whole layer. */
#ifndef SNNRT_LIF_WIDE_H
#define SNNRT_LIF_WIDE_H

#include "lif_packed.h"
#include "neuron_shape.h"
#include "packed.h"

/* What the neurons of a layer have in common. A leak by `shift`, unless that is
   negative, else by `factor`. */
typedef struct snnrt_wide_leak {
  int32_t shift, factor;
} snnrt_wide_leak;

/* snnrt_leak of a 32-bit membrane. The factor, as a fraction of 2^32, enters the
   product as a signed integer: from 1/2 on it is less by 1, and the membrane
   itself is missing in the result. */
SNNRT_KERNEL int32_t snnrt_leak_wide(int32_t membrane, int32_t factor,
                                     bool round) {
  const int32_t scaled =
      (int32_t)((uint32_t)factor << (32 - SNNRT_LEAK_BITS));
  const int32_t missing =
      factor >= 1 << (SNNRT_LEAK_BITS - 1) ? membrane : 0;
  return round ? snnrt_smmlar(membrane, scaled, missing)
               : snnrt_smmla(membrane, scaled, missing);
}

/* The distance of a membrane from its threshold, saturated: negative if and
   only if it is above (GT), or below (GE). */
SNNRT_KERNEL int32_t snnrt_wide_distance(int32_t membrane, int32_t threshold,
                                         snnrt_compare compare) {
  return compare == SNNRT_COMPARE_GT ? snnrt_qsub(threshold, membrane)
                                     : snnrt_qsub(membrane, threshold);
}

/* All bits of a neuron that fires, by its distance. */
SNNRT_KERNEL uint32_t snnrt_wide_mask(int32_t distance, snnrt_compare compare) {
  const uint32_t negative = (uint32_t)(distance >> 31);
  return compare == SNNRT_COMPARE_GT ? negative : ~negative;
}

/* Membrane after a step, and its distance before a reset in the same step. */
typedef struct snnrt_wide_result {
  int32_t membrane, distance;
} snnrt_wide_result;

/* One time step of one neuron with `drive` = current * 2^shift + bias. */
SNNRT_KERNEL snnrt_wide_result snnrt_wide_step(int32_t membrane, uint32_t drive,
                                               int32_t threshold,
                                               snnrt_wide_leak leak,
                                               const snnrt_lif_shape *shape) {
  const uint32_t level = (uint32_t)threshold;
  const bool resets = shape->reset != SNNRT_RESET_NONE;
  const uint32_t fired =
      resets ? snnrt_wide_mask(
                   snnrt_wide_distance(membrane, threshold, shape->compare),
                   shape->compare)
             : 0;
  const int32_t kept = shape->reset == SNNRT_RESET_ZERO_BEFORE
                           ? (int32_t)((uint32_t)membrane & ~fired)
                           : membrane;
  uint32_t next =
      (uint32_t)(leak.shift >= 0
                     ? snnrt_leak_by_shift(kept, leak.shift, shape->round_leak)
                     : snnrt_leak_wide(kept, leak.factor, shape->round_leak)) +
      drive;
  if (shape->reset == SNNRT_RESET_SUBTRACT) {
    next -= level & fired;
  } else if (shape->reset == SNNRT_RESET_ZERO_AFTER) {
    next &= ~fired;
  }
  const int32_t distance =
      snnrt_wide_distance((int32_t)next, threshold, shape->compare);
  if (resets && shape->timing == SNNRT_RESET_IMMEDIATE) {
    const uint32_t removed = shape->reset == SNNRT_RESET_SUBTRACT ? level : next;
    next -= removed & snnrt_wide_mask(distance, shape->compare);
    next += removed & fired;
  }
  const snnrt_wide_result result = {(int32_t)next, distance};
  return result;
}

/* The spike of a neuron, by its distance. */
SNNRT_KERNEL int32_t snnrt_wide_spike(int32_t distance, snnrt_compare compare) {
  const uint32_t negative = (uint32_t)distance >> 31;
  return (int32_t)(compare == SNNRT_COMPARE_GT ? negative : negative ^ 1u);
}

/* Stores two integers; the pointer advances. */
SNNRT_KERNEL void snnrt_put_two(int32_t **values, snnrt_two two) {
#if SNNRT_DSP
  __asm__ volatile("strd %1, %2, [%0], #8"
                   : "+r"(*values)
                   : "r"(two.first), "r"(two.second)
                   : "memory");
#else
  (*values)[0] = two.first;
  (*values)[1] = two.second;
  *values += 2;
#endif
}

/* Stores the low byte; the pointer advances. */
SNNRT_KERNEL void snnrt_put_byte(int8_t **bytes, int32_t byte) {
#if SNNRT_DSP
  __asm__ volatile("strb %1, [%0], #1" : "+r"(*bytes) : "r"(byte) : "memory");
#else
  *(*bytes)++ = (int8_t)byte;
#endif
}

/* sum + the next two currents * scale, modulo 2^32; the pointer advances. */
SNNRT_KERNEL snnrt_two snnrt_add_next_s8(const int8_t **current, int32_t scale,
                                         snnrt_two sum) {
  const uint32_t factor = (uint32_t)scale;
  const snnrt_two result = {
      (int32_t)((uint32_t)sum.first + (uint32_t)(*current)[0] * factor),
      (int32_t)((uint32_t)sum.second + (uint32_t)(*current)[1] * factor)};
  *current += 2;
  return result;
}

/* The same for int16 currents and a scale below 2^15. */
SNNRT_KERNEL snnrt_two snnrt_add_next_s16(const int16_t **current,
                                          int32_t scale, snnrt_two sum) {
#if SNNRT_DSP
  uint32_t lanes;
  __asm__ volatile("ldr %0, [%1], #4" : "=r"(lanes), "+r"(*current)::"memory");
#else
  const uint32_t lanes = snnrt_load32(*current);
  *current += 2;
#endif
  const snnrt_two result = {snnrt_smlabb(lanes, scale, sum.first),
                            snnrt_smlatb(lanes, scale, sum.second)};
  return result;
}

/* The same for int32 currents. */
SNNRT_KERNEL snnrt_two snnrt_add_next_s32(const int32_t **current,
                                          int32_t scale, snnrt_two sum) {
  const uint32_t factor = (uint32_t)scale;
  const snnrt_two next = snnrt_next_two(current);
  const snnrt_two result = {
      (int32_t)((uint32_t)sum.first + (uint32_t)next.first * factor),
      (int32_t)((uint32_t)sum.second + (uint32_t)next.second * factor)};
  return result;
}

/* Whether the kernels below are exact; `narrow` tells that currents are
   int16. */
SNNRT_KERNEL bool snnrt_lif_wide_exact(const snnrt_lif_shape *shape,
                                       bool narrow) {
  return SNNRT_PACKED && !shape->saturate &&
         shape->reset != SNNRT_RESET_SUBTRACT_DECAYED &&
         shape->leak_extent == SNNRT_EXTENT_LAYER &&
         !(narrow && shape->current_shift > 14);
}

/* The next two parameters; the pointer advances unless the layer has one. */
SNNRT_KERNEL snnrt_two snnrt_next_parameters(const int32_t **values,
                                             snnrt_extent extent,
                                             int32_t common) {
  if (extent != SNNRT_EXTENT_LAYER) {
    return snnrt_next_two(values);
  }
  const snnrt_two two = {common, common};
  return two;
}

/* Where a loop over the pairs of neurons is, and what all of them share. */
typedef struct snnrt_wide_cursor {
  int32_t *membrane;
  int8_t *spikes;
  const int32_t *levels, *offsets;
  int32_t scale, common_level, common_offset;
  snnrt_wide_leak leak;
} snnrt_wide_cursor;

/* One time step of the next two neurons; `offset_extent` is that of the bias. */
#define SNNRT_DEFINE_WIDE_PAIR(current_name, current_type)                    \
  SNNRT_KERNEL void snnrt_wide_pair_##current_name(                           \
      snnrt_wide_cursor *at, const current_type **current,                    \
      snnrt_extent offset_extent, const snnrt_lif_shape *shape) {             \
    const snnrt_two level = snnrt_next_parameters(                            \
        &at->levels, shape->threshold_extent, at->common_level);              \
    const snnrt_two drive = snnrt_add_next_##current_name(                    \
        current, at->scale,                                                   \
        snnrt_next_parameters(&at->offsets, offset_extent,                    \
                              at->common_offset));                            \
    snnrt_two state = {at->membrane[0], at->membrane[1]};                     \
    const snnrt_wide_result a =                                               \
        snnrt_wide_step(state.first, (uint32_t)drive.first, level.first,      \
                        at->leak, shape);                                     \
    const snnrt_wide_result b =                                               \
        snnrt_wide_step(state.second, (uint32_t)drive.second, level.second,   \
                        at->leak, shape);                                     \
    state.first = a.membrane;                                                 \
    state.second = b.membrane;                                                \
    snnrt_put_two(&at->membrane, state);                                      \
    snnrt_put_byte(&at->spikes,                                               \
                   snnrt_wide_spike(a.distance, shape->compare));             \
    snnrt_put_byte(&at->spikes,                                               \
                   snnrt_wide_spike(b.distance, shape->compare));             \
  }

/* Defines a helper that updates the pairs of neurons of each row and returns
   where they end in a row. */
#define SNNRT_DEFINE_LIF_WIDE(current_name, current_type)                     \
  SNNRT_DEFINE_WIDE_PAIR(current_name, current_type)                          \
  SNNRT_KERNEL int32_t snnrt_lif_wide_##current_name(                         \
      int32_t *membrane, const current_type *current, int8_t *spikes,         \
      const int32_t *leak, const int32_t *threshold, const int32_t *bias,     \
      const snnrt_lif_shape *shape, int32_t row) {                            \
    const int8_t *const end = spikes + shape->positions * shape->channels;    \
    const snnrt_extent offset_extent =                                        \
        bias == NULL ? SNNRT_EXTENT_LAYER : shape->bias_extent;               \
    const int32_t odd = row & 1;                                              \
    snnrt_wide_cursor at = {                                                  \
        membrane,     spikes,                                                 \
        threshold,    bias,                                                   \
        (int32_t)(UINT32_C(1) << shape->current_shift),                       \
        threshold[0], bias == NULL ? 0 : bias[0],                             \
        {snnrt_leak_shift(leak[0]), leak[0]}};                                \
    while (at.spikes != end && row > 1) {                                     \
      const int8_t *const row_end = at.spikes + (row - odd);                  \
      if (shape->threshold_extent == SNNRT_EXTENT_CHANNEL) {                  \
        at.levels = threshold;                                                \
      }                                                                       \
      if (offset_extent == SNNRT_EXTENT_CHANNEL) {                            \
        at.offsets = bias;                                                    \
      }                                                                       \
      do {                                                                    \
        snnrt_wide_pair_##current_name(&at, &current, offset_extent, shape);  \
        if (row % 4 == 0) {                                                   \
          snnrt_wide_pair_##current_name(&at, &current, offset_extent, shape);\
        }                                                                     \
      } while (at.spikes != row_end);                                         \
      at.membrane += odd;                                                     \
      current += odd;                                                         \
      at.spikes += odd;                                                       \
      if (shape->threshold_extent == SNNRT_EXTENT_NEURON) {                   \
        at.levels += odd;                                                     \
      }                                                                       \
      if (offset_extent == SNNRT_EXTENT_NEURON) {                             \
        at.offsets += odd;                                                    \
      }                                                                       \
    }                                                                         \
    return row - odd;                                                         \
  }

SNNRT_DEFINE_LIF_WIDE(s8, int8_t)
SNNRT_DEFINE_LIF_WIDE(s16, int16_t)
SNNRT_DEFINE_LIF_WIDE(s32, int32_t)

#endif
