/* Rows of weights of 4 or 2 bits for the generic loops of convolutions: as
   scatter_rows.h, for either type of current and any number of outputs, in
   little code. Currents of int16 may be aligned to 2 bytes only. */
#ifndef SNNRT_CONV2D_PACKED_ROWS_H
#define SNNRT_CONV2D_PACKED_ROWS_H

#include "packed_quads.h"
#include "scatter_rows.h"

/* Adds value times the signed bytes of a quad to the first `outputs` of its 4
   currents. */
SNNRT_KERNEL void snnrt_add_quad_products(uint32_t bytes, int32_t value,
                                          snnrt_current current,
                                          int32_t outputs) {
  if (value == 1) {
    snnrt_add_some_bytes(bytes, current, outputs);
    return;
  }
  /* Outputs n, n+1, n+2 and n+3 are bytes 0, 2, 1 and 3. */
  for (int32_t i = 0; i < outputs && i < SNNRT_QUAD_LANES; ++i) {
    const int32_t shift = 8 * (i == 1 ? 2 : i == 2 ? 1 : i);
    const int32_t weight = (int8_t)(bytes >> shift);
    const uint32_t sum = snnrt_current_get(current, (uint32_t)i);
    snnrt_current_set(current, (uint32_t)i, sum + (uint32_t)(value * weight));
  }
}

/* current[0 .. outputs) += value times the weights that begin at `row`. */
SNNRT_KERNEL void snnrt_add_packed_row(const int8_t *row, int32_t value,
                                       snnrt_current current, int32_t outputs,
                                       int32_t bits) {
  const int32_t step = 8 / bits;
  SNNRT_KEEP_LOOP
  for (int32_t left = outputs; left > 0; left -= step * SNNRT_QUAD_LANES) {
    const uint32_t word = snnrt_next_word(&row);
    const snnrt_unpacked bytes = bits == 4
                                     ? snnrt_unpack4(word, 0, false, step)
                                     : snnrt_unpack2(word, 0, false, step);
    snnrt_add_quad_products(bytes.quad0, value, current, left);
    snnrt_add_quad_products(bytes.quad1, value, snnrt_current_at(current, 4),
                            left - 4);
    if (bits == 2) {
      snnrt_add_quad_products(bytes.quad2, value, snnrt_current_at(current, 8),
                              left - 8);
      snnrt_add_quad_products(bytes.quad3, value, snnrt_current_at(current, 12),
                              left - 12);
    }
    current = snnrt_current_at(current, step * SNNRT_QUAD_LANES);
  }
}

/* current[0 .. outputs) += the rows of the list, times their values unless
   `values` is NULL; addresses as in scatter_rows.h. */
SNNRT_KERNEL void snnrt_add_packed_rows(const uint16_t *list, uint32_t count,
                                        const int8_t *values, uintptr_t rows,
                                        uint32_t stride, snnrt_current current,
                                        int32_t outputs, int32_t bits) {
  for (uint32_t i = 0; i < count; ++i) {
    const int32_t value = values == NULL ? 1 : values[list[i]];
    snnrt_add_packed_row(snnrt_row(rows, list[i], stride), value, current,
                         outputs, bits);
  }
}

#endif
