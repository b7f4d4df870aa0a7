/* Event-driven convolutions into int16 currents, for outputs in fours.

   The kernels of a position's inputs are added to the currents two at a time,
   by multiple-register transfers: for binary inputs that takes fewer
   instructions than sums held in registers, at any activity. An input with a
   count up to SNNRT_QUAD_COUNT is added so often; others are left to the
   caller. */
#ifndef SNNRT_CONV2D_QUADS_H
#define SNNRT_CONV2D_QUADS_H

#include "packed_quads.h"

/* Largest count that is added instead of multiplied; windows of 2 x 2 spikes
   have no larger ones. */
#define SNNRT_QUAD_COUNT 4

/* Quads of a row up to which it has code of its own, without a loop over its
   positions. */
#define SNNRT_UNROLLED_ROW_QUADS 12

/* How the currents that an input reaches lie in memory. Gaps are bytes between
   neighbouring positions of a row, strides bytes from a row to the next; all
   but `rows` and `columns` are constants when inlined. */
typedef struct snnrt_quad_area {
  int32_t rows, columns;
  int32_t width; /* most columns */
  int32_t quads;
  int32_t current_gap, weight_gap;
  int32_t current_stride, weight_stride;
} snnrt_quad_area;

/* Adds the kernel at `first`, and if there are `two` that at `second`; weights
   have 8, 4 or 2 `bits`. */
SNNRT_KERNEL void snnrt_add_quad_area(uint8_t *current, const int8_t *first,
                                      const int8_t *second, bool two,
                                      const snnrt_quad_area *area,
                                      int32_t bits) {
  const int32_t quads = area->quads;
  const int32_t lanes = SNNRT_QUAD_LANES * quads;
  const int32_t current_width = 2 * lanes + area->current_gap;
  const int32_t weight_width =
      snnrt_weight_bytes(lanes, bits) + area->weight_gap;
  int32_t row = area->rows;
  if (bits == 8 && area->columns == area->width && area->current_gap == 0 &&
      area->weight_gap == 0 &&
      area->width * quads <= SNNRT_UNROLLED_ROW_QUADS) {
    do {
      snnrt_add_row_of_quads(&current, &first, &second, two,
                             area->width * quads);
      current += area->current_stride - area->width * current_width;
      first += area->weight_stride - area->width * weight_width;
      if (two) {
        second += area->weight_stride - area->width * weight_width;
      }
    } while (--row != 0);
    return;
  }
  const int32_t current_stride =
      area->current_stride - area->columns * current_width;
  const int32_t weight_stride =
      area->weight_stride - area->columns * weight_width;
  do {
    int32_t column = area->columns;
    SNNRT_KEEP_LOOP
    do {
      if (bits == 8) {
        snnrt_add_quads(&current, &first, &second, two, quads);
      } else {
        snnrt_add_packed_quads(&current, &first, &second, two, quads, bits);
      }
      current += area->current_gap;
      first += area->weight_gap;
      if (two) {
        second += area->weight_gap;
      }
    } while (--column != 0);
    current += current_stride;
    first += weight_stride;
    if (two) {
      second += weight_stride;
    }
  } while (--row != 0);
}

#endif
