/* The list of measures. */
#include "measure.h"

const gan_measure *const gan__measures[] = {
#define GAN_MEASURE(sym) &gan_measure_##sym,
#include "measures.def"
#undef GAN_MEASURE
    NULL};

void gan_measures_print(FILE *f)
{
    for (int i = 0; gan__measures[i]; i++) {
        const gan_measure *m = gan__measures[i];
        fprintf(f, "%-16s %s\n%-16s %lld samples; needs %s", m->name, m->summary, "", (long long)m->samples, m->needs);
        for (int v = 1; m->values[v]; v++) fprintf(f, "%s%s", v == 1 ? "; gives also " : ", ", m->values[v]);
        fputs("\n", f);
    }
}
