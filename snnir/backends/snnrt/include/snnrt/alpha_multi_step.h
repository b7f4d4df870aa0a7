/* Several steps at a time of neurons with an alpha-shaped synapse whose currents
   stay the same.

   Neurons are those of alpha.h. From step to step the three states stay in
   registers, and one comparison tells the spike of a step and the reset of the
   next one. Spikes are bits of steps, see step_bits.h. */
#ifndef SNNRT_ALPHA_MULTI_STEP_H
#define SNNRT_ALPHA_MULTI_STEP_H

#include "alpha.h"
#include "step_bits.h"

/* The history of a neuron whose states fit their type. */
SNNRT_KERNEL uint32_t snnrt_alpha_history(snnrt_alpha_states *states,
                                          uint32_t drive,
                                          const snnrt_alpha_neuron *neuron,
                                          int32_t steps,
                                          const snnrt_alpha_shape *shape) {
  snnrt_alpha_states now = *states;
  uint32_t history = 0, spiked = snnrt_alpha_fired(now, neuron, shape);
  SNNRT_UNROLL_STEPS
  for (int32_t step = 0; step < steps; ++step) {
    now = snnrt_alpha_step_wrapping(now, spiked, drive, neuron, false, shape);
    spiked = snnrt_alpha_fired(now, neuron, shape);
    history |= spiked & 1u << step;
  }
  *states = now;
  return history;
}

/* The history of a neuron whose states are clamped to a type with the minimum
   `lowest`. */
SNNRT_KERNEL uint32_t snnrt_alpha_history_clamped(
    snnrt_alpha_states *states, int64_t drive, const snnrt_alpha_neuron *neuron,
    int32_t lowest, int32_t steps, const snnrt_alpha_shape *shape) {
  uint32_t history = 0;
  for (int32_t step = 0; step < steps; ++step) {
    *states = snnrt_alpha_step_clamped(*states, drive, neuron, lowest, shape);
    history |= snnrt_alpha_fired(*states, neuron, shape) & 1u << step;
  }
  return history;
}

/* Defines snnrt_alpha_steps_<state>_<current>.
   bits: uint32[steps][words of all neurons], steps <= 16; all other arrays as
   in alpha.h. */
#define SNNRT_DEFINE_ALPHA_STEPS(state, state_type, lowest, current_name,      \
                                 current_type)                                 \
  SNNRT_KERNEL void snnrt_alpha_steps_##state##_##current_name(                \
      state_type *restrict excitatory, state_type *restrict inhibitory,        \
      state_type *restrict membrane, const current_type *restrict current,     \
      uint32_t *restrict bits, const int32_t *restrict excitatory_leak,        \
      const int32_t *restrict inhibitory_leak,                                 \
      const int32_t *restrict threshold, const int32_t *restrict bias,         \
      const int32_t *restrict decrement, const int32_t *restrict recall,       \
      int32_t steps, const snnrt_alpha_shape *shape) {                         \
    const int32_t neurons = shape->positions * shape->channels;                \
    snnrt_histories histories;                                                 \
    int32_t i = 0;                                                             \
    for (int32_t position = 0; position < shape->positions; ++position) {      \
      for (int32_t c = 0; c < shape->channels; ++c, ++i) {                     \
        snnrt_alpha_states states = {excitatory[i], inhibitory[i],             \
                                     membrane[i]};                             \
        const snnrt_alpha_neuron neuron =                                      \
            snnrt_alpha_neuron_of(excitatory_leak, inhibitory_leak, threshold, \
                                  decrement, recall, i, c, shape);             \
        const int64_t drive = snnrt_drive(                                     \
            current[i], shape->current_shift,                                  \
            snnrt_alpha_parameter(bias, shape->bias_extent, i, c));            \
        const uint32_t history =                                               \
            shape->saturate                                                    \
                ? snnrt_alpha_history_clamped(&states, drive, &neuron, lowest, \
                                              steps, shape)                    \
                : snnrt_alpha_history(&states, (uint32_t)drive, &neuron,       \
                                      steps, shape);                           \
        excitatory[i] = (state_type)states.excitatory;                         \
        inhibitory[i] = (state_type)states.inhibitory;                         \
        membrane[i] = (state_type)states.membrane;                             \
        snnrt_note_history(&histories, i, history, neurons, steps, bits);      \
      }                                                                        \
    }                                                                          \
  }

SNNRT_DEFINE_ALPHA_STEPS(s16, int16_t, INT16_MIN, s8, int8_t)
SNNRT_DEFINE_ALPHA_STEPS(s16, int16_t, INT16_MIN, s16, int16_t)
SNNRT_DEFINE_ALPHA_STEPS(s16, int16_t, INT16_MIN, s32, int32_t)
SNNRT_DEFINE_ALPHA_STEPS(s32, int32_t, INT32_MIN, s8, int8_t)
SNNRT_DEFINE_ALPHA_STEPS(s32, int32_t, INT32_MIN, s16, int16_t)
SNNRT_DEFINE_ALPHA_STEPS(s32, int32_t, INT32_MIN, s32, int32_t)

#endif
