/* Several steps at a time of neurons with a synaptic current whose input stays
   the same.

   A synapse is an integrator of li.h; what it holds after a step is the current
   of a neuron of lif.h in the same step. From step to step both stay in
   registers. Spikes are bits of steps, see step_bits.h. */
#ifndef SNNRT_SYNAPTIC_MULTI_STEP_H
#define SNNRT_SYNAPTIC_MULTI_STEP_H

#include "li.h"
#include "lif_multi_step.h"

/* One step of an integrator; `lowest` is the minimum of its type. */
SNNRT_KERNEL int32_t snnrt_synapse_step(int32_t synapse, int64_t drive,
                                        int32_t factor, int32_t lowest,
                                        const snnrt_lif_shape *shape) {
  const int32_t left = snnrt_leak_wide(synapse, factor, shape->round_leak);
  return shape->saturate ? snnrt_settle(left + drive, lowest, true)
                         : (int32_t)((uint32_t)left + (uint32_t)drive);
}

/* Keeps compilers from computing the synapse of all steps before the first
   membrane, which would take a register for each. */
SNNRT_KERNEL void snnrt_step_by_step(int32_t *synapse, int32_t *membrane) {
#if SNNRT_DSP
  __asm__("" : "+r"(*synapse), "+r"(*membrane));
#else
  (void)synapse;
  (void)membrane;
#endif
}

/* What a neuron of both kinds has: states and parameters. */
typedef struct snnrt_synaptic_neuron {
  int32_t synapse, membrane;
  int64_t drive;
  int32_t synapse_factor, factor, threshold, bias;
} snnrt_synaptic_neuron;

SNNRT_KERNEL int64_t snnrt_magnitude(int64_t value) {
  return value < 0 ? -value : value;
}

/* Whether 32 bits hold the synapse of a neuron in all steps, the current that
   it gives and what a reset leaves of that: no synapse grows by more than its
   drive in a step. */
SNNRT_KERNEL bool snnrt_synaptic_is_narrow(const snnrt_synaptic_neuron *neuron,
                                           int32_t steps,
                                           const snnrt_lif_shape *shape) {
  const int64_t held = snnrt_magnitude(neuron->synapse) +
                       steps * (snnrt_magnitude(neuron->drive) + 1);
  return held >> (31 - shape->current_shift) == 0 &&
         (held << shape->current_shift) + snnrt_magnitude(neuron->bias) +
                 snnrt_magnitude(neuron->threshold) <=
             INT32_MAX;
}

/* The history of a neuron with snnrt_lif_steps_chain whose states fit their
   types, or that is narrow; `lowest` is the minimum of the membrane's type. */
SNNRT_KERNEL uint32_t snnrt_synaptic_history(
    snnrt_synaptic_neuron *neuron, int32_t lowest_synapse, int32_t lowest,
    int32_t steps, const snnrt_lif_shape *synapse_shape,
    const snnrt_lif_shape *shape) {
  const int32_t threshold = neuron->threshold;
  int32_t synapse = neuron->synapse, u = neuron->membrane;
  uint32_t history = 0;
  SNNRT_UNROLL_STEPS
  for (int32_t step = 0; step < steps; ++step) {
    const uint32_t mark = snnrt_step_mark(step - 1);
    synapse = snnrt_sum(snnrt_leak_wide(synapse, neuron->synapse_factor,
                                        synapse_shape->round_leak),
                        (int32_t)neuron->drive, false);
    synapse = synapse_shape->saturate ? snnrt_clamp(synapse, lowest_synapse)
                                      : synapse;
    const uint32_t drive = ((uint32_t)synapse << shape->current_shift) +
                           (uint32_t)neuron->bias;
    const int32_t decayed = snnrt_leak_wide(u, neuron->factor, shape->round_leak);
    if (snnrt_reset_is_drive(shape)) {
      const uint32_t removed =
          shape->reset == SNNRT_RESET_SUBTRACT ? (uint32_t)threshold : 0;
      u = snnrt_lif_chain(u, decayed, threshold, (int32_t)drive,
                          (int32_t)(drive - removed), mark, &history,
                          shape->compare, shape->saturate);
    } else {
      const bool fired = snnrt_fires(u, threshold, shape->compare);
      const int32_t reset =
          shape->reset == SNNRT_RESET_ZERO_BEFORE ? (int32_t)drive : 0;
      history |= fired ? mark : 0;
      u = fired ? reset : snnrt_sum(decayed, (int32_t)drive, shape->saturate);
    }
    u = shape->saturate ? snnrt_clamp(u, lowest) : u;
    snnrt_step_by_step(&synapse, &u);
  }
  neuron->synapse = synapse;
  neuron->membrane = u;
  return history | (snnrt_fires(u, threshold, shape->compare)
                        ? snnrt_step_mark(steps - 1)
                        : 0);
}

/* The same of any neuron; `lowest` is the minimum of the type of its membrane. */
SNNRT_KERNEL uint32_t snnrt_synaptic_history_unchained(
    snnrt_synaptic_neuron *neuron, int32_t lowest_synapse, int32_t lowest,
    int32_t steps, const snnrt_lif_shape *synapse_shape,
    const snnrt_lif_shape *shape) {
  uint32_t history = 0;
  for (int32_t step = 0; step < steps; ++step) {
    neuron->synapse =
        snnrt_synapse_step(neuron->synapse, neuron->drive,
                           neuron->synapse_factor, lowest_synapse, synapse_shape);
    const int64_t drive =
        snnrt_drive(neuron->synapse, shape->current_shift, neuron->bias);
    const snnrt_lif_result result =
        snnrt_lif_may_wrap(shape)
            ? snnrt_lif_step_wrapping(
                  neuron->membrane, (uint32_t)drive,
                  snnrt_leak_wide(neuron->membrane, neuron->factor,
                                  shape->round_leak),
                  neuron->threshold, shape)
            : snnrt_lif_step(neuron->membrane, drive, neuron->factor,
                             neuron->threshold, lowest, shape);
    neuron->membrane = result.membrane;
    history |= (uint32_t)result.spike << step;
  }
  return history;
}

/* Defines snnrt_synaptic_steps_<synapse>_<state>_<current>.
   synapse: synapse_type[positions][channels] and membrane: state_type of that
   shape, updated in place; current: current_type of that shape; bits:
   uint32[steps][words of all neurons], steps <= 16; parameters of the synapse
   as in li.h, of the neurons as in lif.h. Both shapes have the same positions
   and channels. */
#define SNNRT_DEFINE_SYNAPTIC_STEPS(synapse_name, synapse_type,                \
                                    lowest_synapse, state, state_type, lowest, \
                                    current_name, current_type)                \
  SNNRT_KERNEL void                                                            \
      snnrt_synaptic_steps_##synapse_name##_##state##_##current_name(          \
          synapse_type *restrict synapse, state_type *restrict membrane,       \
          const current_type *restrict current, uint32_t *restrict bits,       \
          const int32_t *restrict synapse_leak,                                \
          const int32_t *restrict synapse_bias, const int32_t *restrict leak,  \
          const int32_t *restrict threshold, const int32_t *restrict bias,     \
          int32_t steps, const snnrt_lif_shape *synapse_shape,                 \
          const snnrt_lif_shape *shape) {                                      \
    const int32_t neurons = shape->positions * shape->channels;                \
    snnrt_histories histories;                                                 \
    int32_t i = 0;                                                             \
    for (int32_t position = 0; position < shape->positions; ++position) {      \
      for (int32_t c = 0; c < shape->channels; ++c, ++i) {                     \
        snnrt_synaptic_neuron neuron = {                                       \
            synapse[i],                                                        \
            membrane[i],                                                       \
            snnrt_drive(current[i], synapse_shape->current_shift,              \
                        snnrt_bias(synapse_bias, i, c, synapse_shape)),        \
            synapse_leak[snnrt_extent_index(synapse_shape->leak_extent, i,     \
                                            c)],                               \
            leak[snnrt_extent_index(shape->leak_extent, i, c)],                \
            threshold[snnrt_extent_index(shape->threshold_extent, i, c)],      \
            snnrt_bias(bias, i, c, shape)};                                    \
        const uint32_t history =                                               \
            snnrt_lif_steps_chain(shape) &&                                    \
                    ((!shape->saturate && !synapse_shape->saturate) ||         \
                     snnrt_synaptic_is_narrow(&neuron, steps, shape))          \
                ? snnrt_synaptic_history(&neuron, lowest_synapse, lowest,      \
                                         steps, synapse_shape, shape)          \
                : snnrt_synaptic_history_unchained(&neuron, lowest_synapse,    \
                                                   lowest, steps,              \
                                                   synapse_shape, shape);      \
        synapse[i] = (synapse_type)neuron.synapse;                             \
        membrane[i] = (state_type)neuron.membrane;                             \
        snnrt_note_history(&histories, i, history, neurons, steps, bits);      \
      }                                                                        \
    }                                                                          \
  }

#define SNNRT_DEFINE_SYNAPTIC_STEPS_OF(current_name, current_type)             \
  SNNRT_DEFINE_SYNAPTIC_STEPS(s16, int16_t, INT16_MIN, s16, int16_t,           \
                              INT16_MIN, current_name, current_type)           \
  SNNRT_DEFINE_SYNAPTIC_STEPS(s16, int16_t, INT16_MIN, s32, int32_t,           \
                              INT32_MIN, current_name, current_type)           \
  SNNRT_DEFINE_SYNAPTIC_STEPS(s32, int32_t, INT32_MIN, s16, int16_t,           \
                              INT16_MIN, current_name, current_type)           \
  SNNRT_DEFINE_SYNAPTIC_STEPS(s32, int32_t, INT32_MIN, s32, int32_t,           \
                              INT32_MIN, current_name, current_type)

SNNRT_DEFINE_SYNAPTIC_STEPS_OF(s8, int8_t)
SNNRT_DEFINE_SYNAPTIC_STEPS_OF(s16, int16_t)
SNNRT_DEFINE_SYNAPTIC_STEPS_OF(s32, int32_t)

#endif
