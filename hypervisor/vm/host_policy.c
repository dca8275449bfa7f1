#include "hypervisor/vm/host_policy.h"

#include <stddef.h>

#include "hypervisor/cpu/asm.h"
#include "hypervisor/report/console.h"
#include "hypervisor/vm/native.h"

#define ABSENT  "\x00\x00\x40\x00" /* addresses, as instructions have them */
#define DATA    "\x00\x10\x00\x00" /* NATIVE_DATA */
#define ODD     "\x01\x10\x00\x00"
#define CODE    "\x00\x20\x00\x00" /* NATIVE_CODE: may be read, not written */
#define AT_NONE 0x00400100u
#define AT_DATA (NATIVE_DATA + 0x100u)

#define PF_WRITE 2u

/* One field of struct cpu_policy: what to run, and whether what came of it says yes. */
struct row {
    const char *name;
    size_t field; /* in struct cpu_policy */
    struct native_try try;
    bool (*yes)(const struct native_outcome *o);
};

static bool ran(const struct native_outcome *o)
{
    return o->done;
}

static bool alignment_fault(const struct native_outcome *o)
{
    return !o->done && o->vector == EXC_AC;
}

static bool debug_exception(const struct native_outcome *o)
{
    return !o->done && o->vector == EXC_DB;
}

static bool invalid(const struct native_outcome *o)
{
    return !o->done && o->vector == EXC_UD;
}

static bool rf_pushed(const struct native_outcome *o)
{
    return o->eflags & EFLAGS_RF;
}

static bool two_bytes_pushed(const struct native_outcome *o)
{
    return o->done && o->below >> 16 == NATIVE_FILL >> 16;
}

static bool fault_is_a_read(const struct native_outcome *o)
{
    return o->vector == EXC_PF && !(o->error & PF_WRITE);
}

static bool fault_is_a_write(const struct native_outcome *o)
{
    return o->vector == EXC_PF && (o->error & PF_WRITE);
}

static bool upper_end_faults(const struct native_outcome *o)
{
    return o->vector == EXC_PF && o->cr2 == AT_NONE - 4;
}

static bool upper_item_faults(const struct native_outcome *o)
{
    return o->vector == EXC_PF && o->cr2 == AT_NONE + 4;
}

static bool limit_shown(const struct native_outcome *o)
{
    return o->done && (o->eax & 0x000f0000u);
}

#define ROW(field, condition, ...)                                            \
    {                                                                         \
#field, offsetof(struct cpu_policy, field), {__VA_ARGS__ }, condition \
    }
#define RUN(bytes, at) .code = bytes, .length = sizeof(bytes) - 1, .esp = at

// clang-format off
static const struct row rows[] = {
    ROW(checks_alignment, alignment_fault, RUN("\xa1" ODD, AT_DATA), .eflags = EFLAGS_AC, .cr0 = CR0_AM),
    ROW(test_has_alias, ran, RUN("\xf6\xc8\x01", AT_DATA)),
    ROW(returns_read_down, upper_item_faults, RUN("\xcb", AT_NONE)),
    ROW(pusha_from_top, upper_end_faults, RUN("\x60", AT_NONE)),
    ROW(sreg_on_stack_is_two, two_bytes_pushed, RUN("\x1e", AT_DATA)),
    ROW(rmw_reads_first, fault_is_a_read, RUN("\x01\x05" ABSENT, AT_DATA)),
    ROW(arpl_always_writes, fault_is_a_write, RUN("\x63\x05" CODE, AT_DATA)),
    ROW(lar_shows_limit, limit_shown, RUN("\x0f\x02\xc0", AT_DATA), .eax = NATIVE_DATA_SELECTOR),
    ROW(rf_in_fault_frames, rf_pushed, RUN("\x0f\x0b", AT_DATA)),
    ROW(icebp_is_db, debug_exception, RUN("\xf1", AT_DATA)),
    ROW(lock_checked, invalid, RUN("\xf0\x8b\x05" DATA, AT_DATA)),
    ROW(emms_unchecked, ran, RUN("\x0f\x77", AT_DATA), .cr0 = CR0_EM),
};
// clang-format on

#define ROWS (sizeof(rows) / sizeof(rows[0]))

static struct cpu_model model;

static bool *field(struct cpu_policy *policy, const struct row *row)
{
    return (bool *)((char *)policy + row->field);
}

static bool measure(const struct row *row)
{
    struct native_outcome outcome;
    native_try(&row->try, &outcome);
    return row->yes(&outcome);
}

/* What cannot be measured from here is as on the machine that more of the rest is as on. */
void host_policy_measure(void)
{
    struct cpu_policy tcg = cpu_model_pentium3_tcg.policy, silicon = cpu_policy_silicon;
    bool yes[ROWS];
    unsigned as_tcg = 0, as_silicon = 0;

    for (unsigned i = 0; i < ROWS; i++) {
        yes[i] = measure(&rows[i]);
        as_tcg += yes[i] == *field(&tcg, &rows[i]);
        as_silicon += yes[i] == *field(&silicon, &rows[i]);
    }
    model = cpu_model_pentium3_tcg;
    model.policy = as_silicon > as_tcg ? silicon : tcg;
    console_printf("umbra: processor: of %u measured behaviours %u are TCG's, %u silicon's; the "
                   "rest is as %s%s",
                   (unsigned)ROWS, as_tcg, as_silicon, as_silicon > as_tcg ? "silicon" : "TCG",
                   as_tcg == ROWS ? "" : "; yes:");
    for (unsigned i = 0; i < ROWS; i++) {
        *field(&model.policy, &rows[i]) = yes[i];
        if (as_tcg != ROWS && yes[i])
            console_printf(" %s", rows[i].name);
    }
    console_printf("\n");
}

const struct cpu_model *host_model(void)
{
    return &model;
}
