/* Leaky integrate-and-fire on two int16 membranes per word.

   Used by lif.h where it gives the same bits as the general kernel: all lane
   sums are taken modulo 2^16, which is exact because the caller has proven
   that without saturation V and U fit int16, and lanes are compared in full,
   which needs thresholds that fit int16. */
#ifndef SNNRT_LIF_PACKED_H
#define SNNRT_LIF_PACKED_H

#include "neuron_shape.h"
#include "packed.h"

/* How a packed leak is computed; all but FACTOR need one factor for the whole
   layer. LARGE is 1/2 up to 1, SMALL is below 1/2. */
typedef enum snnrt_leak_kind {
  SNNRT_LEAK_FACTOR,
  SNNRT_LEAK_IDENTITY,
  SNNRT_LEAK_HALF,
  SNNRT_LEAK_LARGE,
  SNNRT_LEAK_SMALL
} snnrt_leak_kind;

/* The two lanes of spikes: 1 in each. */
#define SNNRT_SPIKE_LANES 0x00010001u

/* Parameters of neurons `neuron` and `neuron + 1` as lanes, modulo 2^16. */
SNNRT_KERNEL uint32_t snnrt_parameter_lanes(const int32_t *values,
                                            snnrt_extent extent,
                                            int32_t neuron, int32_t channel) {
  const int32_t index = snnrt_extent_index(extent, neuron, channel);
  return snnrt_pack16(values[index],
                      values[extent == SNNRT_EXTENT_LAYER ? 0 : index + 1]);
}

/* Leak of two membranes by one factor m. 2 m enters the product as a 16-bit
   integer, less 2^16 where it does not fit: then u is missing in the result. */
SNNRT_KERNEL uint32_t snnrt_leak_lanes_by_one(uint32_t membranes, int32_t factor,
                                              snnrt_leak_kind kind,
                                              bool round) {
  const int32_t half = round ? 1 << SNNRT_LEAK_BITS : 0;
  const uint32_t product =
      snnrt_pack_high16(snnrt_smlabb(membranes, 2 * factor, half),
                        snnrt_smlatb(membranes, 2 * factor, half));
  return kind == SNNRT_LEAK_LARGE ? snnrt_sadd16(product, membranes) : product;
}

/* Leak of two membranes. The factors are doubled so that the results are the
   high halves of the products, which fit 32 bits: 2^15 * 2^16 = 2^31. */
SNNRT_KERNEL uint32_t snnrt_leak_lanes(uint32_t membranes, int32_t factor_low,
                                       int32_t factor_high,
                                       snnrt_leak_kind kind, bool round) {
  if (kind == SNNRT_LEAK_IDENTITY) {
    return membranes;
  }
  if (kind == SNNRT_LEAK_HALF) {
    return snnrt_shadd16(membranes, round ? SNNRT_SPIKE_LANES : 0);
  }
  if (kind != SNNRT_LEAK_FACTOR) {
    return snnrt_leak_lanes_by_one(membranes, factor_low, kind, round);
  }
  const int32_t half = round ? 1 << SNNRT_LEAK_BITS : 0;
  const int32_t low = snnrt_low16(membranes) * (2 * factor_low) + half;
  const int32_t high = snnrt_high16(membranes) * (2 * factor_high) + half;
  return snnrt_pack_high16(low, high);
}

/* Lanes: a membrane fires ? fired : silent. */
SNNRT_KERNEL uint32_t snnrt_select_fired16(uint32_t membranes,
                                           uint32_t thresholds,
                                           snnrt_compare compare,
                                           uint32_t fired, uint32_t silent) {
  if (compare == SNNRT_COMPARE_GE) {
    return snnrt_select_ge16(membranes, thresholds, fired, silent);
  }
  return snnrt_select_ge16(thresholds, membranes, silent, fired);
}

/* Membranes and spikes after a step. */
typedef struct snnrt_lif_pair {
  uint32_t membranes, spikes;
} snnrt_lif_pair;

/* Membranes after the leak, the drive and a delayed reset. */
SNNRT_KERNEL uint32_t snnrt_lif_pair_integrate(
    uint32_t membranes, uint32_t drive, uint32_t thresholds,
    int32_t factor_low, int32_t factor_high, snnrt_leak_kind kind,
    const snnrt_lif_shape *shape) {
  uint32_t kept = membranes;
  if (shape->reset == SNNRT_RESET_ZERO_BEFORE) {
    kept = snnrt_select_fired16(membranes, thresholds, shape->compare, 0, kept);
  } else if (shape->reset == SNNRT_RESET_SUBTRACT_DECAYED) {
    kept = snnrt_ssub16(kept,
                        snnrt_select_fired16(membranes, thresholds,
                                             shape->compare, thresholds, 0));
  }
  const uint32_t next = snnrt_sadd16(
      snnrt_leak_lanes(kept, factor_low, factor_high, kind, shape->round_leak),
      drive);
  if (shape->reset == SNNRT_RESET_SUBTRACT) {
    return snnrt_ssub16(next,
                        snnrt_select_fired16(membranes, thresholds,
                                             shape->compare, thresholds, 0));
  }
  if (shape->reset == SNNRT_RESET_ZERO_AFTER) {
    return snnrt_select_fired16(membranes, thresholds, shape->compare, 0, next);
  }
  return next;
}

/* One time step of two neurons; a spike is what `fired` has in its lane. */
SNNRT_KERNEL snnrt_lif_pair snnrt_lif_pair_step_marked(
    uint32_t membranes, uint32_t drive, uint32_t thresholds,
    int32_t factor_low, int32_t factor_high, snnrt_leak_kind kind,
    uint32_t fired, const snnrt_lif_shape *shape) {
  const uint32_t next =
      snnrt_lif_pair_integrate(membranes, drive, thresholds, factor_low,
                               factor_high, kind, shape);
  snnrt_lif_pair result = {
      next,
      snnrt_select_fired16(next, thresholds, shape->compare, fired, 0)};
  if (shape->timing == SNNRT_RESET_IMMEDIATE &&
      shape->reset != SNNRT_RESET_NONE) {
    const bool subtracts = shape->reset == SNNRT_RESET_SUBTRACT ||
                           shape->reset == SNNRT_RESET_SUBTRACT_DECAYED;
    const uint32_t removed = subtracts ? thresholds : next;
    result.membranes = snnrt_ssub16(
        next,
        snnrt_select_fired16(next, thresholds, shape->compare, removed, 0));
    result.membranes = snnrt_sadd16(
        result.membranes, snnrt_select_fired16(membranes, thresholds,
                                               shape->compare, removed, 0));
  }
  return result;
}

/* One time step of two neurons; their spikes are lanes of 0 or 1. */
SNNRT_KERNEL snnrt_lif_pair snnrt_lif_pair_step(
    uint32_t membranes, uint32_t drive, uint32_t thresholds,
    int32_t factor_low, int32_t factor_high, snnrt_leak_kind kind,
    const snnrt_lif_shape *shape) {
  return snnrt_lif_pair_step_marked(membranes, drive, thresholds, factor_low,
                                    factor_high, kind, SNNRT_SPIKE_LANES, shape);
}

/* Whether the packed kernel is exact. */
SNNRT_KERNEL bool snnrt_lif_packable(const snnrt_lif_shape *shape) {
  return SNNRT_PACKED && !shape->saturate && shape->current_shift <= 15 &&
         shape->narrow_thresholds;
}

SNNRT_KERNEL snnrt_leak_kind snnrt_leak_kind_of(const int32_t *leak,
                                                const snnrt_lif_shape *shape) {
  if (shape->leak_extent == SNNRT_EXTENT_LAYER) {
    if (leak[0] == 1 << SNNRT_LEAK_BITS) {
      return SNNRT_LEAK_IDENTITY;
    }
    if (leak[0] == 1 << (SNNRT_LEAK_BITS - 1)) {
      return SNNRT_LEAK_HALF;
    }
    return leak[0] < 1 << (SNNRT_LEAK_BITS - 1) ? SNNRT_LEAK_SMALL
                                                : SNNRT_LEAK_LARGE;
  }
  return SNNRT_LEAK_FACTOR;
}

/* Two int8 currents as lanes. */
SNNRT_KERNEL uint32_t snnrt_current_lanes_s8(const int8_t *current) {
  return snnrt_pack16(current[0], current[1]);
}

/* Two int16 currents as lanes. */
SNNRT_KERNEL uint32_t snnrt_current_lanes_s16(const int16_t *current) {
  return snnrt_load32(current);
}

/* Two int32 currents as lanes, modulo 2^16. */
SNNRT_KERNEL uint32_t snnrt_current_lanes_s32(const int32_t *current) {
  return snnrt_pack16(current[0], current[1]);
}

/* Lanes of current * 2^shift + bias, modulo 2^16; 0 <= shift <= 15. */
SNNRT_KERNEL uint32_t snnrt_drive_lanes(uint32_t current, const int32_t *bias,
                                        int32_t neuron, int32_t channel,
                                        const snnrt_lif_shape *shape) {
  /* The mask drops the bits that the low lane pushes into the high one. */
  const uint32_t lane = (0xFFFFu << shape->current_shift) & 0xFFFFu;
  uint32_t drive = current;
  if (shape->current_shift == 1) {
    drive = snnrt_sadd16(current, current);
  } else if (shape->current_shift != 0) {
    drive = (current << shape->current_shift) & (lane * SNNRT_SPIKE_LANES);
  }
  if (bias == NULL) {
    return drive;
  }
  return snnrt_sadd16(drive, snnrt_parameter_lanes(bias, shape->bias_extent,
                                                   neuron, channel));
}

/* Parameters of two neurons as lanes; bias 0 for none. */
typedef struct snnrt_lif_pair_parameters {
  uint32_t thresholds, bias;
  int32_t factor_low, factor_high;
} snnrt_lif_pair_parameters;

/* Parameters of the neurons `neuron` and `neuron + 1`, in the channels
   `channel` and `channel + 1`. */
SNNRT_KERNEL snnrt_lif_pair_parameters snnrt_lif_pair_parameters_of(
    const int32_t *leak, const int32_t *threshold, const int32_t *bias,
    int32_t neuron, int32_t channel, const snnrt_lif_shape *shape) {
  const snnrt_lif_pair_parameters parameters = {
      snnrt_parameter_lanes(threshold, shape->threshold_extent, neuron, channel),
      bias == NULL ? 0
                   : snnrt_parameter_lanes(bias, shape->bias_extent, neuron,
                                           channel),
      leak[snnrt_extent_index(shape->leak_extent, neuron, channel)],
      leak[snnrt_extent_index(shape->leak_extent, neuron + 1, channel + 1)]};
  return parameters;
}

/* Spikes as bytes that snnrt_pack_middle8 takes. */
#define SNNRT_SPIKE_BYTES 0x00010100u

/* One time step of two neurons; `biased` tells whether there is a bias. */
SNNRT_KERNEL snnrt_lif_pair snnrt_lif_pair_update(
    uint32_t membranes, uint32_t current,
    const snnrt_lif_pair_parameters *parameters, snnrt_leak_kind kind,
    bool biased, const snnrt_lif_shape *shape) {
  uint32_t drive = snnrt_drive_lanes(current, NULL, 0, 0, shape);
  if (biased) {
    drive = snnrt_sadd16(drive, parameters->bias);
  }
  return snnrt_lif_pair_step_marked(
      membranes, drive, parameters->thresholds, parameters->factor_low,
      parameters->factor_high, kind, SNNRT_SPIKE_BYTES, shape);
}

#endif
