/* A guest that stores anything into its page tables and touches anything: the shadow's own
 * invariant holds after every step, and no entry that the processor could use leads outside the
 * guest. */
#include "tests/unit/test_shadow_world.h"

#include "fuzz.h"

#define POOL_PAGES 24u /* few, so that pages are taken back all the time */

/* Directories and tables, of entries of both sizes, are in frames 0..3: addresses fall there often.
 * The high word of an entry of 64 bits is nearly always 0. */
static uint32_t some_word(struct input *input)
{
    uint32_t frame = take(input, 1);
    uint32_t flags = take(input, 1);
    if (frame >= 0xc0)
        return frame < 0xf8 ? 0 : flags << (frame & 7) * 4;
    return frame % FRAMES << 12 | (flags & (P | W | U | A | D | PS));
}

static uint32_t some_gva(struct input *input)
{
    uint32_t bits = take(input, 2);
    return (bits & 3) << 22 | (bits >> 2 & 7) << 12 | (bits & 0x8000 ? 0xff000000u : 0) |
           (bits >> 5 & 0xfff);
}

static void check_translation(struct world *w, uint32_t gva)
{
    struct hw hw = hw_walk(w, gva);
    if (!hw.present)
        return;
    uint64_t base = hw.hpa >= CODE_HPA ? CODE_HPA : RAM_HPA;
    REQUIRE(hw.hpa >= base);
    enum frame_kind kind = kind_of((hw.hpa - base) >> 12);
    REQUIRE(kind != FRAME_ABSENT);
    REQUIRE(!hw.w || (kind == FRAME_RAM && base == RAM_HPA));
}

static void store(struct world *w, struct input *input)
{
    uint64_t gpa = (take(input, 1) % 4u) << 12 | (take(input, 1) & 0x1fu) << 2;
    gpa_write(w, gpa, some_word(input));
}

static void touch(struct world *w, struct input *input)
{
    static const unsigned accesses[] = {
        0,
        SHADOW_ACCESS_WRITE,
        SHADOW_ACCESS_FETCH,
        SHADOW_ACCESS_USER,
        SHADOW_ACCESS_USER | SHADOW_ACCESS_WRITE,
        SHADOW_ACCESS_USER | SHADOW_ACCESS_FETCH,
    };
    struct shadow_access out;
    uint32_t how = take(input, 1);
    uint32_t gva = some_gva(input);
    unsigned access = accesses[(how >> 1) % 6u];
    if (how & 1)
        shadow_fault(w->s, gva, access, &out);
    else
        shadow_translate(w->s, gva, access, &out);
    check_translation(w, gva);
}

static void load_pdptes(struct world *w, uint64_t table)
{
    uint64_t pdptes[4];
    for (unsigned i = 0; i < 4; i++)
        pdptes[i] = world_read(w, table + 8 * i, 8) & 0xffffff001;
    shadow_set_pdptes(w->s, pdptes);
}

static void control(struct world *w, struct input *input)
{
    uint32_t what = take(input, 1);
    uint32_t value = take(input, 1);
    switch (what % 7) {
    case 0:
        shadow_set_cr3(w->s, value % 4 << 12 | (value & 0x30));
        break;
    case 1:
        shadow_set_mode(
            w->s, (struct shadow_mode){
                      .paging = value & 1, .wp = value & 2, .pse = value & 4, .pae = value & 8});
        break;
    case 2:
        if (!(value & 2) || !shadow_switch_view(w->s, value & 1 ? VIEW_USER : VIEW_KERNEL))
            shadow_set_view(w->s, value & 1 ? VIEW_USER : VIEW_KERNEL);
        break;
    case 3:
        shadow_invlpg(w->s, some_gva(input));
        break;
    case 4:
        shadow_map_as_data(w->s, some_gva(input));
        break;
    case 5:
        if (value & 1)
            load_pdptes(w, value % 4 << 12 | (value & 0x20));
        else
            shadow_set_pdptes(w->s, NULL);
        break;
    default:
        if (kind_of(value % FRAMES) != FRAME_ABSENT && w->viewed[value % FRAMES])
            world_drop_view(w, value % FRAMES);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct world w;
    struct input input = {data, size};
    world_init_views(&w, POOL_PAGES, take(&input, 1) & 1);
    while (input.size) {
        uint32_t what = take(&input, 1) % 3;
        if (what == 0)
            store(&w, &input);
        else if (what == 1)
            touch(&w, &input);
        else
            control(&w, &input);
        REQUIRE(!shadow_check(w.s));
    }
    world_done(&w);
    return 0;
}
