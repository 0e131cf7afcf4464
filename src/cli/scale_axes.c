/* Axes and their ticks. */
#include "scale_axes.h"

#include <math.h>

double gan__axis_at(const gan__axis *a, double value)
{
    double part = a->doublings ? log2(value / a->low) / log2(a->high / a->low) : (value - a->low) / (a->high - a->low);
    return a->from + part * (a->to - a->from);
}

double gan__axis_step(double range, int most)
{
    double step = pow(10, floor(log10(range / most)));
    static const double factors[] = {1, 2, 5, 10};
    for (int i = 0; i < 4; i++)
        if (range / (step * factors[i]) <= most * (1 + 1e-9)) return step * factors[i];
    return step * 10;
}

/* The tick behind `tick`. Where powers of two would stand too close, every second is left out. */
static double first_tick(const gan__axis *a)
{
    return a->doublings ? exp2(ceil(log2(a->low) - 1e-9)) : a->low;
}

static double next_tick(const gan__axis *a, double tick)
{
    if (a->doublings) return tick * (log2(a->high / a->low) > 9 ? 4 : 2);
    return tick + gan__axis_step(a->high - a->low, 6);
}

static bool within(const gan__axis *a, double tick)
{
    return tick <= a->high * (1 + 1e-9);
}

void gan__axis_draw_y(gan_svg *svg, const gan__axis *y, double x_from, double x_to)
{
    for (double v = first_tick(y); within(y, v); v = next_tick(y, v)) {
        double at = gan__axis_at(y, v);
        gan_svg_line(svg, "grid", x_from, at, x_to, at);
        gan_svg_text(svg, "tick end", x_from - 8, at + 4, "%g", v);
    }
}

void gan__axis_draw_x(gan_svg *svg, const gan__axis *x, double bottom)
{
    for (double v = first_tick(x); within(x, v); v = next_tick(x, v)) {
        double at = gan__axis_at(x, v);
        gan_svg_line(svg, "axis", at, bottom, at, bottom + 5);
        gan_svg_text(svg, "tick middle", at, bottom + 19, "%g", v);
    }
}
