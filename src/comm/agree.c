/* A rank never fails alone: agreement on failures, the one message about them, and the end of all ranks when
 * half a collective cannot be unwound. */
#include "end.h"
#include "mpi_check.h"

#include "gan/log.h"

#include <limits.h>
#include <stdio.h>

gan_status gan__worst(MPI_Comm mpi, gan_status mine)
{
    int worst = (int)mine; /* GAN_OK is 0, every failure is larger */
    GAN_TRY(gan__mpi(MPI_Allreduce(MPI_IN_PLACE, &worst, 1, MPI_INT, MPI_MAX, mpi), "agree on a status"));
    return (gan_status)worst;
}

gan_status gan_comm_agree(const gan_comm *c, gan_status mine)
{
    int worst = (int)mine;
    MPI_Request q;
    if (!c) return mine;
    GAN_TRY(gan__finish(c, MPI_Iallreduce(MPI_IN_PLACE, &worst, 1, MPI_INT, MPI_MAX, c->mpi, &q), &q, "agree on a status"));
    return (gan_status)worst;
}

static void print_error(const gan_comm *c, const char *text)
{
    char host[MPI_MAX_PROCESSOR_NAME] = "?";
    int length;
    gan_log_progress(""); /* an updating line would stand in front of the message */
    if (c && c->size > 1 && MPI_Get_processor_name(host, &length) == MPI_SUCCESS)
        fprintf(stderr, "error: rank %d of %d on %s: %s\n", c->rank, c->size, host, text);
    else
        fprintf(stderr, "error: %s\n", text);
    fflush(stderr);
}

/* Order of those who may speak: ranks with a failure of their own first. After an agreement every rank
 * carries the status, but only the one where it happened can say what it was. */
static int turn_to_speak(const gan_comm *c, gan_status mine)
{
    if (mine == GAN_OK) return INT_MAX;
    return gan_fail_text()[0] ? c->rank : c->size + c->rank;
}

gan_status gan_comm_report(const gan_comm *c, gan_status mine)
{
    int turn = turn_to_speak(c, mine), least[2] = {turn, -(int)mine};
    MPI_Request q;
    gan_status told = gan__finish(c, MPI_Iallreduce(MPI_IN_PLACE, least, 2, MPI_INT, MPI_MIN, c->mpi, &q), &q, "agree on a status");
    gan_status worst = told == GAN_OK ? (gan_status)-least[1] : told;
    if (worst == GAN_OK || worst == GAN_ESTOPPED) return worst; /* a stop was asked for, and training has said so */
    /* When MPI itself has failed nobody can take turns: then every rank that gets here speaks. */
    if (told != GAN_OK || least[0] == turn)
        print_error(c, gan_fail_text()[0] ? gan_fail_text() : gan_status_text(worst));
    return worst;
}

void gan_comm_abort(const gan_comm *c, gan_status why, const char *text)
{
    print_error(c, text && *text ? text : gan_status_text(why));
    gan__comm_end(c, why);
}
