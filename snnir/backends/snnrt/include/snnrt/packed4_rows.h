/* Sums of rows of 4-bit weights selected by a list of inputs.

   A word holds 8 weights of -8 to 7, each as weight + 8. Byte j of it has the
   weight of output p(j) in its low half and that of output 4 + p(j) in its high
   half, with p = 0, 2, 1, 3.

   The sums of a word need two registers and three instructions for each row:
     total += word;
     high += (word & 0xF0F0F0F0) >> 4;
   The bytes of `high` are the sums of the high halves. Those of the low halves
   are the bytes of total - 16 * high, modulo 2^32: that difference is exact
   because it is an integer below 2^32 as long as no byte overflows. Up to 16
   rows cannot overflow a byte that starts at 128 - 8 * rows: it ends at 128 plus
   the sum of the weights, which lies between -128 and 112. */
#ifndef SNNRT_PACKED4_ROWS_H
#define SNNRT_PACKED4_ROWS_H

#include "linear_shape.h"

#define SNNRT_PACKED4_BATCH 16u

/* Values may be negative, and -8 * -16 would leave a byte. */
#define SNNRT_PACKED4_VALUE_BATCH 15

/* 128 in each byte: between signed bytes and bytes that do not borrow. */
#define SNNRT_BYTE_BIAS 0x80808080u

/* The sums of one word as above. */
typedef struct snnrt_packed4_sum {
  uint32_t total, high;
} snnrt_packed4_sum;

/* Sums that are 0 once `rows` weights + 8 have been added to each byte. */
SNNRT_KERNEL snnrt_packed4_sum snnrt_packed4_start(uint32_t rows) {
  const uint32_t start = SNNRT_BYTE_BIAS - rows * 0x08080808u;
  const snnrt_packed4_sum sum = {start * 17u, start};
  return sum;
}

/* sum + one word of weights. */
SNNRT_KERNEL snnrt_packed4_sum snnrt_packed4_add(snnrt_packed4_sum sum,
                                                 uint32_t word) {
  snnrt_packed4_sum result;
  result.total = sum.total + word;
#if SNNRT_DSP
  /* Compilers would shift first, which takes one instruction more. */
  __asm__("add %0, %1, %2, lsr #4"
          : "=r"(result.high)
          : "r"(sum.high), "r"(word & 0xF0F0F0F0u));
#else
  result.high = sum.high + ((word & 0xF0F0F0F0u) >> 4);
#endif
  return result;
}

/* sum + value * one word of weights. */
SNNRT_KERNEL snnrt_packed4_sum snnrt_packed4_add_product(snnrt_packed4_sum sum,
                                                         uint32_t word,
                                                         uint32_t value) {
  const snnrt_packed4_sum result = {
      sum.total + value * word, sum.high + value * (word >> 4 & 0x0F0F0F0Fu)};
  return result;
}

/* Adds the sums of a word to its 8 currents; returns what follows them. */
SNNRT_KERNEL snnrt_current snnrt_packed4_finish_all(snnrt_packed4_sum sum,
                                                    snnrt_current current) {
  const uint32_t low = sum.total - (sum.high << 4);
  return snnrt_add_two_words(low ^ SNNRT_BYTE_BIAS, sum.high ^ SNNRT_BYTE_BIAS,
                             current);
}

/* Adds the sums of a word to the first `outputs` of its 8 currents. */
SNNRT_KERNEL void snnrt_packed4_finish(snnrt_packed4_sum sum,
                                       snnrt_current current,
                                       int32_t outputs) {
  const uint32_t low = sum.total - (sum.high << 4);
  snnrt_add_some_bytes(low ^ SNNRT_BYTE_BIAS, current, outputs);
  snnrt_add_some_bytes(sum.high ^ SNNRT_BYTE_BIAS, snnrt_current_at(current, 4),
                       outputs - 4);
}

/* The row of one list entry; rows are `stride` words apart. */
SNNRT_KERNEL const int32_t *snnrt_packed_row(const int32_t *weights,
                                             uint32_t index, uint32_t stride) {
  /* In bytes, so that the address is one instruction. */
  return (const int32_t *)(const void *)((const int8_t *)weights +
                                         index * (4 * stride));
}

/* Two words of a row, in one instruction. */
typedef struct snnrt_two_words {
  uint32_t first, second;
} snnrt_two_words;

/* The words at row + offset, aligned to 4 bytes; `offset` is 0 or 2. */
SNNRT_KERNEL snnrt_two_words snnrt_load_two_words(const int32_t *row,
                                                  uint32_t offset) {
  snnrt_two_words words;
#if SNNRT_DSP
  /* Compilers would rather compute two addresses. */
  const snnrt_two_words *const pair =
      (const snnrt_two_words *)(const void *)(row + offset);
  if (offset == 0) {
    __asm__("ldrd %0, %1, [%2]"
            : "=r"(words.first), "=r"(words.second)
            : "r"(row), "m"(*pair));
  } else {
    __asm__("ldrd %0, %1, [%2, #8]"
            : "=r"(words.first), "=r"(words.second)
            : "r"(row), "m"(*pair));
  }
#else
  words.first = (uint32_t)row[offset];
  words.second = (uint32_t)row[offset + 1];
#endif
  return words;
}

/* The same pointer, but the compiler does not know where it comes from: so it is
   kept in a register instead of being computed in the loop over the rows. */
SNNRT_KERNEL const int32_t *snnrt_packed_base(const int32_t *weights) {
#if SNNRT_DSP
  __asm__("" : "+r"(weights));
#endif
  return weights;
}

/* Adds rows to 32 currents. `weights` points to the first of their 4 words in
   the row of input 0. */
SNNRT_KERNEL void snnrt_packed4_rows_32(const uint16_t *list, uint32_t count,
                                        const int32_t *weights, uint32_t stride,
                                        snnrt_current current) {
  while (count > 0) {
    const uint32_t rows =
        count < SNNRT_PACKED4_BATCH ? count : SNNRT_PACKED4_BATCH;
    const uint16_t *const end = list + rows;
    snnrt_packed4_sum sum0 = snnrt_packed4_start(rows);
    snnrt_packed4_sum sum1 = sum0, sum2 = sum0, sum3 = sum0;
    do {
      const int32_t *const row = snnrt_packed_row(weights, *list++, stride);
      const snnrt_two_words low = snnrt_load_two_words(row, 0);
      sum0 = snnrt_packed4_add(sum0, low.first);
      sum1 = snnrt_packed4_add(sum1, low.second);
      const snnrt_two_words high = snnrt_load_two_words(row, 2);
      sum2 = snnrt_packed4_add(sum2, high.first);
      sum3 = snnrt_packed4_add(sum3, high.second);
    } while (list != end);
    snnrt_current next = snnrt_packed4_finish_all(sum0, current);
    next = snnrt_packed4_finish_all(sum1, next);
    next = snnrt_packed4_finish_all(sum2, next);
    (void)snnrt_packed4_finish_all(sum3, next);
    count -= rows;
  }
}

/* Adds rows to the first `outputs` of 16 currents; 2 words, else as above. */
SNNRT_KERNEL void snnrt_packed4_rows_16(const uint16_t *list, uint32_t count,
                                        const int32_t *weights, uint32_t stride,
                                        snnrt_current current,
                                        int32_t outputs) {
  while (count > 0) {
    const uint32_t rows =
        count < SNNRT_PACKED4_BATCH ? count : SNNRT_PACKED4_BATCH;
    const uint16_t *const end = list + rows;
    snnrt_packed4_sum sum0 = snnrt_packed4_start(rows), sum1 = sum0;
    do {
      const int32_t *const row = snnrt_packed_row(weights, *list++, stride);
      const snnrt_two_words words = snnrt_load_two_words(row, 0);
      sum0 = snnrt_packed4_add(sum0, words.first);
      sum1 = snnrt_packed4_add(sum1, words.second);
    } while (list != end);
    snnrt_packed4_finish(sum1, snnrt_packed4_finish_all(sum0, current),
                         outputs - 8);
    count -= rows;
  }
}

/* Adds rows to the first `outputs` of 8 currents; 1 word, else as above. */
SNNRT_KERNEL void snnrt_packed4_rows_8(const uint16_t *list, uint32_t count,
                                       const int32_t *weights, uint32_t stride,
                                       snnrt_current current, int32_t outputs) {
  while (count > 0) {
    const uint32_t rows =
        count < SNNRT_PACKED4_BATCH ? count : SNNRT_PACKED4_BATCH;
    const uint16_t *const end = list + rows;
    snnrt_packed4_sum sum = snnrt_packed4_start(rows);
    do {
      const int32_t *const row = snnrt_packed_row(weights, *list++, stride);
      sum = snnrt_packed4_add(sum, (uint32_t)*row);
    } while (list != end);
    snnrt_packed4_finish(sum, current, outputs);
    count -= rows;
  }
}

/* current[0 .. outputs) += the rows of the list, which may be empty. */
SNNRT_KERNEL void snnrt_packed4_rows(const uint16_t *list, uint32_t count,
                                     const int32_t *weights, uint32_t stride,
                                     snnrt_current current, int32_t outputs) {
  int32_t output = 0;
  for (; output + 32 <= outputs; output += 32) {
    snnrt_packed4_rows_32(list, count, snnrt_packed_base(weights + output / 8),
                          stride, snnrt_current_at(current, output));
  }
  for (; output + 8 < outputs; output += 16) {
    snnrt_packed4_rows_16(list, count, weights + output / 8, stride,
                          snnrt_current_at(current, output), outputs - output);
  }
  if (output < outputs) {
    snnrt_packed4_rows_8(list, count, weights + output / 8, stride,
                         snnrt_current_at(current, output), outputs - output);
  }
}

/* Adds rows, each multiplied by values[list[i]], to the first `outputs` of 16
   currents; the second of the 2 words is not read where it has no outputs. A
   value is added in parts of which the magnitudes in a batch sum up to at most
   SNNRT_PACKED4_VALUE_BATCH, so that no byte overflows. */
SNNRT_KERNEL void snnrt_packed4_rows_values_16(
    const uint16_t *list, uint32_t count, const int8_t *values,
    const int32_t *weights, uint32_t stride, snnrt_current current,
    int32_t outputs) {
  const uint16_t *const end = list + count;
  const int32_t second = outputs > 8;
  int32_t rest = 0;
  while (list != end || rest != 0) {
    snnrt_packed4_sum sum0 = {0, 0}, sum1 = {0, 0};
    int32_t room = SNNRT_PACKED4_VALUE_BATCH, value_sum = 0;
    const int32_t *row = weights + (rest != 0 ? list[-1] * stride : 0);
    while (room > 0) {
      if (rest == 0) {
        if (list == end) {
          break;
        }
        rest = values[*list];
        row = weights + *list++ * stride;
      }
      const int32_t part = snnrt_max(snnrt_min(rest, room), -room);
      rest -= part;
      room -= part < 0 ? -part : part;
      value_sum += part;
      sum0 = snnrt_packed4_add_product(sum0, (uint32_t)row[0], (uint32_t)part);
      sum1 = snnrt_packed4_add_product(sum1, (uint32_t)row[second],
                                       (uint32_t)part);
    }
    const snnrt_packed4_sum start = snnrt_packed4_start((uint32_t)value_sum);
    sum0.total += start.total, sum0.high += start.high;
    sum1.total += start.total, sum1.high += start.high;
    snnrt_packed4_finish(sum0, current, outputs);
    snnrt_packed4_finish(sum1, snnrt_current_at(current, 8), outputs - 8);
  }
}

/* current[0 .. outputs) += the value-weighted rows of the list. */
SNNRT_KERNEL void snnrt_packed4_rows_values(const uint16_t *list,
                                            uint32_t count,
                                            const int8_t *values,
                                            const int32_t *weights,
                                            uint32_t stride,
                                            snnrt_current current,
                                            int32_t outputs) {
  for (int32_t output = 0; output < outputs; output += 16) {
    snnrt_packed4_rows_values_16(list, count, values, weights + output / 8,
                                 stride, snnrt_current_at(current, output),
                                 outputs - output);
  }
}

#endif
