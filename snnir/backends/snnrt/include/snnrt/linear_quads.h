/* Event-driven fully connected layers with int16 currents, for outputs in
   fours.

   As in conv2d_quads.h, rows are added to the currents two at a time; counts up
   to SNNRT_QUAD_COUNT are added so often. */
#ifndef SNNRT_LINEAR_QUADS_H
#define SNNRT_LINEAR_QUADS_H

#include "conv2d_quads.h"
#include "scatter_values.h"

/* Outputs from which on that is worth while: sums of fewer fit registers. */
#define SNNRT_LINEAR_QUAD_OUTPUTS 24

/* Quads that are added without a loop. */
#define SNNRT_LINEAR_BLOCK_QUADS 12

/* Inputs that are multiplied together. */
#define SNNRT_LINEAR_OTHERS 16u

/* Adds one row, or the sum of `two`, to all currents. */
SNNRT_KERNEL void snnrt_add_quad_rows(uint8_t *current, const int8_t *first,
                                      const int8_t *second, bool two,
                                      int32_t quads) {
  const int32_t rest = quads % SNNRT_LINEAR_BLOCK_QUADS;
  const uint8_t *const end =
      current + 2 * SNNRT_QUAD_LANES * (quads - rest);
  if (quads >= SNNRT_LINEAR_BLOCK_QUADS) {
    do {
      snnrt_add_quads(&current, &first, &second, two, SNNRT_LINEAR_BLOCK_QUADS);
    } while (current != end);
  }
  if (rest > 0) {
    snnrt_add_quads(&current, &first, &second, two, rest);
  }
}

/* current[0 .. outputs) += the rows of the list, times their values unless
   `values` is NULL, which is known when inlined. Weights and currents are
   aligned to 4 bytes, and `outputs` is a multiple of 4. */
SNNRT_KERNEL void snnrt_linear_quads(const uint16_t *list, uint32_t count,
                                     const int8_t *values,
                                     const int8_t *weights, int16_t *current,
                                     int32_t outputs) {
  const uint16_t *const end = list + count;
  const uint32_t stride = (uint32_t)outputs;
  const uintptr_t rows = (uintptr_t)weights;
  const int32_t quads = outputs / SNNRT_QUAD_LANES;
  uint8_t *const sums = (uint8_t *)current;
  const int8_t *waiting = NULL;
  while (list != end) {
    uint16_t others[SNNRT_LINEAR_OTHERS];
    uint32_t others_size = 0;
    do {
      const uint32_t index = *list++;
      const int8_t *const row = snnrt_row(rows, index, stride);
      int32_t times = values == NULL ? 1 : values[index];
      if (times < 0 || times > SNNRT_QUAD_COUNT) {
        others[others_size++] = (uint16_t)index;
        times = 0;
      }
      for (; times > 1 || (times == 1 && waiting != NULL); times -= 2) {
        const int8_t *const other = times == 1 ? waiting : row;
        waiting = times == 1 ? NULL : waiting;
        snnrt_add_quad_rows(sums, row, other, true, quads);
      }
      waiting = times == 1 ? row : waiting;
    } while (list != end && others_size < SNNRT_LINEAR_OTHERS);
    if (others_size > 0) {
      snnrt_scatter_rows_values_s16(others, others_size, values, rows, stride,
                                    current, outputs);
    }
  }
  if (waiting != NULL) {
    snnrt_add_quad_rows(sums, waiting, NULL, false, quads);
  }
}

#endif
