/* Event-driven fully connected layers with int32 currents.

   Rows are added in int16 lanes, as many as cannot overflow them, and the sums
   of these to the currents: that takes half the instructions. */
#ifndef SNNRT_LINEAR_WIDE_H
#define SNNRT_LINEAR_WIDE_H

#include "fill.h"
#include "linear_quads.h"

/* Rows whose sum fits a lane: 256 * -128 = -2^15. */
#define SNNRT_WIDE_ROWS 256u

/* Outputs that are added together to a buffer of lanes. */
#define SNNRT_WIDE_BLOCK 48

/* Four int32 currents += lanes (n, n+2) and (n+1, n+3). */
SNNRT_KERNEL void snnrt_widen_four(uint32_t even, uint32_t odd,
                                   int32_t *current) {
  current[0] += snnrt_low16(even);
  current[1] += snnrt_low16(odd);
  current[2] += snnrt_high16(even);
  current[3] += snnrt_high16(odd);
}

/* current[0 .. outputs) += sums for int32 currents; outputs < 16. */
SNNRT_KERNEL void snnrt_add_rest_s32(const snnrt_rest_sums *sums,
                                     int32_t *current, int32_t outputs) {
  if (outputs >= 4) {
    snnrt_widen_four(sums->lanes0, sums->lanes1, current);
  }
  if (outputs >= 8) {
    snnrt_widen_four(sums->lanes2, sums->lanes3, current + 4);
  }
  if (outputs >= 12) {
    snnrt_widen_four(sums->lanes4, sums->lanes5, current + 8);
  }
  const snnrt_tail tail = {(int32_t)sums->left0, (int32_t)sums->left1,
                           (int32_t)sums->left2};
  snnrt_add_tail_s32(tail, current + outputs / 4 * 4, outputs % 4);
}

/* Lanes of a block, aligned like words. */
typedef union snnrt_wide_lanes {
  uint32_t word;
  int16_t lanes[SNNRT_WIDE_BLOCK];
} snnrt_wide_lanes;

/* current[0 .. outputs) += up to SNNRT_WIDE_ROWS rows, for outputs <=
   SNNRT_WIDE_BLOCK in complete fours, rows aligned to 4 bytes. */
SNNRT_KERNEL void snnrt_wide_block(const uint16_t *list, uint32_t count,
                                   uintptr_t rows, uint32_t stride,
                                   int32_t *current, int32_t outputs) {
  snnrt_wide_lanes block;
  const int32_t quads = outputs / SNNRT_QUAD_LANES;
  const uint16_t *const end = list + (count & ~1u);
  snnrt_fill_zero(block.lanes, (uint32_t)(2 * outputs));
  while (list != end) {
    uint8_t *sums = (uint8_t *)block.lanes;
    const int8_t *first = snnrt_row(rows, list[0], stride);
    const int8_t *second = snnrt_row(rows, list[1], stride);
    list += 2;
    snnrt_add_quads(&sums, &first, &second, true, quads);
  }
  if ((count & 1u) != 0) {
    uint8_t *sums = (uint8_t *)block.lanes;
    const int8_t *first = snnrt_row(rows, *list, stride);
    snnrt_add_quads(&sums, &first, NULL, false, quads);
  }
  for (int32_t i = 0; i < outputs; i += SNNRT_QUAD_LANES) {
    snnrt_widen_four(snnrt_load32(block.lanes + i),
                     snnrt_load32(block.lanes + i + 2), current + i);
  }
}

/* current[0 .. outputs) += the rows of the list; count >= 1, plain weight
   order. */
SNNRT_KERNEL void snnrt_linear_wide(const uint16_t *list, uint32_t count,
                                    const int8_t *weights, int32_t *current,
                                    int32_t outputs) {
  const uint32_t stride = (uint32_t)outputs;
  const bool in_quads = outputs % SNNRT_QUAD_LANES == 0;
  while (count > 0) {
    const uint32_t rows = count < SNNRT_WIDE_ROWS ? count : SNNRT_WIDE_ROWS;
    uintptr_t base = (uintptr_t)weights;
    int32_t output = 0;
    if (in_quads) {
      for (; output + SNNRT_WIDE_BLOCK <= outputs; output += SNNRT_WIDE_BLOCK) {
        snnrt_wide_block(list, rows, base + (uintptr_t)output, stride,
                         current + output, SNNRT_WIDE_BLOCK);
      }
      if (outputs % SNNRT_WIDE_BLOCK >= SNNRT_LINEAR_QUAD_OUTPUTS) {
        snnrt_wide_block(list, rows, base + (uintptr_t)output, stride,
                         current + output, outputs % SNNRT_WIDE_BLOCK);
        output = outputs;
      }
    }
    for (; output + 12 <= outputs; output += 12) {
      const snnrt_rest_sums sums =
          snnrt_rows_rest(list, rows, base + (uintptr_t)output, stride, 12);
      snnrt_add_rest_s32(&sums, current + output, 12);
    }
    if (output < outputs) {
      const snnrt_rest_sums sums = snnrt_rows_rest(
          list, rows, base + (uintptr_t)output, stride, outputs - output);
      snnrt_add_rest_s32(&sums, current + output, outputs - output);
    }
    list += rows;
    count -= rows;
  }
}

#endif
