/* The smallest program around a generated network: its size is the network's. */
#include "runner_network.h"

/* Where a driver would leave frames and take classes. */
const void *volatile firmware_frame;
volatile int32_t firmware_class;

int main(void) {
  NETWORK(network) network;
  if (NETWORK(init)(&network, NETWORK_ARENAS) != 0) {
    return 1;
  }
  for (;;) {
    if (NETWORK(step)(&network, firmware_frame) != 0) {
      return 2;
    }
    firmware_class = NETWORK(readout)(&network);
  }
}
