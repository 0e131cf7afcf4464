/* The step program for people: as text, and as a drawing for Graphviz. */
#include "plan.h"

#include <errno.h>
#include <string.h>

static const char *const names[] = {
#define X(ID, name, n_in, meaning) #name,
    GAN_MAP_LIST(X)
#undef X
};

/* What the program says of a node that does not run in each step, or not for it. */
static const char *remark(const gan_plan *p, gan_id id)
{
    const unsigned when = p->when[id];
    if (p->g->nodes[id].carried) return " (of the step before)";
    if (gan__share(p, id) == 0) return " (metrics only)";
    if (gan__share(p, id) == 1) return "";
    return when & GAN_IN_NTH ? " (every N-th step)" : " (other steps)";
}

static void describe(const gan_plan *p, gan_id id, char *text, size_t n)
{
    const gan_node *y = &p->g->nodes[id];
    size_t at = (size_t)snprintf(text, n, "%s%s%s%s", y->op->name, y->tail.bias ? "+bias" : "", y->tail.maps ? "+" : "",
                                 y->tail.maps ? names[y->tail.map] : "");
    if (y->op != &gan__op_fused) return;
    const struct gan_chain *c = y->p.fused.chain;
    for (int i = 0; i < c->n && at < n; i++)
        at += (size_t)snprintf(text + at, n - at, "%s%s", i ? "+" : ":", names[c->step[i].f]);
}

void gan_plan_print(const gan_plan *p, FILE *f)
{
    fprintf(f, "%5s  %-14s %-34s %-22s %-16s %s\n", "node", "phase", "op", "result", "reads", "layer");
    for (int i = 0; i < p->n_order; i++) {
        gan_id id = p->order[i];
        const gan_node *y = &p->g->nodes[id];
        char op[256], form[128], in[128] = "";
        size_t at = 0;
        describe(p, id, op, sizeof op);
        gan_form_text(&y->form, form, sizeof form);
        for (int k = 0; k < y->n_in && at < sizeof in; k++)
            at += (size_t)snprintf(in + at, sizeof in - at, "%s%d", k ? " " : "", y->in[k]);
        fprintf(f, "%5d  %-14s %-34s %-22s %-16s %s%s\n", id, p->g->phases[y->phase], op, form, in, y->layer,
                remark(p, id));
    }
}

/* ---- drawing ----------------------------------------------------------------------------------------------- */

/* Text inside quotes; a file's name may have anything in it. */
static void put_quoted(const char *text, FILE *f)
{
    for (; *text; text++) {
        if (*text == '"' || *text == '\\') fputc('\\', f);
        fputc(*text, f);
    }
}

static void dot_node(const gan_plan *p, gan_id id, FILE *f)
{
    static const char *const colours[] = {"white", "lightblue", "lightsalmon", "palegreen", "khaki", "plum"};
    const gan_node *y = &p->g->nodes[id];
    char op[256], form[128];
    describe(p, id, op, sizeof op);
    gan_form_text(&y->form, form, sizeof form);
    fprintf(f, "  n%d [label=\"%d %s\\n%s\\n", id, id, op, form);
    put_quoted(y->layer, f);
    fprintf(f, "\", style=filled, fillcolor=%s%s];\n",
            colours[(size_t)y->phase % (sizeof colours / sizeof colours[0])],
            y->op->effect    ? ", shape=box"
            : y->op->forward ? ""
                             : ", shape=house");
    for (int k = 0; k < y->n_in; k++) fprintf(f, "  n%d -> n%d;\n", y->in[k], id);
}

gan_status gan_plan_dot(const gan_plan *p, const char *path)
{
    FILE *f = fopen(path, "w");
    if (!f) return GAN_FAIL(GAN_EIO, "%s: cannot write: %s", path, strerror(errno));
    fprintf(f, "digraph step {\n  rankdir=TB; node [fontname=\"sans-serif\", fontsize=10];\n");
    for (int i = 0; i < p->n_order; i++) dot_node(p, p->order[i], f);
    for (int i = 0; i < p->g->n_edges; i++) {
        const gan__edge *e = &p->g->edges[i];
        if (p->at[e->before] && p->at[e->after])
            fprintf(f, "  n%d -> n%d [style=dashed];\n", e->before, e->after);
    }
    fprintf(f, "}\n");
    bool bad = ferror(f);
    if (fclose(f) != 0 || bad) return GAN_FAIL(GAN_EIO, "%s: cannot write: %s", path, strerror(errno));
    return GAN_OK;
}
