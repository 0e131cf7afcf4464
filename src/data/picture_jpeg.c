/* JPEG files by libjpeg. Its errors leave by longjmp, to the one setjmp below; what must survive the jump lies in
 * `decoder`. Warnings are errors here where pixels are wrong: libjpeg fills what is missing of a cut file with grey. */
#include "picture.h"

#include "gan/mem.h"

#include <setjmp.h>
#include <stdio.h>
/* after stdio.h */
#include <jerror.h>
#include <jpeglib.h>

enum {
    MAX_SCANS = 200
}; /* a few bytes can hold thousands of progressive scans, each a pass over all pixels */

typedef struct decoder {
    struct jpeg_error_mgr errors; /* first: libjpeg hands out its address */
    struct jpeg_progress_mgr progress;
    struct jpeg_decompress_struct j;
    jmp_buf failed;
    char text[JMSG_LENGTH_MAX];
} decoder;

static void leave(j_common_ptr j)
{
    decoder *d = (decoder *)j->err;
    j->err->format_message(j, d->text);
    longjmp(d->failed, 1);
}

static void on_message(j_common_ptr j, int level)
{
    int code = j->err->msg_code;
    bool harmless = code == JWRN_EXTRANEOUS_DATA || code == JWRN_JFIF_MAJOR || code == JWRN_ADOBE_XFORM;
    if (level < 0 && !harmless) leave(j);
}

static void count_scans(j_common_ptr j)
{
    decoder *d = (decoder *)j->err;
    if (d->j.input_scan_number <= MAX_SCANS) return;
    snprintf(d->text, sizeof d->text, "more than %d scans", MAX_SCANS);
    longjmp(d->failed, 1);
}

static gan_status read_pixels(decoder *d, gan__picture *p, const uint8_t *bytes, int64_t n,
                              char why[GAN__WHY])
{
    struct jpeg_decompress_struct *j = &d->j;
    jpeg_mem_src(j, (unsigned char *)bytes, (unsigned long)n);
    jpeg_read_header(j, TRUE);
    bool grey = j->num_components == 1;
    if (!grey && j->num_components != 3) {
        snprintf(why, GAN__WHY, "JPEG of %d components (CMYK?); convert it to RGB", j->num_components);
        return GAN_EDATA;
    }
    j->out_color_space = grey ? JCS_GRAYSCALE : JCS_RGB;
    j->dct_method = JDCT_ISLOW;
    GAN_TRY(gan__picture_room(p, j->image_width, j->image_height, grey ? 1 : 3, why));
    jpeg_start_decompress(j);
    while (j->output_scanline < j->output_height) {
        JSAMPROW row = p->pixels + (int64_t)j->output_scanline * p->width * p->channels;
        jpeg_read_scanlines(j, &row, 1);
    }
    jpeg_finish_decompress(j);
    return GAN_OK;
}

gan_status gan__picture_from_jpeg(gan__picture *p, const uint8_t *bytes, int64_t n, char why[GAN__WHY])
{
    decoder *d = gan_calloc(1, sizeof *d);
    if (!d) return GAN_ENOMEM;
    d->j.err = jpeg_std_error(&d->errors);
    d->errors.error_exit = leave;
    d->errors.emit_message = on_message;
    volatile gan_status s = GAN_EDATA;
    if (setjmp(d->failed) == 0) {
        jpeg_create_decompress(&d->j);
        d->progress.progress_monitor = count_scans;
        d->j.progress = &d->progress;
        s = read_pixels(d, p, bytes, n, why);
    } else {
        snprintf(why, GAN__WHY, "JPEG: %s", d->text);
    }
    jpeg_destroy_decompress(&d->j);
    gan_free(d);
    return s;
}
