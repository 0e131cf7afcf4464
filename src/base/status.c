/* Status texts, exit codes, and the failure text that each thread keeps. */
#include "gan/status.h"

#include <stdarg.h>
#include <stdio.h>

static const struct {
    const char *text;
    int exit_code;
} statuses[] = {
#define X(name, code, text) [GAN_##name] = {text, code},
    GAN_STATUS_MAP(X)
#undef X
};

static _Thread_local char fail_text[4096];

const char *gan_status_text(gan_status s)
{
    return (unsigned)s < GAN_STATUS_COUNT ? statuses[s].text : "unknown status";
}

int gan_status_exit_code(gan_status s)
{
    return (unsigned)s < GAN_STATUS_COUNT ? statuses[s].exit_code : 1;
}

gan_status gan_fail(gan_status s, const char *fmt, ...)
{
    if (fail_text[0]) return s;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(fail_text, sizeof fail_text, fmt, ap);
    va_end(ap);
    return s;
}

const char *gan_fail_text(void)
{
    return fail_text;
}

void gan_fail_clear(void)
{
    fail_text[0] = '\0';
}
