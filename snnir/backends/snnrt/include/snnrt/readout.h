/* Network outputs: scores from spikes or membranes, and decisions. */
#ifndef SNNRT_READOUT_H
#define SNNRT_READOUT_H

#include "base.h"

/* counts[i] += spikes[i] for i < n. */
SNNRT_KERNEL void snnrt_count_spikes(const int8_t *spikes, int32_t *counts,
                                     int32_t n) {
  for (int32_t i = 0; i < n; ++i) {
    counts[i] += spikes[i];
  }
}

/* Records the first spike of each of n neurons: first[i] becomes step + 1 at
   the first step (counted from 0) in which neuron i spikes and is 0, its
   cleared state, until then. */
SNNRT_KERNEL void snnrt_first_spike(const int8_t *spikes, int32_t *first,
                                    int32_t step, int32_t n) {
  for (int32_t i = 0; i < n; ++i) {
    if (first[i] == 0 && spikes[i] != 0) {
      first[i] = step + 1;
    }
  }
}

/* Defines the membrane readouts of one state type, called once per step with
   step counting from 0:
   last: scores[i] = membrane[i];
   max:  scores[i] = membrane[i] at step 0, then the running maximum;
   sum:  scores[i] = membrane[i] at step 0, then the running sum, which the
         caller has proven to fit int32. */
#define SNNRT_DEFINE_MEMBRANE_READOUT(name, type)                             \
  SNNRT_KERNEL void snnrt_membrane_last_##name(                               \
      const type *membrane, int32_t *scores, int32_t step, int32_t n) {       \
    (void)step;                                                               \
    for (int32_t i = 0; i < n; ++i) {                                         \
      scores[i] = membrane[i];                                                \
    }                                                                         \
  }                                                                           \
  SNNRT_KERNEL void snnrt_membrane_max_##name(                                \
      const type *membrane, int32_t *scores, int32_t step, int32_t n) {       \
    for (int32_t i = 0; i < n; ++i) {                                         \
      if (step == 0 || membrane[i] > scores[i]) {                             \
        scores[i] = membrane[i];                                              \
      }                                                                       \
    }                                                                         \
  }                                                                           \
  SNNRT_KERNEL void snnrt_membrane_sum_##name(                                \
      const type *membrane, int32_t *scores, int32_t step, int32_t n) {       \
    for (int32_t i = 0; i < n; ++i) {                                         \
      scores[i] = (step == 0 ? 0 : scores[i]) + membrane[i];                  \
    }                                                                         \
  }

SNNRT_DEFINE_MEMBRANE_READOUT(s16, int16_t)
SNNRT_DEFINE_MEMBRANE_READOUT(s32, int32_t)

/* The functions below are called once in a sequence: their loops stay short. */

/* Index of the largest of n >= 1 scores, the lowest one on ties. */
SNNRT_KERNEL int32_t snnrt_argmax(const int32_t *scores, int32_t n) {
  int32_t best = 0;
  SNNRT_KEEP_LOOP
  for (int32_t i = 1; i < n; ++i) {
    if (scores[i] > scores[best]) {
      best = i;
    }
  }
  return best;
}

/* Index of the neuron that spiked first, from the records of
   snnrt_first_spike; the lowest index on ties. Silent neurons rank last. */
SNNRT_KERNEL int32_t snnrt_argmin_first_spike(const int32_t *first,
                                              int32_t n) {
  int32_t best = 0;
  int32_t best_step = INT32_MAX;
  SNNRT_KEEP_LOOP
  for (int32_t i = 0; i < n; ++i) {
    const int32_t step = first[i] == 0 ? INT32_MAX : first[i];
    if (step < best_step) {
      best = i;
      best_step = step;
    }
  }
  return best;
}

/* groups[g] = the sum of scores[g * group_size .. (g + 1) * group_size) for
   g < group_count: population coding. */
SNNRT_KERNEL void snnrt_group_sum(const int32_t *scores, int32_t *groups,
                                  int32_t group_count, int32_t group_size) {
  SNNRT_KEEP_LOOP
  for (int32_t group = 0; group < group_count; ++group) {
    int32_t sum = 0;
    SNNRT_KEEP_LOOP
    for (int32_t i = 0; i < group_size; ++i) {
      sum += *scores++;
    }
    groups[group] = sum;
  }
}

#endif
