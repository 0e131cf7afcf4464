/* The figure of a study. Left: speed-up over cores, both in doublings, so that ideal scaling is a straight line. Right:
 * what the step of each point is made of, phase by phase: computing, and waiting for messages that nothing hid.
 *
 * Colours are Okabe and Ito's, which colour-blind people can tell apart; waiting is striped, so that it shows in grey
 * as well. */
#include "scale.h"
#include "scale_axes.h"

#include <math.h>
#include <string.h>

enum { WIDTH = 1040, HEIGHT = 474, TOP = 104, BOTTOM = 372, LEFT1 = 72, RIGHT1 = 480, LEFT2 = 590, RIGHT2 = 1010 };

/* clang-format off */
#define STRIPES(number, light, dark)                                                                                     \
    "<pattern id=\"w" number "\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" "                                 \
    "patternTransform=\"rotate(45)\"><rect width=\"6\" height=\"6\" fill=\"" light "\"/>"                                   \
    "<rect width=\"2\" height=\"6\" fill=\"" dark "\"/></pattern>\n"
static const char head[] =
    "<style>\n"
    "text { font-family: Helvetica, Arial, 'Liberation Sans', sans-serif; font-size: 13px; fill: #222 }\n"
    ".title { font-size: 18px; font-weight: bold } .panel { font-size: 14px; font-weight: bold }\n"
    ".sub { font-size: 12px; fill: #555 } .tick { font-size: 12px; fill: #444 }\n"
    ".note { font-size: 11px; fill: #666 } .value { font-size: 12px }\n"
    ".end { text-anchor: end } .middle { text-anchor: middle }\n"
    ".paper { fill: #fff } .grid { stroke: #e4e4e4 } .axis { stroke: #444 } .over { fill: #f3f3f3 }\n"
    ".ideal { stroke: #888; stroke-width: 1.5; stroke-dasharray: 6 4; fill: none }\n"
    ".curve { stroke-width: 2.2; fill: none } .range { stroke-width: 1.6 } .dot { stroke-width: 2 }\n"
    ".s0 { stroke: #0072b2 } .s1 { stroke: #d55e00 } .s2 { stroke: #009e73 } .s3 { stroke: #cc79a7 }\n"
    ".dot.s0 { fill: #0072b2 } .dot.s1 { fill: #d55e00 } .dot.s2 { fill: #009e73 } .dot.s3 { fill: #cc79a7 }\n"
    ".dot.hollow { fill: #fff }\n"
    ".c0 { fill: #0072b2 } .e0 { stroke: #0072b2; fill: url(#w0) }\n"
    ".c1 { fill: #e69f00 } .e1 { stroke: #e69f00; fill: url(#w1) }\n"
    ".c2 { fill: #009e73 } .e2 { stroke: #009e73; fill: url(#w2) }\n"
    ".c3 { fill: #cc79a7 } .e3 { stroke: #cc79a7; fill: url(#w3) }\n"
    "</style>\n"
    "<defs>\n"
    STRIPES("0", "#d6e8f4", "#0072b2")
    STRIPES("1", "#fbecc8", "#e69f00")
    STRIPES("2", "#d2eee5", "#009e73")
    STRIPES("3", "#f5e3ec", "#cc79a7")
    "</defs>\n";
/* clang-format on */
enum { COLOURS = 4 };

typedef struct plot { /* the left or the right one */
    gan_svg *svg;
    const gan__scale *s;
    const gan__scale_row *rows;
    int n;
    gan__axis x, y; /* x of the left one only */
} plot;

static int cores_of(const gan__scale_row *r)
{
    return r->point->ranks * r->point->threads;
}

static bool is_over(const plot *p, int i)
{
    return gan__scale_oversubscribed(p->s, p->rows[i].point);
}

/* "dot s" and 5: "dot s1", since colours are used again. */
static const char *classes(char text[32], const char *kind, int number)
{
    snprintf(text, 32, "%s%d", kind, number % COLOURS);
    return text;
}

/* ---- left -------------------------------------------------------------------------------------------------- */

/* Pixels are left at the sides for dots and labels. */
static void fit_axes(plot *p)
{
    double fewest = INFINITY, most = 0, low = INFINITY, high = 0;
    for (int i = 0; i < p->n; i++) {
        fewest = fmin(fewest, cores_of(&p->rows[i])), most = fmax(most, cores_of(&p->rows[i]));
        low = fmin(low, p->rows[i].speedup.low), high = fmax(high, p->rows[i].speedup.high);
    }
    p->x = (gan__axis){fewest, fmax(most, fewest * 2), LEFT1 + 16, RIGHT1 - 44, true};
    p->y = (gan__axis){fmin(low, fewest), fmax(high, p->x.high), BOTTOM - 16, TOP + 14, true};
}

/* Where there are more ranks x threads than cores, no speed-up can be expected. */
static void shade_oversubscribed(const plot *p)
{
    const double cores = (double)p->s->cores;
    if (cores >= p->x.high) return;
    double from = fmax(LEFT1, gan__axis_at(&p->x, cores) + 14);
    gan_svg_box(p->svg, "over", from, TOP, RIGHT1 - from, BOTTOM - TOP);
    gan_svg_text(p->svg, "note end", RIGHT1 - 4, TOP - 5, "more than the %g core%s", cores, cores > 1 ? "s" : "");
}

static void draw_range(const plot *p, double x, const gan__scale_range *r, int colour)
{
    char text[32];
    const double high = gan__axis_at(&p->y, r->high), low = gan__axis_at(&p->y, r->low);
    if (low - high <= 1) return;
    classes(text, "range s", colour);
    gan_svg_line(p->svg, text, x, low, x, high);
    gan_svg_line(p->svg, text, x - 5, low, x + 5, low);
    gan_svg_line(p->svg, text, x - 5, high, x + 5, high);
}

/* One curve for each number of threads. */
static void draw_curve(const plot *p, int colour)
{
    int k = 0;
    char text[32];
    double xy[2 * GAN__SCALE_POINTS];
    for (int i = 0; i < p->n; i++) {
        if (p->rows[i].point->threads != p->s->threads[colour]) continue;
        xy[2 * k] = gan__axis_at(&p->x, cores_of(&p->rows[i]));
        xy[2 * k++ + 1] = gan__axis_at(&p->y, p->rows[i].speedup.median);
    }
    gan_svg_lines(p->svg, classes(text, "curve s", colour), k, xy);
    for (int i = 0, at = 0; i < p->n; i++) {
        if (p->rows[i].point->threads != p->s->threads[colour]) continue;
        draw_range(p, xy[at], &p->rows[i].speedup, colour);
        gan_svg_circle(p->svg, classes(text, is_over(p, i) ? "dot hollow s" : "dot s", colour), xy[at], xy[at + 1], 4.5);
        at += 2;
    }
}

/* Right below a point where the curve goes up, above it where it goes down. The reference needs none. */
static void label_efficiencies(const plot *p)
{
    for (int i = 0; i < p->n; i++) {
        const gan__scale_row *r = &p->rows[i];
        const double x = gan__axis_at(&p->x, cores_of(r)), percent = r->efficiency * 100;
        bool down = i + 1 < p->n && r[1].speedup.median < r->speedup.median;
        if (x <= p->x.from) continue;
        if (down) gan_svg_text(p->svg, "value middle", x, gan__axis_at(&p->y, r->speedup.high) - 10, "%.0f %%", percent);
        else gan_svg_text(p->svg, "value", x + 8, gan__axis_at(&p->y, r->speedup.median) + 14, "%.0f %%", percent);
    }
}

static void explain_curves(const plot *p)
{
    char text[32];
    double y = TOP + 16;
    gan_svg_line(p->svg, "ideal", LEFT1 + 12, y - 4, LEFT1 + 40, y - 4);
    gan_svg_text(p->svg, "value", LEFT1 + 47, y, "ideal");
    for (int t = 0; t < p->s->n_threads; t++) {
        y += 18;
        gan_svg_line(p->svg, classes(text, "curve s", t), LEFT1 + 12, y - 4, LEFT1 + 40, y - 4);
        gan_svg_circle(p->svg, classes(text, "dot s", t), LEFT1 + 26, y - 4, 4);
        if (p->s->n_threads == 1) gan_svg_text(p->svg, "value", LEFT1 + 47, y, "measured: median, range, efficiency");
        else gan_svg_text(p->svg, "value", LEFT1 + 47, y, "threads of a rank: %d", p->s->threads[t]);
    }
}

static void draw_speedup(plot p)
{
    fit_axes(&p);
    shade_oversubscribed(&p);
    gan__axis_draw_y(p.svg, &p.y, LEFT1, RIGHT1);
    gan__axis_draw_x(p.svg, &p.x, BOTTOM);
    gan_svg_line(p.svg, "axis", LEFT1, BOTTOM, RIGHT1, BOTTOM);
    gan_svg_line(p.svg, "axis", LEFT1, BOTTOM, LEFT1, TOP);
    gan_svg_line(p.svg, "ideal", p.x.from, gan__axis_at(&p.y, p.x.low), p.x.to, gan__axis_at(&p.y, p.x.high));
    for (int t = 0; t < p.s->n_threads; t++) draw_curve(&p, t);
    if (p.s->n_threads == 1) label_efficiencies(&p);
    explain_curves(&p);
    gan_svg_text(p.svg, "panel", LEFT1, TOP - 14, p.s->weak ? "Scaled speed-up" : "Speed-up");
    gan_svg_text(p.svg, "middle", (LEFT1 + RIGHT1) / 2, BOTTOM + 48, "cores (ranks \u00d7 threads)");
    gan_svg_text_up(p.svg, "middle", LEFT1 - 44, (TOP + BOTTOM) / 2,
                    p.s->weak ? "images/s, as multiples of one core's" : "times as fast as one core");
}

/* ---- right ------------------------------------------------------------------------------------------------- */

static double sum_of(const gan__scale_row *r)
{
    double s = 0;
    for (int i = 0; i < r->n_phases; i++) s += r->phases[i].compute_s + r->phases[i].exposed_s;
    return s;
}

/* Of height `value` on top of *sum. */
static void stack(const plot *p, const char *dress, double x, double width, double *sum, double value)
{
    double top = gan__axis_at(&p->y, *sum + value), bottom = gan__axis_at(&p->y, *sum);
    if (bottom - top >= 0.2) gan_svg_box(p->svg, dress, x, top, width, bottom - top);
    *sum += value;
}

static void draw_bar(const plot *p, const gan__scale_row *r, double middle, double width, double unit)
{
    char text[32];
    double sum = 0;
    for (int i = 0; i < r->n_phases; i++) {
        stack(p, classes(text, "c", i), middle - width / 2, width, &sum, r->phases[i].compute_s * unit);
        stack(p, classes(text, "e", i), middle - width / 2, width, &sum, r->phases[i].exposed_s * unit);
    }
    if (width >= 22)
        gan_svg_text(p->svg, "value middle", middle, gan__axis_at(&p->y, sum) - 6, sum < 10 ? "%.2f" : "%.0f", sum);
}

/* Ranks, and below them threads where points differ in those. */
static void label_bar(const plot *p, int i, double middle)
{
    const gan__scale_point *point = p->rows[i].point;
    gan_svg_text(p->svg, "tick middle", middle, BOTTOM + 17, "%d%s", point->ranks, is_over(p, i) ? "*" : "");
    if (p->s->n_threads > 1)
        gan_svg_text(p->svg, "tick middle", middle, BOTTOM + 31, "\u00d7%d", point->threads);
}

static void explain_bars(const plot *p)
{
    char text[32];
    double x = LEFT2, y = BOTTOM + 74;
    for (int i = 0; i < p->rows[0].n_phases && i < COLOURS; i++) {
        const char *phase = p->rows[0].phases[i].name;
        gan_svg_box(p->svg, classes(text, "c", i), x, y - 11, 14, 12);
        gan_svg_text(p->svg, "value", x + 20, y, "%s computes", phase);
        gan_svg_box(p->svg, classes(text, "e", i), x + 105, y - 11, 14, 12);
        gan_svg_text(p->svg, "value", x + 125, y, "%s waits", phase);
        x += 210;
    }
}

static void name_bars(const plot *p)
{
    char threads[48] = "";
    bool over = false;
    for (int i = 0; i < p->n; i++) over |= is_over(p, i);
    if (p->s->n_threads > 1) snprintf(threads, sizeof threads, " \u00d7 threads");
    else if (p->s->threads[0] > 1) snprintf(threads, sizeof threads, " of %d threads", p->s->threads[0]);
    gan_svg_text(p->svg, "middle", (LEFT2 + RIGHT2) / 2, BOTTOM + 48, "ranks%s%s", threads,
                 over ? "  (* more than there are cores)" : "");
}

static void draw_bars(plot p)
{
    double most = 0;
    for (int i = 0; i < p.n; i++) most = fmax(most, sum_of(&p.rows[i]));
    const double unit = most < 10 ? 1e3 : 1, each = (double)(RIGHT2 - LEFT2) / p.n, width = fmin(64, each * 0.62);
    const int every = (int)ceil(26 / each); /* labels have 26 pixels */
    p.y = (gan__axis){0, most * unit * 1.1, BOTTOM, TOP, false};
    gan__axis_draw_y(p.svg, &p.y, LEFT2, RIGHT2);
    for (int i = 0; i < p.n; i++) {
        draw_bar(&p, &p.rows[i], LEFT2 + (i + 0.5) * each, width, unit);
        if (i % every == 0) label_bar(&p, i, LEFT2 + (i + 0.5) * each);
    }
    gan_svg_line(p.svg, "axis", LEFT2, BOTTOM, RIGHT2, BOTTOM);
    gan_svg_text(p.svg, "panel", LEFT2, TOP - 14, "What a step is made of");
    gan_svg_text_up(p.svg, "middle", LEFT2 - 46, (TOP + BOTTOM) / 2,
                    unit > 1 ? "ms a step (means, rank 0)" : "s a step (means, rank 0)");
    name_bars(&p);
    explain_bars(&p);
}

/* ---- all --------------------------------------------------------------------------------------------------- */

static void draw_title(gan_svg *svg, const gan__scale *s, const gan__scale_point *first, const char *title)
{
    gan_svg_text(svg, "title", LEFT1 - 46, 32, "%s", title);
    gan_svg_text(svg, "sub", LEFT1 - 46, 54,
                 "%s, %lld core%s, %s kernels; batch %lld%s, %s sums; %lld rounds of %lld steps; %s", s->machine,
                 s->cores, s->cores == 1 ? "" : "s", first->runs[0].kernels, (long long)first->batch,
                 s->weak ? " at the first point" : "", s->ordered ? "ordered" : "fast", s->rounds, s->steps, s->date);
}

gan_status gan__scale_figure(const gan__scale *s, const gan__scale_row *rows, int n, const char *path)
{
    gan_svg svg;
    char title[512];
    const plot p = {.svg = &svg, .s = s, .rows = rows, .n = n};
    snprintf(title, sizeof title, "%s scaling of %s", s->weak ? "Weak" : "Strong", s->config);
    GAN_TRY(gan_svg_open(&svg, path, WIDTH, HEIGHT, title, head));
    gan_svg_box(&svg, "paper", 0, 0, WIDTH, HEIGHT);
    draw_title(&svg, s, rows[0].point, title);
    draw_speedup(p);
    draw_bars(p);
    return gan_svg_close(&svg, GAN_OK);
}
