/* Misuse of the interface of a generated network `net` that takes counts: each
   error has its status, and a step that failed did not happen. Prints the line
   of every expectation that is not met. */
#include <stdio.h>
#include <string.h>

#include "net.h"

static union {
  uint8_t bytes[NET_ARENA_BYTES + NET_ARENA_ALIGN];
  uint64_t alignment;
} arena;

static uint8_t frame[NET_FRAME_SIZE];
static uint16_t events[NET_INPUT_MAXIMUM + 1];
static int failures;

#define EXPECT(condition)                       \
  do {                                          \
    if (!(condition)) {                         \
      printf("line %d: %s\n", __LINE__, #condition); \
      ++failures;                               \
    }                                           \
  } while (0)

static void check_init(net_network *network) {
  EXPECT(net_init(NULL, arena.bytes, sizeof arena) == NET_ERROR_ARGUMENT);
  EXPECT(net_init(network, NULL, sizeof arena) == NET_ERROR_ARGUMENT);
  EXPECT(net_init(network, arena.bytes, NET_ARENA_BYTES - 1) == NET_ERROR_MEMORY);
  EXPECT(net_init(network, arena.bytes, 0) == NET_ERROR_MEMORY);
  for (size_t offset = 1; offset < NET_ARENA_ALIGN; ++offset) {
    EXPECT(net_init(network, arena.bytes + offset, NET_ARENA_BYTES) == NET_ERROR_MEMORY);
  }
  EXPECT(net_init(network, arena.bytes, NET_ARENA_BYTES) == NET_OK);
  net_reset(NULL);
}

/* All wrong inputs; the last ones are noticed after a part was read. */
static void make_failing_steps(net_network *network) {
  EXPECT(net_step(network, NULL) == NET_ERROR_ARGUMENT);
  EXPECT(net_step(NULL, frame) == NET_ERROR_ARGUMENT);
  frame[NET_FRAME_SIZE - 1] = NET_INPUT_MAXIMUM + 1;
  EXPECT(net_step(network, frame) == NET_ERROR_INPUT);
  frame[NET_FRAME_SIZE - 1] = 255;
  EXPECT(net_step(network, frame) == NET_ERROR_INPUT);
  frame[NET_FRAME_SIZE - 1] = NET_INPUT_MAXIMUM;

  EXPECT(net_step_events(network, NULL, 1) == NET_ERROR_ARGUMENT);
  EXPECT(net_step_events(NULL, events, 1) == NET_ERROR_ARGUMENT);
  events[1] = NET_FRAME_SIZE;
  EXPECT(net_step_events(network, events, 2) == NET_ERROR_INPUT);
  events[1] = UINT16_MAX;
  EXPECT(net_step_events(network, events, 2) == NET_ERROR_INPUT);
  events[1] = 0;
  EXPECT(net_step_events(network, events, NET_INPUT_MAXIMUM + 1) == NET_ERROR_INPUT);
}

static void check_failed_steps(net_network *network) {
  static uint8_t state[NET_STATE_BYTES];
  static int32_t scores[NET_OUTPUTS];
  memset(frame, NET_INPUT_MAXIMUM, sizeof frame);
  for (int disturbed = 0; disturbed < 2; ++disturbed) {
    net_reset(network);
    for (size_t step = 0; step < NET_TIMESTEPS; ++step) {
      EXPECT(net_step(network, frame) == NET_OK);
      if (disturbed) {
        memcpy(state, arena.bytes, sizeof state);
        make_failing_steps(network);
        EXPECT(memcmp(state, arena.bytes, sizeof state) == 0);
      }
    }
    if (disturbed) {
      EXPECT(memcmp(scores, net_scores(network), sizeof scores) == 0);
    }
    memcpy(scores, net_scores(network), sizeof scores);
  }
}

static void check_run(net_network *network) {
  static uint8_t frames[NET_TIMESTEPS * NET_FRAME_SIZE];
  int32_t chosen = -7;
  EXPECT(net_run(NULL, frames, NET_TIMESTEPS, &chosen) == NET_ERROR_ARGUMENT);
  EXPECT(net_run(network, NULL, NET_TIMESTEPS, &chosen) == NET_ERROR_ARGUMENT);
  EXPECT(net_run(network, frames, NET_TIMESTEPS, NULL) == NET_ERROR_ARGUMENT);
  frames[sizeof frames - 1] = NET_INPUT_MAXIMUM + 1;
  EXPECT(net_run(network, frames, NET_TIMESTEPS, &chosen) == NET_ERROR_INPUT);
  EXPECT(chosen == -7);
  memset(frames, NET_INPUT_MAXIMUM, sizeof frames);
  EXPECT(net_run(network, frames, NET_TIMESTEPS, &chosen) == NET_OK);
  EXPECT(chosen == net_readout(network));
}

static void check_limits(net_network *network) {
  net_reset(network);
  EXPECT(net_step_events(network, NULL, 0) == NET_OK);
  memset(events, 0, sizeof events);
  EXPECT(net_step_events(network, events, NET_INPUT_MAXIMUM) == NET_OK);
  events[0] = NET_FRAME_SIZE - 1;
  EXPECT(net_step_events(network, events, 1) == NET_OK);
}

int main(void) {
  net_network network;
  check_init(&network);
  check_failed_steps(&network);
  check_run(&network);
  check_limits(&network);
  return failures != 0;
}
