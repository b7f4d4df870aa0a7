/* Sums of rows of ternary weights selected by a list of inputs.

   A word holds 16 weights of -1 to 1, each as weight + 1 in 2 bits. Bits 1:0 of
   byte j are the weight of output p(j), bits 5:4 that of output 4 + p(j), bits
   3:2 that of 8 + p(j) and bits 7:6 that of 12 + p(j), with p = 0, 2, 1, 3.

   As in packed4_rows.h a word is added in three instructions, here to fields of
   4 bits, which hold the sums of 7 rows; these are added to bytes, which hold
   the sums of 112 rows around 128. */
#ifndef SNNRT_PACKED2_ROWS_H
#define SNNRT_PACKED2_ROWS_H

#include "packed4_rows.h"

#define SNNRT_PACKED2_BATCH 7u
#define SNNRT_PACKED2_CHUNK 112u

/* Sums of one word in fields of 4 bits: `high` of bits 3:2 and 7:6 of each
   byte, total - 4 * high of the others. */
typedef struct snnrt_packed2_sum {
  uint32_t total, high;
} snnrt_packed2_sum;

/* Sums of one word in bytes, each of 4 outputs. */
typedef struct snnrt_packed2_bytes {
  uint32_t quad0, quad1, quad2, quad3;
} snnrt_packed2_bytes;

/* Bytes that are 128 once `rows` weights + 1 have been added to each. */
SNNRT_KERNEL snnrt_packed2_bytes snnrt_packed2_start(uint32_t rows) {
  const uint32_t start = SNNRT_BYTE_BIAS - rows * 0x01010101u;
  const snnrt_packed2_bytes bytes = {start, start, start, start};
  return bytes;
}

/* sum + one word of weights. */
SNNRT_KERNEL snnrt_packed2_sum snnrt_packed2_add(snnrt_packed2_sum sum,
                                                 uint32_t word) {
  snnrt_packed2_sum result;
  result.total = sum.total + word;
#if SNNRT_DSP
  __asm__("add %0, %1, %2, lsr #2"
          : "=r"(result.high)
          : "r"(sum.high), "r"(word & 0xCCCCCCCCu));
#else
  result.high = sum.high + ((word & 0xCCCCCCCCu) >> 2);
#endif
  return result;
}

/* bytes + the fields of a sum. */
SNNRT_KERNEL snnrt_packed2_bytes snnrt_packed2_widen(snnrt_packed2_bytes bytes,
                                                     snnrt_packed2_sum sum) {
  const uint32_t low = sum.total - (sum.high << 2);
  const snnrt_packed2_bytes result = {
      bytes.quad0 + (low & 0x0F0F0F0Fu), bytes.quad1 + (low >> 4 & 0x0F0F0F0Fu),
      bytes.quad2 + (sum.high & 0x0F0F0F0Fu),
      bytes.quad3 + (sum.high >> 4 & 0x0F0F0F0Fu)};
  return result;
}

/* Adds the sums of a word to its 16 currents; returns what follows them. */
SNNRT_KERNEL snnrt_current snnrt_packed2_finish_all(snnrt_packed2_bytes bytes,
                                                    snnrt_current current) {
  const snnrt_current next =
      snnrt_add_two_words(bytes.quad0 ^ SNNRT_BYTE_BIAS,
                          bytes.quad1 ^ SNNRT_BYTE_BIAS, current);
  return snnrt_add_two_words(bytes.quad2 ^ SNNRT_BYTE_BIAS,
                             bytes.quad3 ^ SNNRT_BYTE_BIAS, next);
}

/* Adds the sums of a word to the first `outputs` of its 16 currents. */
SNNRT_KERNEL void snnrt_packed2_finish(snnrt_packed2_bytes bytes,
                                       snnrt_current current,
                                       int32_t outputs) {
  snnrt_add_some_bytes(bytes.quad0 ^ SNNRT_BYTE_BIAS, current, outputs);
  snnrt_add_some_bytes(bytes.quad1 ^ SNNRT_BYTE_BIAS,
                       snnrt_current_at(current, 4), outputs - 4);
  snnrt_add_some_bytes(bytes.quad2 ^ SNNRT_BYTE_BIAS,
                       snnrt_current_at(current, 8), outputs - 8);
  snnrt_add_some_bytes(bytes.quad3 ^ SNNRT_BYTE_BIAS,
                       snnrt_current_at(current, 12), outputs - 12);
}

/* The sums of 32 outputs. */
typedef struct snnrt_packed2_tile {
  snnrt_packed2_sum word0, word1;
} snnrt_packed2_tile;

/* tile + the row of one list entry. */
SNNRT_KERNEL snnrt_packed2_tile snnrt_packed2_add_32(snnrt_packed2_tile tile,
                                                     const int32_t *row) {
  const snnrt_two_words words = snnrt_load_two_words(row, 0);
  tile.word0 = snnrt_packed2_add(tile.word0, words.first);
  tile.word1 = snnrt_packed2_add(tile.word1, words.second);
  return tile;
}

/* The sums of up to SNNRT_PACKED2_BATCH rows; a full batch has no loop. */
SNNRT_KERNEL snnrt_packed2_tile snnrt_packed2_batch_32(const uint16_t *list,
                                                       uint32_t rows,
                                                       const int32_t *weights,
                                                       uint32_t stride) {
  snnrt_packed2_tile tile = {{0, 0}, {0, 0}};
  if (rows == SNNRT_PACKED2_BATCH) {
    tile = snnrt_packed2_add_32(tile, snnrt_packed_row(weights, list[0], stride));
    tile = snnrt_packed2_add_32(tile, snnrt_packed_row(weights, list[1], stride));
    tile = snnrt_packed2_add_32(tile, snnrt_packed_row(weights, list[2], stride));
    tile = snnrt_packed2_add_32(tile, snnrt_packed_row(weights, list[3], stride));
    tile = snnrt_packed2_add_32(tile, snnrt_packed_row(weights, list[4], stride));
    tile = snnrt_packed2_add_32(tile, snnrt_packed_row(weights, list[5], stride));
    return snnrt_packed2_add_32(tile, snnrt_packed_row(weights, list[6], stride));
  }
  for (const uint16_t *const end = list + rows; list != end; ++list) {
    tile = snnrt_packed2_add_32(tile, snnrt_packed_row(weights, *list, stride));
  }
  return tile;
}

/* Adds rows to 32 currents. `weights` points to the first of their 2 words in
   the row of input 0; rows are `stride` words apart. */
SNNRT_KERNEL void snnrt_packed2_rows_32(const uint16_t *list, uint32_t count,
                                        const int32_t *weights, uint32_t stride,
                                        snnrt_current current) {
  while (count > 0) {
    uint32_t left = count < SNNRT_PACKED2_CHUNK ? count : SNNRT_PACKED2_CHUNK;
    count -= left;
    snnrt_packed2_bytes bytes0 = snnrt_packed2_start(left), bytes1 = bytes0;
    while (left > 0) {
      const uint32_t rows =
          left < SNNRT_PACKED2_BATCH ? left : SNNRT_PACKED2_BATCH;
      const snnrt_packed2_tile tile =
          snnrt_packed2_batch_32(list, rows, weights, stride);
      bytes0 = snnrt_packed2_widen(bytes0, tile.word0);
      bytes1 = snnrt_packed2_widen(bytes1, tile.word1);
      list += rows;
      left -= rows;
    }
    const snnrt_current next = snnrt_packed2_finish_all(bytes0, current);
    (void)snnrt_packed2_finish_all(bytes1, next);
  }
}

/* Adds rows to the first `outputs` of 16 currents; 1 word, else as above. */
SNNRT_KERNEL void snnrt_packed2_rows_16(const uint16_t *list, uint32_t count,
                                        const int32_t *weights, uint32_t stride,
                                        snnrt_current current,
                                        int32_t outputs) {
  while (count > 0) {
    uint32_t left = count < SNNRT_PACKED2_CHUNK ? count : SNNRT_PACKED2_CHUNK;
    count -= left;
    snnrt_packed2_bytes bytes = snnrt_packed2_start(left);
    while (left > 0) {
      const uint32_t rows =
          left < SNNRT_PACKED2_BATCH ? left : SNNRT_PACKED2_BATCH;
      const uint16_t *const end = list + rows;
      snnrt_packed2_sum sum = {0, 0};
      do {
        const int32_t *const row = snnrt_packed_row(weights, *list++, stride);
        sum = snnrt_packed2_add(sum, (uint32_t)*row);
      } while (list != end);
      bytes = snnrt_packed2_widen(bytes, sum);
      left -= rows;
    }
    snnrt_packed2_finish(bytes, current, outputs);
  }
}

/* current[0 .. outputs) += the rows of the list, which may be empty. */
SNNRT_KERNEL void snnrt_packed2_rows(const uint16_t *list, uint32_t count,
                                     const int32_t *weights, uint32_t stride,
                                     snnrt_current current, int32_t outputs) {
  int32_t output = 0;
  for (; output + 32 <= outputs; output += 32) {
    snnrt_packed2_rows_32(list, count, snnrt_packed_base(weights + output / 16),
                          stride, snnrt_current_at(current, output));
  }
  for (; output < outputs; output += 16) {
    snnrt_packed2_rows_16(list, count, weights + output / 16, stride,
                          snnrt_current_at(current, output), outputs - output);
  }
}

/* Adds rows, each multiplied by values[list[i]], to the first `outputs` of 16
   currents. Parts of values as in snnrt_packed4_rows_values_16, in batches whose
   magnitudes sum up to at most 7: a field starts at 8 and ends at 1 to 15. */
SNNRT_KERNEL void snnrt_packed2_rows_values_16(
    const uint16_t *list, uint32_t count, const int8_t *values,
    const int32_t *weights, uint32_t stride, snnrt_current current,
    int32_t outputs) {
  const uint16_t *const end = list + count;
  int32_t rest = 0;
  uint32_t word = 0;
  while (list != end || rest != 0) {
    uint32_t total = 0, high = 0;
    int32_t room = (int32_t)SNNRT_PACKED2_BATCH, value_sum = 0;
    while (room > 0) {
      if (rest == 0) {
        if (list == end) {
          break;
        }
        rest = values[*list];
        word = (uint32_t)weights[*list++ * stride];
      }
      const int32_t part = snnrt_max(snnrt_min(rest, room), -room);
      rest -= part;
      room -= part < 0 ? -part : part;
      value_sum += part;
      total += (uint32_t)part * word;
      high += (uint32_t)part * (word >> 2 & 0x33333333u);
    }
    const uint32_t start = 0x88888888u - (uint32_t)value_sum * 0x11111111u;
    const snnrt_packed2_sum sum = {total + start * 5u, high + start};
    snnrt_packed2_finish(snnrt_packed2_widen(snnrt_packed2_start(8), sum),
                         current, outputs);
  }
}

/* current[0 .. outputs) += the value-weighted rows of the list. */
SNNRT_KERNEL void snnrt_packed2_rows_values(const uint16_t *list,
                                            uint32_t count,
                                            const int8_t *values,
                                            const int32_t *weights,
                                            uint32_t stride,
                                            snnrt_current current,
                                            int32_t outputs) {
  for (int32_t output = 0; output < outputs; output += 16) {
    snnrt_packed2_rows_values_16(list, count, values, weights + output / 16,
                                 stride, snnrt_current_at(current, output),
                                 outputs - output);
  }
}

#endif
