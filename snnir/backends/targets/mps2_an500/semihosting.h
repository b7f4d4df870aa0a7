/* Arm semihosting and measurement helpers for bare-metal images on the
   Cortex-M7 board MPS2+ AN500, as QEMU models it (-M mps2-an500). */
#ifndef SNNIR_MPS2_AN500_SEMIHOSTING_H
#define SNNIR_MPS2_AN500_SEMIHOSTING_H

#include <stddef.h>
#include <stdint.h>

/* Modes of snn_open: binary read, and binary write of a new file. */
enum { SNN_OPEN_READ = 1, SNN_OPEN_WRITE = 5 };

/* Writes a zero-terminated string to the host's console. */
void snn_write0(const char *text);

/* Writes an unsigned decimal number to the host's console. */
void snn_write_unsigned(uint32_t value);

/* Opens a host file; returns its handle, or -1. */
int32_t snn_open(const char *path, int32_t mode);

/* Reads up to `bytes` bytes; returns the number of bytes read. */
size_t snn_read(int32_t handle, void *buffer, size_t bytes);

/* Writes `bytes` bytes; returns the number of bytes written. */
size_t snn_write(int32_t handle, const void *buffer, size_t bytes);

/* Closes a host file; returns 0 on success. */
int32_t snn_close(int32_t handle);

/* Copies the command line (arguments separated by spaces) with its terminating
   zero into `buffer`; returns 0 on success. */
int32_t snn_command_line(char *buffer, size_t bytes);

/* Ends the simulation with the given process exit status. */
void snn_exit(int32_t status) __attribute__((noreturn));

/* Starts counting instructions. Counts are exact under `-icount shift=6`,
   where an instruction takes 64 ns, that is 1.6 ticks of the 25 MHz timer; they
   include the few instructions of the two timer calls and wrap after 2.6e9. */
void snn_timer_start(void);

/* Instructions executed since snn_timer_start. */
uint32_t snn_timer_instructions(void);

/* The stack region, laid out by memory.ld and filled with the pattern by
   startup.c. */
extern uint32_t __stack_limit[], __stack_top[];
#define SNN_STACK_PATTERN 0x5AC5AC5Au

/* Largest stack use since reset, in bytes: the part of the stack whose fill
   pattern, written at reset, was overwritten. */
uint32_t snn_stack_used(void);

#endif
