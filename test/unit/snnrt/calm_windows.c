/* Compares the steps that a calm window makes up for at once with as many single
   steps, for random states drawn from SEED. The status is 0, or 1 where they
   differ. */
#include "snnrt/snnrt.h"

static uint32_t state;

static uint32_t random_below(uint32_t end) {
  state = state * 1664525u + 1013904223u;
  return (uint32_t)(((uint64_t)(state >> 8) * end) >> 24);
}

enum { WORDS = 5, MOST_STEPS = 40, ROUNDS = 2000 };

static bool steps_differ(void) {
  union {
    int16_t lanes[2 * WORDS];
    uint32_t words[WORDS];
  } given, found, rests;
  for (int32_t i = 0; i < 2 * WORDS; ++i) {
    given.lanes[i] = (int16_t)random_below(1u << 16);
    rests.lanes[i] = (int16_t)random_below(1u << 16);
  }
  const uint32_t steps = 1 + random_below(MOST_STEPS);
  found = given;
  snnrt_halving_rest(found.lanes, WORDS, rests.words, steps);
  for (int32_t i = 0; i < 2 * WORDS; ++i) {
    int32_t z = given.lanes[i];
    for (uint32_t step = 0; step < steps; ++step) {
      z = (z + rests.lanes[i]) >> 1;
    }
    if (z != found.lanes[i]) {
      return true;
    }
  }
  return false;
}

int main(void) {
  state = SEED;
  for (int32_t round = 0; round < ROUNDS; ++round) {
    if (steps_differ()) {
      return 1;
    }
  }
  return 0;
}
