/* Sums of weight rows selected by a spike list: the inner loops of the linear
   and the convolution scatter kernels.

   For each i the row of list[i] starts at byte address
   `rows + list[i] * stride`; `outputs` weights of it are added to `current`.
   `rows` is an integer because the rows of a convolution are counted from the
   first input of the current position, so that row 0 may lie before the weight
   array. Each tile holds its accumulators in registers over the whole list,
   which is not empty: count >= 1. */
#ifndef SNNRT_SCATTER_ROWS_H
#define SNNRT_SCATTER_ROWS_H

#include "packed.h"

/* Address of the weight row of one list entry. */
SNNRT_KERNEL const int8_t *snnrt_row(uintptr_t rows, uint32_t index,
                                     uint32_t stride) {
  return (const int8_t *)(rows + (uintptr_t)index * stride);
}

/* Adds rows to 16 int16 currents. Weights of 4 outputs lie in the order
   n, n+2, n+1, n+3. */
SNNRT_KERNEL void snnrt_rows_16_s16(const uint16_t *list, uint32_t count,
                                    uintptr_t rows, uint32_t stride,
                                    int16_t *current) {
  const uint16_t *const end = list + count;
  uint32_t sum0 = snnrt_load32(current);
  uint32_t sum1 = snnrt_load32(current + 2);
  uint32_t sum2 = snnrt_load32(current + 4);
  uint32_t sum3 = snnrt_load32(current + 6);
  uint32_t sum4 = snnrt_load32(current + 8);
  uint32_t sum5 = snnrt_load32(current + 10);
  uint32_t sum6 = snnrt_load32(current + 12);
  uint32_t sum7 = snnrt_load32(current + 14);
  do {
    const int8_t *const row = snnrt_row(rows, *list++, stride);
    uint32_t weights = snnrt_load32(row);
    sum0 = snnrt_sxtab16(sum0, weights);
    sum1 = snnrt_sxtab16_ror8(sum1, weights);
    weights = snnrt_load32(row + 4);
    sum2 = snnrt_sxtab16(sum2, weights);
    sum3 = snnrt_sxtab16_ror8(sum3, weights);
    weights = snnrt_load32(row + 8);
    sum4 = snnrt_sxtab16(sum4, weights);
    sum5 = snnrt_sxtab16_ror8(sum5, weights);
    weights = snnrt_load32(row + 12);
    sum6 = snnrt_sxtab16(sum6, weights);
    sum7 = snnrt_sxtab16_ror8(sum7, weights);
  } while (list != end);
  snnrt_store32(current, sum0);
  snnrt_store32(current + 2, sum1);
  snnrt_store32(current + 4, sum2);
  snnrt_store32(current + 6, sum3);
  snnrt_store32(current + 8, sum4);
  snnrt_store32(current + 10, sum5);
  snnrt_store32(current + 12, sum6);
  snnrt_store32(current + 14, sum7);
}

/* Two int16 currents += lanes. */
SNNRT_KERNEL void snnrt_add_lanes(int16_t *current, uint32_t lanes) {
  snnrt_store32(current, snnrt_sadd16(snnrt_load32(current), lanes));
}

/* Sums of at most three outputs: what is left of a row after its tiles. */
typedef struct snnrt_tail {
  int32_t sum0, sum1, sum2;
} snnrt_tail;

/* Sums of rows over `outputs` (0 to 3) outputs; weights in plain order. */
SNNRT_KERNEL snnrt_tail snnrt_rows_tail(const uint16_t *list, uint32_t count,
                                        uintptr_t rows, uint32_t stride,
                                        int32_t outputs) {
  snnrt_tail tail = {0, 0, 0};
  for (uint32_t i = 0; outputs > 0 && i < count; ++i) {
    const int8_t *const row = snnrt_row(rows, list[i], stride);
    tail.sum0 += row[0];
    tail.sum1 += outputs > 1 ? row[1] : 0;
    tail.sum2 += outputs > 2 ? row[2] : 0;
  }
  return tail;
}

/* As snnrt_rows_tail, with each row multiplied by values[list[i]]. */
SNNRT_KERNEL snnrt_tail snnrt_rows_values_tail(
    const uint16_t *list, uint32_t count, const int8_t *values, uintptr_t rows,
    uint32_t stride, int32_t outputs) {
  snnrt_tail tail = {0, 0, 0};
  for (uint32_t i = 0; outputs > 0 && i < count; ++i) {
    const int8_t *const row = snnrt_row(rows, list[i], stride);
    const int32_t value = values[list[i]];
    tail.sum0 += value * row[0];
    tail.sum1 += outputs > 1 ? value * row[1] : 0;
    tail.sum2 += outputs > 2 ? value * row[2] : 0;
  }
  return tail;
}

/* current[0 .. outputs) += tail for int16 currents. */
SNNRT_KERNEL void snnrt_add_tail_s16(snnrt_tail tail, int16_t *current,
                                     int32_t outputs) {
  if (outputs > 0) {
    current[0] = (int16_t)(current[0] + tail.sum0);
  }
  if (outputs > 1) {
    current[1] = (int16_t)(current[1] + tail.sum1);
  }
  if (outputs > 2) {
    current[2] = (int16_t)(current[2] + tail.sum2);
  }
}

/* current[0 .. outputs) += tail for int32 currents. */
SNNRT_KERNEL void snnrt_add_tail_s32(snnrt_tail tail, int32_t *current,
                                     int32_t outputs) {
  if (outputs > 0) {
    current[0] += tail.sum0;
  }
  if (outputs > 1) {
    current[1] += tail.sum1;
  }
  if (outputs > 2) {
    current[2] += tail.sum2;
  }
}

/* Sums of up to 15 outputs: fours as lanes (n, n+1), (n+2, n+3) or, of weights in
   plain order, (n, n+2), (n+1, n+3); and of what is left. */
typedef struct snnrt_rest_sums {
  uint32_t lanes0, lanes1, lanes2, lanes3, lanes4, lanes5;
  uint32_t left0, left1, left2;
} snnrt_rest_sums;

/* Sums of the rows over `outputs` < 16, a constant when inlined. Lanes wrap. */
SNNRT_KERNEL snnrt_rest_sums snnrt_rows_rest(const uint16_t *list,
                                             uint32_t count, uintptr_t rows,
                                             uint32_t stride, int32_t outputs) {
  const uint16_t *const end = list + count;
  const int32_t left = outputs % 4;
  snnrt_rest_sums sums = {0, 0, 0, 0, 0, 0, 0, 0, 0};
  do {
    const int8_t *const row = snnrt_row(rows, *list++, stride);
    const int8_t *const last = row + (outputs - left);
    if (outputs >= 4) {
      const uint32_t weights = snnrt_load32(row);
      sums.lanes0 = snnrt_sxtab16(sums.lanes0, weights);
      sums.lanes1 = snnrt_sxtab16_ror8(sums.lanes1, weights);
    }
    if (outputs >= 8) {
      const uint32_t weights = snnrt_load32(row + 4);
      sums.lanes2 = snnrt_sxtab16(sums.lanes2, weights);
      sums.lanes3 = snnrt_sxtab16_ror8(sums.lanes3, weights);
    }
    if (outputs >= 12) {
      const uint32_t weights = snnrt_load32(row + 8);
      sums.lanes4 = snnrt_sxtab16(sums.lanes4, weights);
      sums.lanes5 = snnrt_sxtab16_ror8(sums.lanes5, weights);
    }
    if (left == 1) {
      const int32_t weight = last[0];
      sums.left0 += (uint32_t)weight;
    } else if (left > 1) {
      const uint32_t weights = snnrt_load16(last);
      sums.left0 = snnrt_sxtab_byte0(sums.left0, weights);
      sums.left1 = snnrt_sxtab_byte1(sums.left1, weights);
    }
    if (left > 2) {
      const int32_t weight = last[2];
      sums.left2 += (uint32_t)weight;
    }
  } while (list != end);
  return sums;
}

/* current[0 .. outputs) += sums for int16 currents. */
SNNRT_KERNEL void snnrt_add_rest_s16(const snnrt_rest_sums *sums,
                                     int16_t *current, int32_t outputs) {
  if (outputs >= 4) {
    snnrt_add_lanes(current, sums->lanes0);
    snnrt_add_lanes(current + 2, sums->lanes1);
  }
  if (outputs >= 8) {
    snnrt_add_lanes(current + 4, sums->lanes2);
    snnrt_add_lanes(current + 6, sums->lanes3);
  }
  if (outputs >= 12) {
    snnrt_add_lanes(current + 8, sums->lanes4);
    snnrt_add_lanes(current + 10, sums->lanes5);
  }
  const snnrt_tail tail = {(int32_t)sums->left0, (int32_t)sums->left1,
                           (int32_t)sums->left2};
  snnrt_add_tail_s16(tail, current + outputs / 4 * 4, outputs % 4);
}

/* current[0 .. outputs) += the rows of the list; int16 weight order. */
SNNRT_KERNEL void snnrt_scatter_rows_s16(const uint16_t *list, uint32_t count,
                                         uintptr_t rows, uint32_t stride,
                                         int16_t *current, int32_t outputs) {
  int32_t output = 0;
  for (; output + 16 <= outputs; output += 16) {
    snnrt_rows_16_s16(list, count, rows + (uintptr_t)output, stride,
                      current + output);
  }
  if (output < outputs) {
    const snnrt_rest_sums sums = snnrt_rows_rest(
        list, count, rows + (uintptr_t)output, stride, outputs - output);
    snnrt_add_rest_s16(&sums, current + output, outputs - output);
  }
}

/* Adds rows to 8 int32 currents; weights in plain order. */
SNNRT_KERNEL void snnrt_rows_8_s32(const uint16_t *list, uint32_t count,
                                   uintptr_t rows, uint32_t stride,
                                   int32_t *current) {
  const uint16_t *const end = list + count;
  uint32_t sum0 = (uint32_t)current[0], sum1 = (uint32_t)current[1];
  uint32_t sum2 = (uint32_t)current[2], sum3 = (uint32_t)current[3];
  uint32_t sum4 = (uint32_t)current[4], sum5 = (uint32_t)current[5];
  uint32_t sum6 = (uint32_t)current[6], sum7 = (uint32_t)current[7];
  do {
    const int8_t *const row = snnrt_row(rows, *list++, stride);
    uint32_t weights = snnrt_load32(row);
    sum0 = snnrt_sxtab_byte0(sum0, weights);
    sum1 = snnrt_sxtab_byte1(sum1, weights);
    sum2 = snnrt_sxtab_byte2(sum2, weights);
    sum3 = snnrt_sxtab_byte3(sum3, weights);
    weights = snnrt_load32(row + 4);
    sum4 = snnrt_sxtab_byte0(sum4, weights);
    sum5 = snnrt_sxtab_byte1(sum5, weights);
    sum6 = snnrt_sxtab_byte2(sum6, weights);
    sum7 = snnrt_sxtab_byte3(sum7, weights);
  } while (list != end);
  current[0] = (int32_t)sum0, current[1] = (int32_t)sum1;
  current[2] = (int32_t)sum2, current[3] = (int32_t)sum3;
  current[4] = (int32_t)sum4, current[5] = (int32_t)sum5;
  current[6] = (int32_t)sum6, current[7] = (int32_t)sum7;
}

/* Adds rows to 4 int32 currents; weights in plain order. */
SNNRT_KERNEL void snnrt_rows_4_s32(const uint16_t *list, uint32_t count,
                                   uintptr_t rows, uint32_t stride,
                                   int32_t *current) {
  const uint16_t *const end = list + count;
  uint32_t sum0 = (uint32_t)current[0], sum1 = (uint32_t)current[1];
  uint32_t sum2 = (uint32_t)current[2], sum3 = (uint32_t)current[3];
  do {
    const uint32_t weights = snnrt_load32(snnrt_row(rows, *list++, stride));
    sum0 = snnrt_sxtab_byte0(sum0, weights);
    sum1 = snnrt_sxtab_byte1(sum1, weights);
    sum2 = snnrt_sxtab_byte2(sum2, weights);
    sum3 = snnrt_sxtab_byte3(sum3, weights);
  } while (list != end);
  current[0] = (int32_t)sum0, current[1] = (int32_t)sum1;
  current[2] = (int32_t)sum2, current[3] = (int32_t)sum3;
}

/* current[0 .. outputs) += the rows of the list; plain weight order. */
SNNRT_KERNEL void snnrt_scatter_rows_s32(const uint16_t *list, uint32_t count,
                                         uintptr_t rows, uint32_t stride,
                                         int32_t *current, int32_t outputs) {
  int32_t output = 0;
  for (; output + 8 <= outputs; output += 8) {
    snnrt_rows_8_s32(list, count, rows + (uintptr_t)output, stride,
                     current + output);
  }
  if (output + 4 <= outputs) {
    snnrt_rows_4_s32(list, count, rows + (uintptr_t)output, stride,
                     current + output);
    output += 4;
  }
  snnrt_add_tail_s32(snnrt_rows_tail(list, count, rows + (uintptr_t)output,
                                     stride, outputs - output),
                     current + output, outputs - output);
}

#endif
