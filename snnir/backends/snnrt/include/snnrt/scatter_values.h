/* Sums of weight rows selected by a spike list and multiplied by int8 values.
   Addresses, weight orders and count >= 1 as in scatter_rows.h. */
#ifndef SNNRT_SCATTER_VALUES_H
#define SNNRT_SCATTER_VALUES_H

#include "scatter_rows.h"

/* Between two int16 lanes (low, high) and the single integer
   (low + 2^15) + high * 2^16; its own inverse. Unlike the packed word, that
   integer stays meaningful under 32-bit multiply-accumulate, so that one MLA
   serves two synapses: the low part of a sum is not negative and borrows
   nothing from the high part. */
SNNRT_KERNEL uint32_t snnrt_pair(uint32_t lanes) { return lanes ^ 0x8000u; }

/* Weights enter a pair as weight + 128 so that no lane is negative and none
   borrows from its neighbour. */
#define SNNRT_PAIR_OFFSET 0x00800080u

/* Adds value-weighted rows to 8 int16 currents. Weights of 4 outputs lie in
   the order n, n+2, n+1, n+3. */
SNNRT_KERNEL void snnrt_rows_values_8_s16(const uint16_t *list, uint32_t count,
                                          const int8_t *values, uintptr_t rows,
                                          uint32_t stride, int16_t *current) {
  const uint16_t *const end = list + count;
  uint32_t pair0 = snnrt_pair(snnrt_load32(current));
  uint32_t pair1 = snnrt_pair(snnrt_load32(current + 2));
  uint32_t pair2 = snnrt_pair(snnrt_load32(current + 4));
  uint32_t pair3 = snnrt_pair(snnrt_load32(current + 6));
  uint32_t value_sum = 0;
  do {
    const uint32_t index = *list++;
    const int8_t *const row = snnrt_row(rows, index, stride);
    const uint32_t value = (uint32_t)values[index];
    uint32_t weights = snnrt_load32(row);
    value_sum += value;
    pair0 += value * snnrt_sxtab16(SNNRT_PAIR_OFFSET, weights);
    pair1 += value * snnrt_sxtab16_ror8(SNNRT_PAIR_OFFSET, weights);
    weights = snnrt_load32(row + 4);
    pair2 += value * snnrt_sxtab16(SNNRT_PAIR_OFFSET, weights);
    pair3 += value * snnrt_sxtab16_ror8(SNNRT_PAIR_OFFSET, weights);
  } while (list != end);
  value_sum *= SNNRT_PAIR_OFFSET;
  snnrt_store32(current, snnrt_pair(pair0 - value_sum));
  snnrt_store32(current + 2, snnrt_pair(pair1 - value_sum));
  snnrt_store32(current + 4, snnrt_pair(pair2 - value_sum));
  snnrt_store32(current + 6, snnrt_pair(pair3 - value_sum));
}

/* Adds value-weighted rows to 4 int16 currents; weight order as above. */
SNNRT_KERNEL void snnrt_rows_values_4_s16(const uint16_t *list, uint32_t count,
                                          const int8_t *values, uintptr_t rows,
                                          uint32_t stride, int16_t *current) {
  const uint16_t *const end = list + count;
  uint32_t pair0 = snnrt_pair(snnrt_load32(current));
  uint32_t pair1 = snnrt_pair(snnrt_load32(current + 2));
  uint32_t value_sum = 0;
  do {
    const uint32_t index = *list++;
    const uint32_t weights = snnrt_load32(snnrt_row(rows, index, stride));
    const uint32_t value = (uint32_t)values[index];
    value_sum += value;
    pair0 += value * snnrt_sxtab16(SNNRT_PAIR_OFFSET, weights);
    pair1 += value * snnrt_sxtab16_ror8(SNNRT_PAIR_OFFSET, weights);
  } while (list != end);
  value_sum *= SNNRT_PAIR_OFFSET;
  snnrt_store32(current, snnrt_pair(pair0 - value_sum));
  snnrt_store32(current + 2, snnrt_pair(pair1 - value_sum));
}

/* current[0 .. outputs) += the value-weighted rows; int16 weight order. */
SNNRT_KERNEL void snnrt_scatter_rows_values_s16(
    const uint16_t *list, uint32_t count, const int8_t *values, uintptr_t rows,
    uint32_t stride, int16_t *current, int32_t outputs) {
  int32_t output = 0;
  for (; output + 8 <= outputs; output += 8) {
    snnrt_rows_values_8_s16(list, count, values, rows + (uintptr_t)output,
                            stride, current + output);
  }
  if (output + 4 <= outputs) {
    snnrt_rows_values_4_s16(list, count, values, rows + (uintptr_t)output,
                            stride, current + output);
    output += 4;
  }
  snnrt_add_tail_s16(
      snnrt_rows_values_tail(list, count, values, rows + (uintptr_t)output,
                             stride, outputs - output),
      current + output, outputs - output);
}

/* Adds value-weighted rows to 4 int32 currents; weights in plain order. */
SNNRT_KERNEL void snnrt_rows_values_4_s32(const uint16_t *list, uint32_t count,
                                          const int8_t *values, uintptr_t rows,
                                          uint32_t stride, int32_t *current) {
  int32_t sum0 = current[0], sum1 = current[1];
  int32_t sum2 = current[2], sum3 = current[3];
  for (uint32_t i = 0; i < count; ++i) {
    const int8_t *const row = snnrt_row(rows, list[i], stride);
    const int32_t value = values[list[i]];
    sum0 += value * row[0];
    sum1 += value * row[1];
    sum2 += value * row[2];
    sum3 += value * row[3];
  }
  current[0] = sum0, current[1] = sum1;
  current[2] = sum2, current[3] = sum3;
}

/* Adds value-weighted rows to 8 int32 currents; weights in plain order. */
SNNRT_KERNEL void snnrt_rows_values_8_s32(const uint16_t *list, uint32_t count,
                                          const int8_t *values, uintptr_t rows,
                                          uint32_t stride, int32_t *current) {
  int32_t sum0 = current[0], sum1 = current[1];
  int32_t sum2 = current[2], sum3 = current[3];
  int32_t sum4 = current[4], sum5 = current[5];
  int32_t sum6 = current[6], sum7 = current[7];
  for (uint32_t i = 0; i < count; ++i) {
    const int8_t *const row = snnrt_row(rows, list[i], stride);
    const int32_t value = values[list[i]];
    sum0 += value * row[0];
    sum1 += value * row[1];
    sum2 += value * row[2];
    sum3 += value * row[3];
    sum4 += value * row[4];
    sum5 += value * row[5];
    sum6 += value * row[6];
    sum7 += value * row[7];
  }
  current[0] = sum0, current[1] = sum1;
  current[2] = sum2, current[3] = sum3;
  current[4] = sum4, current[5] = sum5;
  current[6] = sum6, current[7] = sum7;
}

/* current[0 .. outputs) += the value-weighted rows; plain weight order. */
SNNRT_KERNEL void snnrt_scatter_rows_values_s32(
    const uint16_t *list, uint32_t count, const int8_t *values, uintptr_t rows,
    uint32_t stride, int32_t *current, int32_t outputs) {
  int32_t output = 0;
  for (; output + 8 <= outputs; output += 8) {
    snnrt_rows_values_8_s32(list, count, values, rows + (uintptr_t)output,
                            stride, current + output);
  }
  if (output + 4 <= outputs) {
    snnrt_rows_values_4_s32(list, count, values, rows + (uintptr_t)output,
                            stride, current + output);
    output += 4;
  }
  snnrt_add_tail_s32(
      snnrt_rows_values_tail(list, count, values, rows + (uintptr_t)output,
                             stride, outputs - output),
      current + output, outputs - output);
}

#endif
