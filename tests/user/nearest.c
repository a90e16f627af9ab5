/* Which known word a misspelt one is near. */
#include "words/nearest.h"

#include "check.h"

static const char *of(const char *text)
{
    static const char *const known[] = {"target",   "timeout", "runs", "runtime", "clusters",
                                        "carriers", "a2",      "a3",   "a5"};
    struct nearest nearest = {0};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        nearest_try(&nearest, text, strlen(text), known[i]);
    return nearest.word ? nearest.word : "";
}

TEST(one_slip_is_near)
{
    CHECK_STR(of("tagret"), "target");  /* exchanged */
    CHECK_STR(of("targt"), "target");   /* left out */
    CHECK_STR(of("tarrget"), "target"); /* put in */
    CHECK_STR(of("tarket"), "target");  /* replaced */
    CHECK_STR(of("TARGET"), "target");  /* the case is no slip */
    CHECK_STR(of("clustres"), "clusters");
    CHECK_STR(of("b5"), "a5");
}

TEST(a_beginning_is_near)
{
    CHECK_STR(of("clu"), "clusters");
    CHECK_STR(of("time"), "timeout");
}

TEST(what_is_far_or_ambiguous_is_not)
{
    CHECK_STR(of("wall"), "");
    CHECK_STR(of("x"), "");
    CHECK_STR(of(""), "");
    CHECK_STR(of("a4"), ""); /* a2, a3 and a5 are as near */
    char longer[200];
    memset(longer, 'a', sizeof longer);
    longer[199] = 0;
    CHECK_STR(of(longer), "");
}

TEST(hint_is_nothing_without_a_word)
{
    struct nearest none = {0};
    char buffer[64];
    CHECK_STR(nearest_hint(&none, buffer, sizeof buffer), "");
    nearest_try(&none, "clustre", 7, "clusters");
    CHECK_STR(nearest_hint(&none, buffer, sizeof buffer), "; did you mean \"clusters\"?");
}

TEST_MAIN
