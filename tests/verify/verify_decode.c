/* Row of `make verify-emulate`: the decoder's lengths against Zydis, for random bytes. */
#include <Zydis/Zydis.h>

#include "emulate/cpu/insn.h"
#include "row.h"

#define CASES 10000000u

static void compare(struct row *row, const ZydisDecoder *decoder, const uint8_t *bytes, bool code32)
{
    struct insn insn;
    ZydisDecodedInstruction theirs;

    row->counted++;
    if (!ZYAN_SUCCESS(
            ZydisDecoderDecodeInstruction(decoder, NULL, bytes, INSN_MAX_LENGTH, &theirs)))
        return;
    row->compared++;
    if (insn_decode(bytes, INSN_MAX_LENGTH, code32, &insn) != DECODE_OK ||
        insn.length != theirs.length)
        row_differs(row, "%02x %02x %02x %02x: length", bytes[0], bytes[1], bytes[2], bytes[3]);
}

int main(void)
{
    struct row row = {.name = "decode: Zydis, random bytes"};
    ZydisDecoder decoders[2];
    uint8_t bytes[INSN_MAX_LENGTH];
    uint64_t seed = 1;

    ZydisDecoderInit(&decoders[0], ZYDIS_MACHINE_MODE_LEGACY_16, ZYDIS_STACK_WIDTH_16);
    ZydisDecoderInit(&decoders[1], ZYDIS_MACHINE_MODE_LEGACY_32, ZYDIS_STACK_WIDTH_32);
    for (unsigned i = 0; i < CASES; i++) {
        for (unsigned j = 0; j < sizeof(bytes); j++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            bytes[j] = seed >> 56;
        }
        compare(&row, &decoders[i & 1], bytes, i & 1);
        row_progress(&row, (double)i / CASES);
    }
    row_print(&row);
    return row.differing ? 1 : 0;
}
