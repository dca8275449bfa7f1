#define _GNU_SOURCE
#include "support_host.h"

#include <assert.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

struct host *host;
static uint64_t recover_at;

static uint8_t *emit(uint8_t *at, const void *bytes, size_t len)
{
    memcpy(at, bytes, len);
    return at + len;
}

/* An instruction whose memory operand is the 32-bit absolute address of `p`. */
static uint8_t *emit_abs(uint8_t *at, const char *opcode, size_t len, unsigned reg, const void *p)
{
    uint8_t modrm[2] = {(uint8_t)(0x04 | reg << 3), 0x25};
    uint32_t address = host_address(p);
    at = emit(at, opcode, len);
    at = emit(at, modrm, 2);
    return emit(at, &address, 4);
}

static void build_code(const uint8_t *insn, unsigned len)
{
    uint8_t *at = host->code;
    at = emit(at, "\x53\x55\x41\x54\x41\x55\x41\x56\x41\x57", 10); /* push rbx rbp r12..r15 */
    at = emit_abs(at, "\x48\x89", 2, 4, &host->rsp);               /* mov [rsp], rsp */
    at = emit_abs(at, "\x0f\xae", 2, 0, host->own_fpu);            /* fxsave; fxrstor */
    at = emit_abs(at, "\x0f\xae", 2, 1, host->fpu);
    at = emit_abs(at, "\xff", 1, 6, &host->in_flags); /* push; popfq */
    at = emit(at, "\x9d", 1);
    for (unsigned i = 0; i < 8; i++)
        at = emit_abs(at, "\x8b", 1, i, &host->in[i]);
    at = emit(at, insn, len);
    for (unsigned i = 0; i < 8; i++)
        at = emit_abs(at, "\x89", 1, i, &host->out[i]);
    recover_at = (uint64_t)(uintptr_t)at;
    at = emit_abs(at, "\x48\x8b", 2, 4, &host->rsp);
    at = emit(at, "\x9c", 1); /* pushfq; pop */
    at = emit_abs(at, "\x8f", 1, 0, &host->out_flags);
    at = emit_abs(at, "\x0f\xae", 2, 0, host->fpu); /* fxsave; fxrstor */
    at = emit_abs(at, "\x0f\xae", 2, 1, host->own_fpu);
    emit(at, "\xfc\x41\x5f\x41\x5e\x41\x5d\x41\x5c\x5d\x5b\xc3", 12);
}

/* #DE arrives as SIGFPE, with any stack pointer. */
static void on_signal(int number, siginfo_t *info, void *context)
{
    ucontext_t *uc = context;
    (void)number;
    (void)info;
    host->trapped = true;
    uc->uc_mcontext.gregs[REG_RIP] = (greg_t)recover_at;
}

bool host_set_up(void)
{
    static uint8_t stack[65536];
    stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack};
    /* The hint is for QEMU's user-mode emulation, which does not know MAP_32BIT. */
    host = mmap((void *)0x10000000, sizeof *host, PROT_READ | PROT_WRITE | PROT_EXEC,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    if (host == MAP_FAILED || sigaltstack(&alternate, NULL))
        return false;
    host->fpu[0] = 0x7f; /* FCW 037Fh, MXCSR 1F80h: all exceptions masked */
    host->fpu[1] = 0x03;
    host->fpu[24] = 0x80;
    host->fpu[25] = 0x1f;
    return true;
}

void host_catch_divide_errors(void)
{
    struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    int failed = sigaction(SIGFPE, &action, NULL);
    assert(!failed);
}

void host_run(const uint8_t *insn, unsigned len)
{
    void (*code)(void);
    uintptr_t at = (uintptr_t)host->code;
    memcpy(&code, &at, sizeof code);
    build_code(insn, len);
    host->trapped = false;
    code();
}
