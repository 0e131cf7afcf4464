/* SVG, written element by element and published like every other file. */
#include "gan/svg.h"

#include "gan/file.h"
#include "gan/mem.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

static gan_status cannot(const char *path, const char *what)
{
    int error = errno;
    return GAN_FAIL(GAN_EIO, "%s: cannot %s: %s; %s", path, what, strerror(error), gan_file_remedy(error));
}

static void put_escaped(FILE *f, const char *text)
{
    for (; *text; text++) {
        if (*text == '&')
            fputs("&amp;", f);
        else if (*text == '<')
            fputs("&lt;", f);
        else if (*text == '>')
            fputs("&gt;", f);
        else if ((unsigned char)*text < ' ')
            fputc(' ', f); /* XML has no control characters */
        else
            fputc(*text, f);
    }
}

gan_status gan_svg_open(gan_svg *s, const char *path, double width, double height, const char *title, const char *head)
{
    *s = (gan_svg){.path = path, .temp = gan_file_temp(path)};
    if (!s->temp) return GAN_ENOMEM;
    s->file = fopen(s->temp, "w");
    if (!s->file) {
        gan_status status = cannot(path, "open");
        gan_free(s->temp);
        return status;
    }
    fprintf(s->file,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%g\" height=\"%g\" viewBox=\"0 0 %g %g\" "
            "role=\"img\">\n<title>",
            width, height, width, height);
    put_escaped(s->file, title);
    fprintf(s->file, "</title>\n%s", head);
    return GAN_OK;
}

gan_status gan_svg_close(gan_svg *s, gan_status status)
{
    fputs("</svg>\n", s->file);
    bool whole = !ferror(s->file);
    if ((fclose(s->file) != 0 || !whole) && status == GAN_OK) status = cannot(s->path, "write");
    if (status == GAN_OK)
        status = gan_file_publish(s->temp, s->path);
    else
        unlink(s->temp);
    gan_free(s->temp);
    return status;
}

void gan_svg_line(gan_svg *s, const char *classes, double x1, double y1, double x2, double y2)
{
    fprintf(s->file, "<line class=\"%s\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n", classes, x1, y1, x2, y2);
}

void gan_svg_lines(gan_svg *s, const char *classes, int n, const double *xy)
{
    fprintf(s->file, "<polyline class=\"%s\" points=\"", classes);
    for (int i = 0; i < n; i++) fprintf(s->file, "%s%.1f,%.1f", i ? " " : "", xy[2 * i], xy[2 * i + 1]);
    fputs("\"/>\n", s->file);
}

void gan_svg_box(gan_svg *s, const char *classes, double x, double y, double width, double height)
{
    fprintf(s->file, "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>\n", classes, x, y, width,
            height);
}

void gan_svg_circle(gan_svg *s, const char *classes, double x, double y, double radius)
{
    fprintf(s->file, "<circle class=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\"/>\n", classes, x, y, radius);
}

void gan_svg_text(gan_svg *s, const char *classes, double x, double y, const char *fmt, ...)
{
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    fprintf(s->file, "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\">", classes, x, y);
    put_escaped(s->file, text);
    fputs("</text>\n", s->file);
}

void gan_svg_text_up(gan_svg *s, const char *classes, double x, double y, const char *text)
{
    fprintf(s->file, "<text class=\"%s\" transform=\"translate(%.1f %.1f) rotate(-90)\">", classes, x, y);
    put_escaped(s->file, text);
    fputs("</text>\n", s->file);
}
