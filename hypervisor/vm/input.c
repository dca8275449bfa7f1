#include "hypervisor/vm/input.h"

#include <stdint.h>

#include "hypervisor/cpu/pic_host.h"
#include "hypervisor/cpu/serial_host.h"
#include "hypervisor/debug/debug.h"
#include "hypervisor/vm/vm.h"

#define BUFFER_SIZE 1024u /* a power of two */

/* One line for the whole machine, as there is one COM1. */
static struct {
    uint8_t bytes[BUFFER_SIZE];
    unsigned head, tail; /* free-running; equal: empty */
} buffer;

void input_collect(void)
{
    uint8_t byte;
    while (buffer.head - buffer.tail < BUFFER_SIZE && serial_host_get(&byte))
        buffer.bytes[buffer.head++ % BUFFER_SIZE] = byte;
}

void input_interrupt(unsigned irqs)
{
    if (irqs & 1u << HOST_IRQ_COM1)
        input_collect();
    if (irqs & 1u << HOST_IRQ_COM2)
        debug_notice();
}

/* The next byte of the line goes to the guest's COM1; false when it has no room. */
static bool feed_serial(struct vm *vm, uint8_t byte)
{
    return pc_serial_in(&vm->pc, byte);
}

/* Or to its keyboard, when its screen is on the line. */
static bool feed_keyboard(struct vm *vm, uint8_t byte)
{
    struct keys *keys = &vm->keys;
    if (!vm->keys_pending) {
        keys_take(keys, byte);
        vm->keys_pending = keys->count;
    }
    while (vm->keys_pending && pc_keyboard_in(&vm->pc, keys->codes[keys->count - vm->keys_pending]))
        vm->keys_pending--;
    return !vm->keys_pending;
}

/* A full buffer leaves the host's line high: no edge would tell of what is still there. */
void input_feed(struct vm *vm)
{
    bool was_full = buffer.head - buffer.tail == BUFFER_SIZE;
    bool (*feed)(struct vm *, uint8_t) =
        vm->config.screen == SCREEN_SERIAL ? feed_keyboard : feed_serial;
    while (buffer.tail != buffer.head && feed(vm, buffer.bytes[buffer.tail % BUFFER_SIZE]))
        buffer.tail++;
    if (was_full)
        input_collect();
}

bool input_waiting(const struct vm *vm)
{
    return vm->owns_console && buffer.tail != buffer.head;
}
