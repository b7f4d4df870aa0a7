/* Packed leaky integrate-and-fire for layers whose parameters differ by channel.

   As lif_packed.h, for the delayed subtraction of thresholds and one leak
   factor. Two channels at a time are updated at all positions, with their
   parameters in registers: the bias is added on the way, by the
   multiply-accumulate of the leak or with the reset. */
#ifndef SNNRT_LIF_CHANNELS_H
#define SNNRT_LIF_CHANNELS_H

#include "lif_packed.h"

/* Parameters of two channels as lanes. */
typedef struct snnrt_channel_pair {
  uint32_t thresholds;
  /* What is added to a neuron that has fired, or not: where the leak is not
     multiplied. */
  uint32_t fired, silent;
  /* Rounding and bias in the high half: where it is multiplied. */
  int32_t low, high;
} snnrt_channel_pair;

SNNRT_KERNEL snnrt_channel_pair snnrt_channel_pair_of(
    const int32_t *threshold, const int32_t *bias, int32_t channel,
    const snnrt_lif_shape *shape) {
  const uint32_t thresholds = snnrt_parameter_lanes(
      threshold, shape->threshold_extent, channel, channel);
  const uint32_t biases =
      bias == NULL ? 0
                   : snnrt_parameter_lanes(bias, shape->bias_extent, channel,
                                           channel);
  const uint32_t half = shape->round_leak ? UINT32_C(1) << SNNRT_LEAK_BITS : 0;
  const snnrt_channel_pair pair = {
      thresholds, snnrt_ssub16(biases, thresholds), biases,
      (int32_t)((biases << 16) + half),
      (int32_t)((biases & 0xFFFF0000u) + half)};
  return pair;
}

/* Membranes after a step without immediate reset. */
SNNRT_KERNEL uint32_t snnrt_channel_pair_step(uint32_t membranes,
                                              uint32_t drive,
                                              const snnrt_channel_pair *pair,
                                              int32_t factor,
                                              snnrt_leak_kind kind,
                                              const snnrt_lif_shape *shape) {
  if (kind == SNNRT_LEAK_LARGE || kind == SNNRT_LEAK_SMALL) {
    const uint32_t product =
        snnrt_pack_high16(snnrt_smlabb(membranes, 2 * factor, pair->low),
                          snnrt_smlatb(membranes, 2 * factor, pair->high));
    const uint32_t next = snnrt_sadd16(product, drive);
    return snnrt_ssub16(
        kind == SNNRT_LEAK_LARGE ? snnrt_sadd16(next, membranes) : next,
        snnrt_select_fired16(membranes, pair->thresholds, shape->compare,
                             pair->thresholds, 0));
  }
  const uint32_t leaked = snnrt_leak_lanes(membranes, factor, factor, kind,
                                           shape->round_leak);
  return snnrt_sadd16(
      snnrt_sadd16(leaked, drive),
      snnrt_select_fired16(membranes, pair->thresholds, shape->compare,
                           pair->fired, pair->silent));
}

/* Whether the kernel below is exact, and faster than that of lif.h. */
SNNRT_KERNEL bool snnrt_lif_by_channels(const int32_t *bias,
                                        const snnrt_lif_shape *shape) {
  return snnrt_lif_packable(shape) && shape->positions > 1 &&
         shape->reset == SNNRT_RESET_SUBTRACT &&
         shape->timing == SNNRT_RESET_DELAYED &&
         shape->leak_extent == SNNRT_EXTENT_LAYER &&
         shape->threshold_extent != SNNRT_EXTENT_NEURON &&
         (bias == NULL || shape->bias_extent != SNNRT_EXTENT_NEURON) &&
         (shape->threshold_extent == SNNRT_EXTENT_CHANNEL ||
          (bias != NULL && shape->bias_extent == SNNRT_EXTENT_CHANNEL));
}

/* Positions up to which each has code of its own. With more of them constants
   no longer stay in registers, and that code is slower than a loop. */
#define SNNRT_FEW_POSITIONS 4

/* Updates a pair of channels at one position. */
SNNRT_KERNEL void snnrt_channel_pair_update(int16_t *state,
                                            const int16_t *input, int8_t *spike,
                                            const snnrt_channel_pair *pair,
                                            int32_t factor,
                                            snnrt_leak_kind kind,
                                            const snnrt_lif_shape *shape) {
  const uint32_t drive =
      snnrt_drive_lanes(snnrt_load32(input), NULL, 0, 0, shape);
  const uint32_t next = snnrt_channel_pair_step(snnrt_load32(state), drive, pair,
                                                factor, kind, shape);
  const uint32_t fired = snnrt_select_fired16(
      next, pair->thresholds, shape->compare, SNNRT_SPIKE_BYTES, 0);
  snnrt_store32(state, next);
  snnrt_store16(spike, fired >> 8);
}

/* Updates the pairs of channels at all positions and returns where they end;
   int16 currents. */
SNNRT_KERNEL int32_t snnrt_lif_channels(int16_t *membrane,
                                        const int16_t *current, int8_t *spikes,
                                        const int32_t *leak,
                                        const int32_t *threshold,
                                        const int32_t *bias,
                                        const snnrt_lif_shape *shape) {
  const snnrt_leak_kind kind = snnrt_leak_kind_of(leak, shape);
  const int32_t channels = shape->channels;
  int32_t c = 0;
  SNNRT_KEEP_LOOP
  for (; c + 2 <= channels; c += 2) {
    const snnrt_channel_pair pair =
        snnrt_channel_pair_of(threshold, bias, c, shape);
    int16_t *state = membrane + c;
    const int16_t *input = current + c;
    int8_t *spike = spikes + c;
    const int8_t *const end = spike + shape->positions * channels;
    if (shape->positions <= SNNRT_FEW_POSITIONS) {
      for (int32_t i = 0; i < shape->positions * channels; i += channels) {
        snnrt_channel_pair_update(state + i, input + i, spike + i, &pair,
                                  leak[0], kind, shape);
      }
      continue;
    }
    SNNRT_KEEP_LOOP
    do {
      snnrt_channel_pair_update(state, input, spike, &pair, leak[0], kind,
                                shape);
      state += channels;
      input += channels;
      spike += channels;
    } while (spike != end);
  }
  return c;
}

#endif
