/* Dot products of int8 weights with int8 values, all of them.

   A layer whose inputs are real values has hardly any zeros, so that a list of
   the others is of no use: its sums are products of a row of weights with all
   values. CMSIS-NN widens four weights by two instructions and multiplies them
   by two; here one widens two of the four. The weights of a word are numbers of
   16 bits, 256 * a + b in the lower half and 256 * c + d in the upper. With
   SMLAD, which adds the products of both halves, and the values of the four as
   pairs,
     (256 * a + b, 256 * c + d) * (value a, value c)
       + (b, d) * (256 * value b - value a, 256 * value d - value c)
   is 256 times the sum of the four products. Sums are shifted back at the end,
   and must lie between -2^23 and 2^23. */
#ifndef SNNRT_DOT_ROWS_H
#define SNNRT_DOT_ROWS_H

#include "linear_shape.h"

/* Values of a word. */
#define SNNRT_DOT_VALUES 4

/* Outputs of a tile: their sums, and what else a loop needs, fit the registers. */
#define SNNRT_DOT_ROWS 4

/* The pairs of four values from the byte at `values` on; the pointer to pairs
   advances. Values must not be -128, unless the weight is 0. */
SNNRT_KERNEL int32_t *snnrt_dot_pairs(uint32_t values, int32_t *pairs) {
  const uint32_t first = snnrt_sxtb16(values);
  pairs[0] = (int32_t)first;
  pairs[1] = (int32_t)snnrt_ssub16(values & 0xFF00FF00u, first);
  return pairs + 2;
}

/* Adds the products of one word of weights, times 256. */
SNNRT_KERNEL uint32_t snnrt_dot_word(int32_t word, snnrt_two values,
                                     uint32_t sum) {
  sum = snnrt_smlad((uint32_t)word, (uint32_t)values.first, sum);
  return snnrt_smlad(snnrt_sxtb16((uint32_t)word), (uint32_t)values.second, sum);
}

/* Adds the products of four values; `rows` is a constant when inlined. */
SNNRT_KERNEL void snnrt_dot_quad(const int32_t **pairs, const int32_t **weights,
                                 int32_t rows, uint32_t *sums) {
  const snnrt_two values = snnrt_next_two(pairs);
  if (rows >= 2) {
    const snnrt_two words = snnrt_next_two(weights);
    sums[0] = snnrt_dot_word(words.first, values, sums[0]);
    sums[1] = snnrt_dot_word(words.second, values, sums[1]);
  }
  if (rows == 4) {
    const snnrt_two words = snnrt_next_two(weights);
    sums[2] = snnrt_dot_word(words.first, values, sums[2]);
    sums[3] = snnrt_dot_word(words.second, values, sums[3]);
  }
  if (rows % 2 == 1) {
    sums[rows - 1] = snnrt_dot_word(*(*weights)++, values, sums[rows - 1]);
  }
}

/* Sets the currents of a tile; returns the weights behind it. */
SNNRT_KERNEL const int32_t *snnrt_dot_tile(const int32_t *pairs, int32_t quads,
                                           const int32_t *weights,
                                           snnrt_current current,
                                           int32_t rows) {
  uint32_t sums[SNNRT_DOT_ROWS] = {0, 0, 0, 0};
  const int32_t *const end = pairs + 2 * quads;
  if (quads % 2 == 1) {
    snnrt_dot_quad(&pairs, &weights, rows, sums);
  }
  while (pairs != end) {
    snnrt_dot_quad(&pairs, &weights, rows, sums);
    snnrt_dot_quad(&pairs, &weights, rows, sums);
  }
  SNNRT_UNROLL_ROW
  for (int32_t row = 0; row < rows; ++row) {
    snnrt_current_set(current, (uint32_t)row, (uint32_t)((int32_t)sums[row] >> 8));
  }
  return weights;
}

/* Sets the currents of all outputs.

   pairs: int32[2 * quads];
   weights: words, for each tile of SNNRT_DOT_ROWS outputs, or of what is left,
   for each four values one of each output. */
SNNRT_KERNEL void snnrt_dot_rows(const int32_t *pairs, int32_t quads,
                                 const int32_t *weights, snnrt_current current,
                                 int32_t outputs) {
  const int32_t rest = outputs % SNNRT_DOT_ROWS;
  for (int32_t output = 0; output < outputs - rest; output += SNNRT_DOT_ROWS) {
    weights = snnrt_dot_tile(pairs, quads, weights,
                             snnrt_current_at(current, output), SNNRT_DOT_ROWS);
  }
  if (rest > 0) {
    (void)snnrt_dot_tile(pairs, quads, weights,
                         snnrt_current_at(current, outputs - rest), rest);
  }
}

#endif
