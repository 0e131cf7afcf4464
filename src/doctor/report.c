/* The table of checks, held against the case and printed: a line for each, what to do beneath it. */
#include "checks.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *title;
    gan_status status;
    gan_check *check;
} checks[] = {
#define GAN_CHECK(sym, name, code) {name, GAN_##code, gan__check_##sym},
#include "checks.def"
#undef GAN_CHECK
};

enum { N_CHECKS = sizeof checks / sizeof checks[0] };

/* Beneath the line, broken between words. */
static void print_remedy(const char *text)
{
    enum { INDENT = 22, WIDTH = 96 };
    while (*text) {
        size_t n = strlen(text);
        if (n > WIDTH) {
            for (n = WIDTH; n > 0 && text[n] != ' ';) n--;
            if (n == 0) n = strcspn(text, " ");
        }
        printf("%*s%.*s\n", INDENT, "", (int)n, text);
        text += n + strspn(text + n, " ");
    }
}

static void print_finding(const char *title, const gan_finding *f)
{
    static const char *const words[] = {"ok", "warn", "bad"};
    printf("  %-14s %-4s %s\n", title, words[f->verdict], f->found);
    if (f->verdict != GAN_FINE) print_remedy(f->remedy);
}

static void print_last(const int *count)
{
    if (count[GAN_BAD])
        printf("\n%d check%s bad: what to do stands beneath.\n", count[GAN_BAD], count[GAN_BAD] == 1 ? " is" : "s are");
    else if (count[GAN_DOUBTFUL])
        printf("\nNothing is bad; %d thing%s could be better, see the advice above.\n", count[GAN_DOUBTFUL],
               count[GAN_DOUBTFUL] == 1 ? "" : "s");
    else printf("\nAll is well: %d checks, nothing to do.\n", count[GAN_FINE]);
}

/* The first bad check decides on the status. */
static gan_status conclude(const gan_case *k, int first, int n_bad)
{
    if (first < 0) return GAN_OK;
    gan_status status = checks[first].status;
    if (checks[first].check == gan__check_job) status = k->need.status;
    return GAN_FAIL(status, "%d of these checks %s bad, first: %s", n_bad, n_bad == 1 ? "is" : "are", checks[first].title);
}

gan_status gan__report(const gan_case *k, bool with_facts)
{
    const int n = with_facts ? N_CHECKS : 1;
    int count[3] = {0}, first = -1;
    for (int i = 0; i < n; i++) {
        gan_finding f = {.verdict = GAN_FINE};
        checks[i].check(k, &f);
        if (!f.found[0]) continue;
        print_finding(checks[i].title, &f);
        count[f.verdict]++;
        if (f.verdict == GAN_BAD && first < 0) first = i;
    }
    if (with_facts) gan__map_print(k);
    else printf("\nThe other checks were left out: different programs cannot tell each other what they know.\n");
    print_last(count);
    fflush(stdout);
    return conclude(k, first, count[GAN_BAD]);
}
