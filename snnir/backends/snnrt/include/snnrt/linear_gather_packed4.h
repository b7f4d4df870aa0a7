/* Fully connected layers of values, output by output, with weights of 4 bits.

   As linear_gather.h, with one word for 8 outputs: the sums of a word are four
   registers, which two instructions for each row add to, the product with the
   value of a pair of weights as one number.

   list: uint16[count], indices below shape->inputs;
   values: int8[inputs], any;
   weights: uint32[ceil(outputs / 8)][inputs]. A word holds 8 weights from -8 to
   7, each as weight + 8: those of the outputs 2 n and 2 n + 1 in the half-bytes
   n and n + 4; half-bytes without an output may be anything;
   current: int16[outputs], aligned to 4 bytes, or int32[outputs], set. The
   caller guarantees that no sum, in list order or any other, leaves its range. */
#ifndef SNNRT_LINEAR_GATHER_PACKED4_H
#define SNNRT_LINEAR_GATHER_PACKED4_H

#include "linear_gather.h"

/* Outputs of a word. */
#define SNNRT_GATHER_PACKED4_OUTPUTS 8

/* The sums of the pairs of a word, and of the values. */
typedef struct snnrt_gather_packed4_sums {
  uint32_t pairs[SNNRT_GATHER_PACKED4_OUTPUTS / 2], values;
} snnrt_gather_packed4_sums;

/* sum + value times pair `n` of the word, in one piece: compilers would extract
   the pairs of several words ahead and run out of registers. */
SNNRT_KERNEL uint32_t snnrt_gather_pair4(uint32_t sum, uint32_t word, int32_t n,
                                         int32_t value, uint32_t mask) {
#if SNNRT_DSP
  uint32_t pair;
  if (n == 0) {
    __asm__ volatile("and %1, %2, %3\n\tmla %0, %1, %4, %0"
                     : "+r"(sum), "=&r"(pair)
                     : "r"(mask), "r"(word), "r"(value));
  } else {
    __asm__ volatile("and %1, %2, %3, lsr %5\n\tmla %0, %1, %4, %0"
                     : "+r"(sum), "=&r"(pair)
                     : "r"(mask), "r"(word), "r"(value), "I"(4 * n));
  }
  return sum;
#else
  return sum + (uint32_t)value * (word >> (4 * n) & mask);
#endif
}

/* Adds the first `pairs`, a constant when inlined, of the row of one input. */
SNNRT_KERNEL void snnrt_gather_packed4_row(uint32_t index, const int8_t *values,
                                           const uint32_t *weights,
                                           snnrt_gather_packed4_sums *sums,
                                           int32_t pairs, uint32_t mask) {
  const int32_t value = values[index];
  const uint32_t word = weights[index];
  sums->values += (uint32_t)value;
  sums->pairs[0] = snnrt_gather_pair4(sums->pairs[0], word, 0, value, mask);
  if (pairs > 1) {
    sums->pairs[1] = snnrt_gather_pair4(sums->pairs[1], word, 1, value, mask);
  }
  if (pairs > 2) {
    sums->pairs[2] = snnrt_gather_pair4(sums->pairs[2], word, 2, value, mask);
  }
  if (pairs > 3) {
    sums->pairs[3] = snnrt_gather_pair4(sums->pairs[3], word, 3, value, mask);
  }
}

/* The lanes of the sums of the list. */
SNNRT_KERNEL void snnrt_gather_packed4_rows(const uint16_t *list,
                                            uint32_t count,
                                            const int8_t *values,
                                            const uint32_t *weights,
                                            int32_t pairs, uint32_t *lanes) {
  const uint32_t mask = snnrt_in_register(0x000F000Fu);
  const uint16_t *const some = list + count % 4u;
  const uint16_t *const end = list + count;
  snnrt_gather_packed4_sums sums = {{0, 0, 0, 0}, 0};
  while (list != some) {
    snnrt_gather_packed4_row(*list++, values, weights, &sums, pairs, mask);
  }
  while (list != end) {
    snnrt_gather_packed4_row(*list++, values, weights, &sums, pairs, mask);
    snnrt_gather_packed4_row(*list++, values, weights, &sums, pairs, mask);
    snnrt_gather_packed4_row(*list++, values, weights, &sums, pairs, mask);
    snnrt_gather_packed4_row(*list++, values, weights, &sums, pairs, mask);
  }
  SNNRT_UNROLL_ROW
  for (int32_t n = 0; n < SNNRT_GATHER_PACKED4_OUTPUTS / 2; ++n) {
    /* Each weight was stored with 8 more, so a pair with 8 * 65537. */
    const uint32_t pair = sums.pairs[n] - sums.values * 0x00080008u;
    /* A negative lower lane has taken one from the upper. */
    lanes[n] = pair + ((pair & 0x8000u) << 1);
  }
}

/* Sets the currents of a word; `outputs` is a constant when inlined. */
SNNRT_KERNEL void snnrt_gather_packed4_word(const uint16_t *list,
                                            uint32_t count,
                                            const int8_t *values,
                                            const uint32_t *weights,
                                            int16_t *current, int32_t outputs) {
  uint32_t lanes[SNNRT_GATHER_PACKED4_OUTPUTS / 2];
  snnrt_gather_packed4_rows(list, count, values, weights, (outputs + 1) / 2,
                            lanes);
  snnrt_store_quad(lanes, current, outputs);
  snnrt_store_quad(lanes + 2, current + SNNRT_QUAD_LANES,
                   outputs - SNNRT_QUAD_LANES);
}

/* The same of 32 bits; lanes hold the sums of `lane_rows` rows. */
SNNRT_KERNEL void snnrt_gather_packed4_wide_word(
    const uint16_t *list, uint32_t count, const int8_t *values,
    const uint32_t *weights, int32_t *current, int32_t outputs,
    uint32_t lane_rows) {
  bool add = false;
  do {
    const uint32_t rows = count < lane_rows ? count : lane_rows;
    uint32_t lanes[SNNRT_GATHER_PACKED4_OUTPUTS / 2];
    snnrt_gather_packed4_rows(list, rows, values, weights, (outputs + 1) / 2,
                              lanes);
    snnrt_widen_quad(lanes, current, outputs, add);
    snnrt_widen_quad(lanes + 2, current + SNNRT_QUAD_LANES,
                     outputs - SNNRT_QUAD_LANES, add);
    add = true;
    list += rows;
    count -= rows;
  } while (count > 0);
}

/* current[o] = sum over i of values[list[i]] * weights[list[i]][o]. */
SNNRT_KERNEL void snnrt_linear_gather_packed4_values_s16(
    const uint16_t *list, uint32_t count, const int8_t *values,
    const uint32_t *weights, int16_t *current,
    const snnrt_linear_shape *shape) {
  const int32_t rest = shape->outputs % SNNRT_GATHER_PACKED4_OUTPUTS;
  const int16_t *const end = current + (shape->outputs - rest);
  while (current != end) {
    snnrt_gather_packed4_word(list, count, values, weights, current,
                              SNNRT_GATHER_PACKED4_OUTPUTS);
    current += SNNRT_GATHER_PACKED4_OUTPUTS;
    weights += shape->inputs;
  }
  if (rest > 0) {
    snnrt_gather_packed4_word(list, count, values, weights, current, rest);
  }
}

/* The same for int32 currents; 16 bits hold the sum of any `lane_rows` products
   of a value and a weight. */
SNNRT_KERNEL void snnrt_linear_gather_packed4_values_s32(
    const uint16_t *list, uint32_t count, const int8_t *values,
    const uint32_t *weights, int32_t *current, uint32_t lane_rows,
    const snnrt_linear_shape *shape) {
  const int32_t rest = shape->outputs % SNNRT_GATHER_PACKED4_OUTPUTS;
  const int32_t *const end = current + (shape->outputs - rest);
  while (current != end) {
    snnrt_gather_packed4_wide_word(list, count, values, weights, current,
                                   SNNRT_GATHER_PACKED4_OUTPUTS, lane_rows);
    current += SNNRT_GATHER_PACKED4_OUTPUTS;
    weights += shape->inputs;
  }
  if (rest > 0) {
    snnrt_gather_packed4_wide_word(list, count, values, weights, current, rest,
                                   lane_rows);
  }
}

#endif
