/* The smallest program around a generated network: its size is the network's. */
#include "runner_network.h"

#ifdef FIRMWARE_ARENA_SECTION
__attribute__((section(FIRMWARE_ARENA_SECTION)))
#endif
static union {
  uint8_t bytes[NETWORK_MACRO(ARENA_BYTES)];
  uint64_t alignment;
} arena;

/* Where a driver would leave frames and take classes. */
const void *volatile firmware_frame;
volatile int32_t firmware_class;

int main(void) {
  NETWORK(network) network;
  if (NETWORK(init)(&network, arena.bytes, sizeof arena) != 0) {
    return 1;
  }
  for (;;) {
    if (NETWORK(step)(&network, firmware_frame) != 0) {
      return 2;
    }
    firmware_class = NETWORK(readout)(&network);
  }
}
