/* What the tests of single properties of a shadow share, on top of its world. */
#ifndef UMBRA_TESTS_UNIT_TEST_SHADOW_FAULTS_H
#define UMBRA_TESTS_UNIT_TEST_SHADOW_FAULTS_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/test_shadow_world.h"

#define READ  0u
#define WRITE SHADOW_ACCESS_WRITE
#define USER  SHADOW_ACCESS_USER
#define FETCH SHADOW_ACCESS_FETCH

static inline int teardown(void **state)
{
    struct world *w = *state;
    assert_null(shadow_check(w->s));
    world_done(w);
    free(w);
    return 0;
}

static inline uint64_t ram(unsigned gfn)
{
    return RAM_HPA + ((uint64_t)gfn << 12);
}

static inline enum shadow_result fault(struct world *w, uint32_t gva, unsigned access)
{
    struct shadow_access out;
    return shadow_fault(w->s, gva, access, &out);
}

static inline void expect_guest_fault(struct world *w, uint32_t gva, unsigned access,
                                      uint32_t error)
{
    struct shadow_access out;
    assert_int_equal(shadow_fault(w->s, gva, access, &out), SHADOW_GUEST_FAULT);
    assert_int_equal(out.error, error);
}

static inline uint64_t translated(struct world *w, uint32_t gva, unsigned access)
{
    struct shadow_access out;
    assert_int_equal(shadow_translate(w->s, gva, access, &out), SHADOW_FILLED);
    return out.gpa;
}

#endif
