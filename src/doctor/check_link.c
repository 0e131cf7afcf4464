/* Clocks, and the way that messages take. Bounds are where a run would be slowed to a multiple, or its records misread. */
#include "checks.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { NAMES = 256 };

void gan__check_clock(const gan_case *c, gan_finding *f)
{
    double step_s = 0, cost_s = 0;
    for (int r = 0; r < c->n; r++) {
        step_s = fmax(step_s, c->ranks[r].clock_step_s);
        cost_s = fmax(cost_s, c->ranks[r].clock_cost_s);
    }
    gan__find(f, step_s > 1e-3 || cost_s > 1e-5 ? GAN_DOUBTFUL : GAN_FINE, "monotonic, steps of %.0f ns, a look takes %.0f ns",
              step_s * 1e9, cost_s * 1e9);
    if (f->verdict == GAN_FINE) return;
    gan__remedy(f, "seconds of phases will be wrong, and a slow clock slows each kernel: on the nodes choose tsc in "
                   "/sys/devices/system/clocksource/clocksource0/current_clocksource");
}

/* ---- wall clocks ---------------------------------------------------------------------------------------------------- */

static bool is_off(const gan_case *c, int r)
{
    return fabs(c->ranks[r].ahead_s) > 1 + c->ranks[r].trip_s;
}

/* Only other nodes have other clocks. */
void gan__check_wall_clocks(const gan_case *c, gan_finding *f)
{
    char names[NAMES];
    int worst = 0;
    if (gan__nodes(c) == 1) return;
    for (int r = 0; r < c->n; r++)
        if (fabs(c->ranks[r].ahead_s) > fabs(c->ranks[worst].ahead_s)) worst = r;
    gan__find(f, GAN_FINE, "at most %.3g s apart (known to %.1g s)", fabs(c->ranks[worst].ahead_s), c->ranks[worst].trip_s / 2 + 1e-6);
    if (!*gan__hosts(c, is_off, names, NAMES)) return;
    gan__find(f, GAN_DOUBTFUL, "%s is %.1f s %s %s (all that are off: %s)", c->ids[worst].host, fabs(c->ranks[worst].ahead_s),
              c->ranks[worst].ahead_s > 0 ? "ahead of" : "behind", c->ids[0].host, names);
    gan__remedy(f, "a run does not read wall clocks, but file times and logs will mislead, and SLURM refuses credentials of nodes that "
                   "are minutes off: start chrony or ntpd there");
}

/* ---- messages ------------------------------------------------------------------------------------------------------- */

static bool has_item(const char *list, const char *item)
{
    size_t n = strlen(item);
    for (const char *at = list; (at = strstr(at, item)); at += n)
        if ((at == list || at[-1] == ',') && (at[n] == ',' || at[n] == '\0')) return true;
    return false;
}

/* Between nodes by tcp although there is a device that could do better; ucx, ofi and psm in the pml drive such devices. */
static bool passes_by_fabric(const gan_case *c, int r)
{
    const gan_facts *f = &c->ranks[r];
    return f->fabric[0] && strcmp(f->pml, "ob1") == 0 && has_item(f->btl, "tcp") && !has_item(f->btl, "openib") &&
           !has_item(f->btl, "uct") && !has_item(f->btl, "ofi");
}

void gan__check_transport(const gan_case *c, gan_finding *f)
{
    char names[NAMES];
    const gan_facts *r = &c->ranks[0];
    if (c->n == 1) return;
    gan__find(f, GAN_FINE, "this MPI does not tell which");
    if (!r->pml[0] && !r->btl[0]) return;
    gan__find(f, GAN_FINE, "pml %s, btl %s", r->pml[0] ? r->pml : "not told", r->btl[0] ? r->btl : "not told");
    if (gan__nodes(c) == 1 || !*gan__hosts(c, passes_by_fabric, names, NAMES)) return;
    gan__find(f, GAN_DOUBTFUL, "pml %s, btl %s: messages go by tcp although there is %s (%s)", r->pml, r->btl, r->fabric, names);
    gan__remedy(f, "mpirun --mca pml ucx, or an Open MPI that was built with UCX or libfabric");
}

static const char *pair(const gan_case *c, char *text, size_t n)
{
    if (gan__nodes(c) == 1) snprintf(text, n, "within %s", c->ids[0].host);
    else snprintf(text, n, "between %s and %s", c->ids[0].host, c->ids[c->n - 1].host);
    return text;
}

void gan__check_latency(const gan_case *c, gan_finding *f)
{
    char where[2 * NAMES];
    if (c->latency_s <= 0) return;
    gan__find(f, c->latency_s > 1e-3 ? GAN_DOUBTFUL : GAN_FINE, "%.1f us for 8 bytes %s", c->latency_s * 1e6, pair(c, where, sizeof where));
    if (f->verdict == GAN_FINE) return;
    gan__remedy(f, "more than a millisecond: ranks without a core of their own (see load), or a network of which MPI takes a slow "
                   "interface (OMPI_MCA_btl_tcp_if_include)");
}

void gan__check_bandwidth(const gan_case *c, gan_finding *f)
{
    char where[2 * NAMES];
    if (c->transfer_s <= 0) return;
    const double mb_per_s = GAN_CASE_TRANSFER / c->transfer_s * 1e-6;
    gan__find(f, mb_per_s < 100 ? GAN_DOUBTFUL : GAN_FINE, "%.0f MB/s for %d MiB %s", mb_per_s, GAN_CASE_TRANSFER >> 20,
              pair(c, where, sizeof where));
    if (f->verdict == GAN_FINE) return;
    gan__remedy(f, "less than 1 Gbit/s: name the fast network (OMPI_MCA_btl_tcp_if_include=ib0, or its subnet); larger batches a rank "
                   "need fewer messages");
}
