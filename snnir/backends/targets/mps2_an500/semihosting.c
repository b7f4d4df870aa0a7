#include "semihosting.h"

/* Semihosting operations (Arm semihosting specification). */
enum {
  SYS_OPEN = 0x01,
  SYS_CLOSE = 0x02,
  SYS_WRITE0 = 0x04,
  SYS_WRITE = 0x05,
  SYS_READ = 0x06,
  SYS_GET_CMDLINE = 0x15,
  SYS_EXIT_EXTENDED = 0x20
};

#define ADP_STOPPED_APPLICATION_EXIT 0x20026u

static int32_t semihosting_call(int32_t operation, const void *argument) {
  register int32_t r0 __asm__("r0") = operation;
  register const void *r1 __asm__("r1") = argument;
  __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
}

void snn_write0(const char *text) { semihosting_call(SYS_WRITE0, text); }

void snn_write_unsigned(uint32_t value) {
  char text[11];
  char *first = text + sizeof text - 1;
  *first = '\0';
  do {
    *--first = (char)('0' + value % 10);
    value /= 10;
  } while (value != 0);
  snn_write0(first);
}

int32_t snn_open(const char *path, int32_t mode) {
  size_t length = 0;
  while (path[length] != '\0') {
    ++length;
  }
  const uint32_t arguments[3] = {(uint32_t)path, (uint32_t)mode, length};
  return semihosting_call(SYS_OPEN, arguments);
}

size_t snn_read(int32_t handle, void *buffer, size_t bytes) {
  const uint32_t arguments[3] = {(uint32_t)handle, (uint32_t)buffer, bytes};
  /* The call returns the number of bytes NOT transferred. */
  return bytes - (size_t)semihosting_call(SYS_READ, arguments);
}

size_t snn_write(int32_t handle, const void *buffer, size_t bytes) {
  const uint32_t arguments[3] = {(uint32_t)handle, (uint32_t)buffer, bytes};
  return bytes - (size_t)semihosting_call(SYS_WRITE, arguments);
}

int32_t snn_close(int32_t handle) {
  const uint32_t arguments[1] = {(uint32_t)handle};
  return semihosting_call(SYS_CLOSE, arguments);
}

int32_t snn_command_line(char *buffer, size_t bytes) {
  const uint32_t arguments[2] = {(uint32_t)buffer, bytes};
  return semihosting_call(SYS_GET_CMDLINE, arguments);
}

void snn_exit(int32_t status) {
  const uint32_t arguments[2] = {ADP_STOPPED_APPLICATION_EXIT,
                                 (uint32_t)status};
  semihosting_call(SYS_EXIT_EXTENDED, arguments);
  for (;;) {
  }
}

/* CMSDK APB timer 0, a 32-bit down counter at 25 MHz. */
typedef struct cmsdk_timer {
  volatile uint32_t control, value, reload;
} cmsdk_timer;

#define TIMER0 ((cmsdk_timer *)0x40000000u)

void snn_timer_start(void) {
  TIMER0->control = 0;
  TIMER0->reload = UINT32_MAX;
  TIMER0->value = UINT32_MAX;
  TIMER0->control = 1;
}

uint32_t snn_timer_instructions(void) {
  const uint32_t ticks = UINT32_MAX - TIMER0->value;
  return (uint32_t)((uint64_t)ticks * 5 / 8);
}

uint32_t snn_stack_used(void) {
  const uint32_t *lowest = __stack_limit;
  while (lowest != __stack_top && *lowest == SNN_STACK_PATTERN) {
    ++lowest;
  }
  return (uint32_t)((uintptr_t)__stack_top - (uintptr_t)lowest);
}
