/* What the metrics files share. metrics.c owns the object and the record (metrics.jsonl), metrics_line.c
 * turns records into lines and back, metrics_resume.c cuts an old record back, metrics_h5.c keeps metrics.h5 in step
 * with the lines. */
#ifndef GAN_IO_METRICS_H
#define GAN_IO_METRICS_H

#include "gan/metrics.h"

#include <stdbool.h>

struct gan_metrics {
    char *jsonl_path, *h5_path;
    int n;
    char **names;        /* [n] */
    int fd;              /* metrics.jsonl, -1 before it is open */
    int64_t jsonl_bytes; /* whole lines in it */
    int64_t n_pending, capacity;
    int64_t *steps; /* [capacity], records not yet in metrics.jsonl */
    double *values; /* [capacity, n] */
    char *line;     /* [line_bytes], room for any of our lines */
    int64_t line_bytes;
    int64_t h5_rows;  /* rows in metrics.h5 ... */
    int64_t h5_bytes; /* ... made from so many bytes of metrics.jsonl */
    bool h5_whole;    /* false: to be made anew from the lines */
    double h5_done_s; /* when it was made last, and */
    double h5_cost_s; /* how long that took */
    bool warned;
};

/* GAN_EIO from errno. */
gan_status gan__metrics_cannot(const char *path, const char *what);
bool gan__metrics_write_at(int fd, const char *from, int64_t n, int64_t offset);

/* ---- metrics_line.c ---- */

/* One record as a line with its newline; returns its length. */
int64_t gan__metrics_format(const gan_metrics *m, int64_t step, const double *values, char *line);

/* Read a line that has been cut at its newline; false if it is no record. values [n]: NaN where the line has
 * null or nothing; quantities that are not ours are passed over. */
bool gan__metrics_parse(const gan_metrics *m, const char *line, int64_t length, int64_t *step,
                        double *values);

/* Lines of a file, one after the other, through a buffer of fixed size; a longer line counts as garbage. */
enum { GAN_METRICS_MAX_LINE = 1 << 16 };
typedef struct gan__lines {
    int fd;
    int64_t next;     /* file offset behind the last line that was given out */
    int64_t have, at; /* bytes in the buffer, and where the next line begins in it */
    int error;        /* errno of a failed read */
    char buffer[GAN_METRICS_MAX_LINE];
} gan__lines;

/* From `offset` on. gan_calloc the struct (it is large), free it with gan_free. */
void gan__lines_start(gan__lines *l, int fd, int64_t offset);
/* The next line that ends in a newline, cut there; NULL at the end (a torn last line is not given) or on
 * error. */
char *gan__lines_next(gan__lines *l, int64_t *length);

/* ---- metrics_resume.c ---- */

/* The record without torn lines, garbage, and steps that the run is going to make again. */
gan_status gan__metrics_cut_back(gan_metrics *m, int64_t step);
/* Before a record is begun anew: a warning when there is one already. */
gan_status gan__metrics_tell_lost(gan_metrics *m);

/* ---- metrics_h5.c ---- */

/* Bring metrics.h5 up to the lines. On failure it will be made anew by the next call. */
gan_status gan__metrics_h5_follow(gan_metrics *m);
/* Whether it has to be, and may be without taking more than some percent of the time. */
bool gan__metrics_h5_due(const gan_metrics *m);

#endif
