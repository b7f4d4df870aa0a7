/* Integer neurons with an alpha-shaped synapse.

   Per neuron, in exact integers, with states e (excitatory), i (inhibitory) and
   U (membrane), leak, H and x as in lif.h, and the leak factors a and b:
     R  = H(U)
     e1 = leak_a(e) + x;  i1 = leak_b(i) - x;  V = e1 + i1
     none:       e := e1;          i := i1;          U := V
     zero_after: e := R ? 0 : e1;  i := R ? 0 : i1;  U := R ? 0 : V
     subtract:   U := V + (R ? recall(i) : 0) with the old i, where
                 recall(i) = (i * recall + (round_leak ? 2^14 : 0)) >> 15;
                 e := e1 - R * decrement;  i := R ? 0 : i1
     H(U) of the new U is the spike.
   With saturate e1, i1, U and the new e are each clamped to the state type;
   without it the caller has proven that they and e1 + i1 fit it. */
#ifndef SNNRT_ALPHA_H
#define SNNRT_ALPHA_H

#include "lif.h"
#include "neuron_shape.h"

/* A layer of positions * channels neurons in HWC order; fields as in
   snnrt_lif_shape. The reset is NONE, SUBTRACT or ZERO_AFTER; of other resets
   than SUBTRACT the last three fields are not used. recall_leaks promises that
   every recall is a leak factor, 0 .. 32768. */
typedef struct snnrt_alpha_shape {
  int32_t positions, channels;
  snnrt_reset reset;
  snnrt_compare compare;
  int32_t current_shift;
  bool round_leak;
  bool saturate;
  snnrt_extent excitatory_leak_extent, inhibitory_leak_extent;
  snnrt_extent threshold_extent, bias_extent;
  snnrt_extent decrement_extent, recall_extent;
  bool recall_leaks;
} snnrt_alpha_shape;

/* States of one neuron. */
typedef struct snnrt_alpha_states {
  int32_t excitatory, inhibitory, membrane;
} snnrt_alpha_states;

/* Parameters of one neuron, those of SUBTRACT last. */
typedef struct snnrt_alpha_neuron {
  int32_t excitatory_leak, inhibitory_leak, threshold, decrement, recall;
} snnrt_alpha_neuron;

/* Leak of a state; `narrow` tells that the state type is int16. */
SNNRT_KERNEL int32_t snnrt_alpha_leak(int32_t state, int32_t factor,
                                      bool narrow, bool round) {
  return narrow ? (int32_t)snnrt_leak(state, factor, round, true)
                : snnrt_leak_wide(state, factor, round);
}

/* recall(i), which 32 bits need not hold. */
SNNRT_KERNEL int64_t snnrt_alpha_recall(int32_t inhibitory, int32_t recall,
                                        const snnrt_alpha_shape *shape) {
  const int32_t half = shape->round_leak ? 1 << (SNNRT_LEAK_BITS - 1) : 0;
  if (shape->recall_leaks) {
    return snnrt_leak_wide(inhibitory, recall, shape->round_leak);
  }
  return ((int64_t)inhibitory * recall + half) >> SNNRT_LEAK_BITS;
}

/* One time step of one neuron whose states are clamped; `lowest` is the minimum
   of their type. */
SNNRT_KERNEL snnrt_alpha_states snnrt_alpha_step_clamped(
    snnrt_alpha_states old, int64_t drive, const snnrt_alpha_neuron *neuron,
    int32_t lowest, const snnrt_alpha_shape *shape) {
  const bool narrow = lowest == INT16_MIN, round = shape->round_leak;
  const bool fired =
      snnrt_fires(old.membrane, neuron->threshold, shape->compare) != 0;
  const int32_t kept = snnrt_alpha_leak(old.excitatory,
                                        neuron->excitatory_leak, narrow, round);
  const int32_t left = snnrt_alpha_leak(old.inhibitory,
                                        neuron->inhibitory_leak, narrow, round);
  snnrt_alpha_states next = {snnrt_settle(kept + drive, lowest, true),
                             snnrt_settle(left - drive, lowest, true), 0};
  int64_t membrane = (int64_t)next.excitatory + next.inhibitory;
  if (fired && shape->reset == SNNRT_RESET_SUBTRACT) {
    membrane += snnrt_alpha_recall(old.inhibitory, neuron->recall, shape);
    next.excitatory = snnrt_settle((int64_t)next.excitatory - neuron->decrement,
                                   lowest, true);
    next.inhibitory = 0;
  } else if (fired && shape->reset == SNNRT_RESET_ZERO_AFTER) {
    next.excitatory = next.inhibitory = 0;
    membrane = 0;
  }
  next.membrane = snnrt_settle(membrane, lowest, true);
  return next;
}

/* All bits of a neuron that fires. */
SNNRT_KERNEL uint32_t snnrt_alpha_fired(snnrt_alpha_states states,
                                        const snnrt_alpha_neuron *neuron,
                                        const snnrt_alpha_shape *shape) {
  return snnrt_wide_mask(snnrt_wide_distance(states.membrane, neuron->threshold,
                                             shape->compare),
                         shape->compare);
}

/* The same of a neuron whose states fit, modulo 2^32 and without branches;
   `spiked` is snnrt_alpha_fired of the old states. */
SNNRT_KERNEL snnrt_alpha_states snnrt_alpha_step_wrapping(
    snnrt_alpha_states old, uint32_t spiked, uint32_t drive,
    const snnrt_alpha_neuron *neuron, bool narrow,
    const snnrt_alpha_shape *shape) {
  const bool round = shape->round_leak;
  const uint32_t fired = shape->reset == SNNRT_RESET_NONE ? 0 : spiked;
  const int32_t kept = snnrt_alpha_leak(old.excitatory,
                                        neuron->excitatory_leak, narrow, round);
  const int32_t left = snnrt_alpha_leak(old.inhibitory,
                                        neuron->inhibitory_leak, narrow, round);
  uint32_t excitatory = (uint32_t)kept + drive;
  uint32_t inhibitory = (uint32_t)left - drive;
  uint32_t recalled = 0;
  if (shape->reset == SNNRT_RESET_SUBTRACT) {
    recalled =
        fired & (uint32_t)snnrt_alpha_recall(old.inhibitory, neuron->recall,
                                             shape);
  } else {
    excitatory &= ~fired;
    inhibitory &= ~fired;
  }
  const uint32_t membrane = excitatory + inhibitory + recalled;
  if (shape->reset == SNNRT_RESET_SUBTRACT) {
    excitatory -= fired & (uint32_t)neuron->decrement;
    inhibitory &= ~fired;
  }
  const snnrt_alpha_states next = {(int32_t)excitatory, (int32_t)inhibitory,
                                   (int32_t)membrane};
  return next;
}

/* A parameter of one neuron, 0 if the layer has none. */
SNNRT_KERNEL int32_t snnrt_alpha_parameter(const int32_t *values,
                                           snnrt_extent extent, int32_t neuron,
                                           int32_t channel) {
  return values == NULL ? 0
                        : values[snnrt_extent_index(extent, neuron, channel)];
}

/* The parameters of neuron `i`, in channel `c`. */
SNNRT_KERNEL snnrt_alpha_neuron snnrt_alpha_neuron_of(
    const int32_t *excitatory_leak, const int32_t *inhibitory_leak,
    const int32_t *threshold, const int32_t *decrement, const int32_t *recall,
    int32_t i, int32_t c, const snnrt_alpha_shape *shape) {
  const snnrt_alpha_neuron neuron = {
      excitatory_leak[snnrt_extent_index(shape->excitatory_leak_extent, i, c)],
      inhibitory_leak[snnrt_extent_index(shape->inhibitory_leak_extent, i, c)],
      threshold[snnrt_extent_index(shape->threshold_extent, i, c)],
      snnrt_alpha_parameter(decrement, shape->decrement_extent, i, c),
      snnrt_alpha_parameter(recall, shape->recall_extent, i, c)};
  return neuron;
}

/* Defines snnrt_alpha_<state>_<current>.
   excitatory, inhibitory, membrane: state_type[positions][channels], updated in
   place; current: current_type[positions][channels]; spikes: int8 0/1 of that
   shape; excitatory_leak, inhibitory_leak (0 .. 32768), threshold, bias,
   decrement, recall: int32 by their extents; bias may be NULL for none, and
   decrement and recall are NULL unless the reset is SUBTRACT. */
#define SNNRT_DEFINE_ALPHA(state, state_type, lowest, current_name,            \
                           current_type)                                       \
  SNNRT_KERNEL void snnrt_alpha_##state##_##current_name(                      \
      state_type *restrict excitatory, state_type *restrict inhibitory,        \
      state_type *restrict membrane, const current_type *restrict current,     \
      int8_t *restrict spikes, const int32_t *restrict excitatory_leak,        \
      const int32_t *restrict inhibitory_leak,                                 \
      const int32_t *restrict threshold, const int32_t *restrict bias,         \
      const int32_t *restrict decrement, const int32_t *restrict recall,       \
      const snnrt_alpha_shape *shape) {                                        \
    int32_t i = 0;                                                             \
    for (int32_t position = 0; position < shape->positions; ++position) {      \
      for (int32_t c = 0; c < shape->channels; ++c, ++i) {                     \
        const snnrt_alpha_states old = {excitatory[i], inhibitory[i],          \
                                        membrane[i]};                          \
        const snnrt_alpha_neuron neuron =                                      \
            snnrt_alpha_neuron_of(excitatory_leak, inhibitory_leak, threshold, \
                                  decrement, recall, i, c, shape);             \
        const int32_t offset =                                                 \
            snnrt_alpha_parameter(bias, shape->bias_extent, i, c);             \
        const snnrt_alpha_states next =                                        \
            shape->saturate                                                    \
                ? snnrt_alpha_step_clamped(                                    \
                      old,                                                     \
                      snnrt_drive(current[i], shape->current_shift, offset),   \
                      &neuron, lowest, shape)                                  \
                : snnrt_alpha_step_wrapping(                                   \
                      old, snnrt_alpha_fired(old, &neuron, shape),             \
                      ((uint32_t)current[i] << shape->current_shift) +         \
                          (uint32_t)offset,                                    \
                      &neuron, (lowest) == INT16_MIN, shape);                  \
        excitatory[i] = (state_type)next.excitatory;                           \
        inhibitory[i] = (state_type)next.inhibitory;                           \
        membrane[i] = (state_type)next.membrane;                               \
        spikes[i] = (int8_t)snnrt_wide_spike(                                  \
            snnrt_wide_distance(next.membrane, neuron.threshold,               \
                                shape->compare),                               \
            shape->compare);                                                   \
      }                                                                        \
    }                                                                          \
  }

SNNRT_DEFINE_ALPHA(s16, int16_t, INT16_MIN, s8, int8_t)
SNNRT_DEFINE_ALPHA(s16, int16_t, INT16_MIN, s16, int16_t)
SNNRT_DEFINE_ALPHA(s16, int16_t, INT16_MIN, s32, int32_t)
SNNRT_DEFINE_ALPHA(s32, int32_t, INT32_MIN, s8, int8_t)
SNNRT_DEFINE_ALPHA(s32, int32_t, INT32_MIN, s16, int16_t)
SNNRT_DEFINE_ALPHA(s32, int32_t, INT32_MIN, s32, int32_t)

#endif
