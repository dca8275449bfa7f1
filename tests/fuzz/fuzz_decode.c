/* Any bytes decode, to the same instruction every time, and without a look behind their end; its
 * operands are such as exist, and its text fits. */
#include <string.h>

#include "emulate/cpu/cpu.h"
#include "emulate/cpu/disasm.h"
#include "emulate/cpu/insn_operand.h"
#include "fuzz.h"

static void check_layout(const struct insn *insn, const uint8_t *data, size_t size)
{
    REQUIRE(insn->length >= 1 && insn->length <= INSN_MAX_LENGTH && insn->length <= size);
    REQUIRE(insn->opcode_at < insn->length && insn->modrm_at < insn->length);
    REQUIRE(insn->opcode_at + insn->disp_size + insn->imm_size < insn->length);
    REQUIRE(insn->opsize == 2 || insn->opsize == 4);
    REQUIRE(insn->adsize == 2 || insn->adsize == 4);
    REQUIRE(!memcmp(insn->bytes, data, insn->length));
}

static void check_operands(const struct insn *insn)
{
    struct insn_operand operands[3];
    unsigned count = insn_operands(insn, operands);

    for (unsigned i = 0; i < count; i++) {
        const struct insn_operand *o = &operands[i];

        REQUIRE(o->access <= ACCESS_RW && o->size <= 512);
        if (o->form == IS_REG && !(insn->flags & INSN_INVALID))
            REQUIRE(o->reg < 8 && o->reg_class != CLASS_NONE && o->reg_class != CLASS_V);
        if (o->form == IS_MEM)
            REQUIRE(o->seg <= SEG_GS && (o->base < GPR_COUNT || o->base == REG_NONE) &&
                    (o->index < GPR_COUNT || o->index == REG_NONE) && o->scale <= 8);
    }
}

static void check_text(const struct insn *insn)
{
    char text[DISASM_MAX];

    insn_disassemble(insn, 0, text, sizeof(text));
    REQUIRE(strlen(text) > 0 && strlen(text) < sizeof(text) - 1);
}

static void check(const uint8_t *data, size_t size, bool code32)
{
    struct insn insn, again;
    memset(&insn, 0, sizeof(insn));
    memset(&again, 0, sizeof(again));
    enum decode_status status = insn_decode(data, (unsigned)size, code32, &insn);
    REQUIRE(status != DECODE_NEED || size < INSN_MAX_LENGTH);
    REQUIRE(status != DECODE_TOO_LONG || size >= INSN_MAX_LENGTH);
    if (status != DECODE_OK)
        return;
    check_layout(&insn, data, size);
    check_operands(&insn);
    check_text(&insn);
    /* What lies behind the instruction must not matter. */
    REQUIRE(insn_decode(data, insn.length, code32, &again) == DECODE_OK);
    REQUIRE(!memcmp(&insn, &again, sizeof(insn)));
    REQUIRE(insn_decode(data, insn.length - 1u, code32, &again) == DECODE_NEED);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check(data, size, true);
    check(data, size, false);
    return 0;
}
