/* Writing findings, and naming the hosts that they are about. */
#include "checks.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { SHOWN_HOSTS = 3 };

void gan__find(gan_finding *f, gan_verdict v, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(f->found, sizeof f->found, fmt, ap);
    va_end(ap);
    f->verdict = v;
}

void gan__remedy(gan_finding *f, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(f->remedy, sizeof f->remedy, fmt, ap);
    va_end(ap);
}

const char *gan__plural(int n)
{
    return n == 1 ? "" : "s";
}

int gan__ranks_of_node(const gan_case *c, int first)
{
    int n = 1;
    while (first + n < c->n && c->ranks[first + n].node == c->ranks[first].node) n++;
    return n;
}

int gan__nodes(const gan_case *c)
{
    int n = 0;
    for (int first = 0; first < c->n; first += gan__ranks_of_node(c, first)) n++;
    return n;
}

static bool any_rank(const gan_case *c, int first, int n, gan_rank_test *test)
{
    for (int i = 0; i < n; i++)
        if (test(c, first + i)) return true;
    return false;
}

const char *gan__hosts(const gan_case *c, gan_rank_test *test, char *text, int n)
{
    int hits = 0, at = 0;
    text[0] = '\0';
    for (int first = 0, k; first < c->n; first += k) {
        k = gan__ranks_of_node(c, first);
        if (!any_rank(c, first, k, test) || ++hits > SHOWN_HOSTS || at >= n) continue;
        at += snprintf(text + at, (size_t)(n - at), "%s%s", hits > 1 ? ", " : "", c->ids[first].host);
    }
    if (hits > SHOWN_HOSTS && at < n) snprintf(text + at, (size_t)(n - at), " and %d more", hits - SHOWN_HOSTS);
    return text;
}
