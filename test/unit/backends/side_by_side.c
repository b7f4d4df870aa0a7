/* Two instances of a generated network `net` and one of `other`, a step of each
   in turn: an instance that shared anything with another would get the wrong
   scores. */
#include <stdio.h>
#include <string.h>

#include "net.h"
#include "other.h"

static union {
  uint8_t bytes[NET_ARENA_BYTES];
  uint64_t alignment;
} first, second, alone;

static union {
  uint8_t bytes[OTHER_ARENA_BYTES];
  uint64_t alignment;
} third;

static uint8_t busy[NET_FRAME_SIZE], quiet[NET_FRAME_SIZE], others[OTHER_FRAME_SIZE];

static int same_as_alone(const net_network *instance, const uint8_t *frame) {
  net_network network;
  if (net_init(&network, alone.bytes, sizeof alone) != NET_OK) {
    return 0;
  }
  for (size_t step = 0; step < NET_TIMESTEPS; ++step) {
    (void)net_step(&network, frame);
  }
  return memcmp(net_scores(instance), net_scores(&network), NET_OUTPUTS * sizeof(int32_t)) == 0;
}

int main(void) {
  net_network a, b;
  other_network c;
  memset(busy, NET_INPUT_MAXIMUM, sizeof busy);
  memset(others, OTHER_INPUT_MAXIMUM, sizeof others);
  quiet[0] = 1;
  if (net_init(&a, first.bytes, sizeof first) != NET_OK ||
      net_init(&b, second.bytes, sizeof second) != NET_OK ||
      other_init(&c, third.bytes, sizeof third) != OTHER_OK) {
    return 2;
  }
  for (size_t step = 0; step < NET_TIMESTEPS; ++step) {
    if (net_step(&a, busy) != NET_OK || other_step(&c, others) != OTHER_OK ||
        net_step(&b, quiet) != NET_OK) {
      return 3;
    }
  }
  if (memcmp(net_scores(&a), net_scores(&b), NET_OUTPUTS * sizeof(int32_t)) == 0) {
    printf("both inputs give the same scores\n");
    return 4;
  }
  return same_as_alone(&a, busy) && same_as_alone(&b, quiet) ? 0 : 1;
}
