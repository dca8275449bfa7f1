/* Any code page, executed from any offset and changed at any byte: its view never shows what was
 * not decoded as harmless. */
#include <string.h>

#include "emulate/cpu/expose.h"
#include "fuzz.h"

enum action { EXPOSE, STORE, FORGET, STOP, ACTIONS };

static uint8_t source[CODE_PAGE_SIZE], view[CODE_PAGE_SIZE];
static uint64_t stops[CODE_PAGE_SIZE / 64];

/* Where there is code: at the beginning, or at the very end of the page. */
static uint32_t some_offset(struct input *input, uint32_t code)
{
    uint32_t value = take(input, 2);
    return value & 0x8000 ? CODE_PAGE_SIZE - 1 - value % 64 : value % (code + 16);
}

static void store(struct code_view *v, struct input *input, uint32_t at)
{
    uint32_t len = 1 + take(input, 1) % 8;
    len = at + len > CODE_PAGE_SIZE ? CODE_PAGE_SIZE - at : len;
    for (uint32_t i = 0; i < len; i++)
        source[at + i] = (uint8_t)take(input, 1);
    code_view_sync(v, source, at, len);
}

static void act(struct code_view *v, struct input *input, uint32_t code)
{
    uint32_t what = take(input, 1);
    uint32_t at = some_offset(input, code);
    switch (what % ACTIONS) {
    case EXPOSE:
        REQUIRE(code_view_expose(v, at) != CODE_UNKNOWN);
        REQUIRE(code_view_query(v, at) != CODE_UNKNOWN);
        break;
    case STORE:
        store(v, input, at);
        break;
    case FORGET:
        code_view_forget(v, at);
        REQUIRE(view[at] == CODE_COVER);
        break;
    default:
        stops[at / 64] ^= 1ull << at % 64;
        code_view_forget(v, at);
    }
    if (what >= 0xfc) /* dear: it goes through the whole page */
        REQUIRE(code_view_check(v, source));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct code_view v;
    struct input input = {data, size};
    uint32_t how = take(&input, 1);
    uint32_t code = (uint32_t)(input.size / 2);
    memset(source, 0x90, sizeof(source));
    memset(stops, 0, sizeof(stops));
    for (uint32_t i = 0; i < code; i++)
        source[i] = (uint8_t)take(&input, 1);
    for (uint32_t i = 0; i < 64 && i < code; i++)
        source[CODE_PAGE_SIZE - 64 + i] = source[i];
    code_view_init(&v, view, source, how & 1);
    v.stops = how & 2 ? stops : NULL;
    while (input.size)
        act(&v, &input, code);
    if ((how & 0x1c) == 4)
        REQUIRE(code_view_check(&v, source));
    return 0;
}
