/* The interface of sources: four calls that go to the kind of source. */
#include "source.h"

void gan_source_close(gan_source *s)
{
    if (s) s->kind->close(s);
}

const gan_source_info *gan_source_describe(const gan_source *s)
{
    return &s->info;
}

void gan_source_read(const gan_source *s, int64_t first, int64_t n, float *x)
{
    s->kind->read(s, first, n, x);
}

void gan_source_read_condition(const gan_source *s, int64_t first, int64_t n, float *c)
{
    s->kind->read_condition(s, first, n, c);
}
