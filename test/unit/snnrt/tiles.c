/* Compares rows of bytes and marked events with naive references over random
   shapes drawn from SEED. The status says how it went: 0, or 1 for rows and 2
   for marks that differ. */
#include "snnrt/snnrt.h"

static uint32_t state;

static uint32_t random_below(uint32_t end) {
  state = state * 1664525u + 1013904223u;
  return (uint32_t)(((uint64_t)(state >> 8) * end) >> 24);
}

enum { COLUMNS = 12, ROWS = 5, QUADS = 9, LANES = SNNRT_QUAD_LANES * QUADS };

static union {
  int16_t lanes[ROWS * COLUMNS * LANES];
  uint32_t alignment;
} sums, expected;
static union {
  int8_t bytes[ROWS * COLUMNS * LANES];
  uint32_t alignment;
} first, second;

static void naive(int32_t rows, int32_t columns, int32_t width, int32_t lanes,
                  bool two) {
  static const int32_t order[SNNRT_QUAD_LANES] = {0, 2, 1, 3};
  for (int32_t y = 0; y < rows; ++y) {
    for (int32_t i = 0; i < columns * lanes; ++i) {
      const int32_t weight = y * width * lanes + i;
      int16_t *const sum =
          expected.lanes + y * COLUMNS * lanes + (i & ~3) + order[i & 3];
      *sum = (int16_t)(*sum + first.bytes[weight] +
                       (two ? second.bytes[weight] : 0));
    }
  }
}

/* One function for each number of quads, which kernels know when compiled. */
#define DEFINE_ADD(quads)                                                   \
  static __attribute__((noinline)) void add_##quads(                       \
      bool two, int32_t columns, int32_t width,                            \
      const snnrt_rectangle *rectangle) {                                  \
    uint8_t *const current = (uint8_t *)sums.lanes;                        \
    if (two) {                                                             \
      snnrt_add_quad_rectangle(current, first.bytes, second.bytes, true,   \
                               columns, width, quads, rectangle);          \
    } else {                                                               \
      snnrt_add_quad_rectangle(current, first.bytes, NULL, false, columns, \
                               width, quads, rectangle);                   \
    }                                                                      \
  }
DEFINE_ADD(1)
DEFINE_ADD(2)
DEFINE_ADD(3)
DEFINE_ADD(4)
DEFINE_ADD(5)
DEFINE_ADD(8)
DEFINE_ADD(9)

typedef void add_function(bool two, int32_t columns, int32_t width,
                          const snnrt_rectangle *rectangle);

static bool rows_differ(void) {
  static add_function *const functions[] = {add_1, add_2, add_3, add_4,
                                            add_5, add_8, add_9};
  static const int32_t quads[] = {1, 2, 3, 4, 5, 8, 9};
  const uint32_t which = random_below(7);
  const int32_t lanes = SNNRT_QUAD_LANES * quads[which];
  const int32_t width = 1 + (int32_t)random_below(COLUMNS - 1);
  const int32_t columns = 1 + (int32_t)random_below((uint32_t)width);
  const int32_t rows = 1 + (int32_t)random_below(ROWS);
  const bool two = random_below(2) != 0;
  for (size_t i = 0; i < ROWS * COLUMNS * LANES; ++i) {
    sums.lanes[i] = (int16_t)random_below(1u << 16);
    first.bytes[i] = (int8_t)random_below(1u << 8);
    second.bytes[i] = (int8_t)random_below(1u << 8);
  }
  memcpy(expected.lanes, sums.lanes, sizeof sums.lanes);
  const snnrt_rectangle rectangle = {rows, (COLUMNS - columns) * lanes * 2,
                                     (width - columns) * lanes};
  functions[which](two, columns, width, &rectangle);
  naive(rows, columns, width, lanes, two);
  return memcmp(expected.lanes, sums.lanes, sizeof sums.lanes) != 0;
}

enum { SIZE = 150, EVENTS = 60 };

static bool marks_differ(void) {
  uint8_t frame[SIZE] = {0}, counts[SIZE], maximum = 3;
  uint16_t indices[EVENTS];
  uint32_t marks[(SIZE + 31) / 32];
  const uint32_t size = 1 + random_below(SIZE);
  const uint32_t events = random_below(EVENTS);
  bool legal = true;
  for (uint32_t i = 0; i < events; ++i) {
    indices[i] = (uint16_t)random_below(size + (random_below(200) == 0));
    if (indices[i] >= size) {
      legal = false;
    } else {
      legal = legal && ++frame[indices[i]] <= maximum;
    }
  }
  for (int32_t from_frame = 0; from_frame < 2; ++from_frame) {
    /* What is not marked holds anything. */
    memset(counts, 0xA5, sizeof counts);
    memset(marks, 0x5A, sizeof marks);
    bool valid = legal;
    bool accepted;
    if (from_frame) {
      valid = true;
      for (uint32_t i = 0; i < size; ++i) {
        valid = valid && frame[i] <= maximum;
      }
      accepted = snnrt_mark_frame(frame, size, maximum, counts, marks);
    } else {
      accepted = snnrt_mark_events(indices, events, size, maximum, counts,
                                   marks);
    }
    bool equal = accepted == valid;
    for (uint32_t i = 0; equal && valid && i < size; ++i) {
      const bool marked = (marks[i / 32] >> (i % 32) & 1u) != 0;
      equal = marked == (frame[i] != 0) && (!marked || counts[i] == frame[i]);
    }
    if (!equal) {
      return true;
    }
  }
  return false;
}

int main(void) {
  state = SEED;
  for (int32_t i = 0; i < 300; ++i) {
    if (rows_differ()) {
      return 1;
    }
    if (marks_differ()) {
      return 2;
    }
  }
  return 0;
}
