/* The communicator of a run: our own, so that no library's messages meet ours, with errors returned
 * instead of ending the process; and the group of ranks that share this node's memory.
 *
 * gan__mpi is the one place where MPI's return codes become ours. */
#include "mpi_check.h"
#include "stall.h"

#include "gan/log.h"
#include "gan/mem.h"

gan_status gan__mpi(int code, const char *what)
{
    if (code == MPI_SUCCESS) return GAN_OK;
    char why[MPI_MAX_ERROR_STRING] = "unknown error";
    int length = 0;
    if (MPI_Error_string(code, why, &length) != MPI_SUCCESS) length = 0;
    return GAN_FAIL(GAN_EMPI,
                    "MPI could not %s: %s; a rank or the network between nodes has failed, see above", what,
                    length > 0 ? why : "unknown error");
}

void gan__mpi_warn(int code, const char *what)
{
    if (code == MPI_SUCCESS) return;
    gan__mpi(code, what);
    gan_warn("%s", gan_fail_text());
}

gan_status gan__finish(const gan_comm *c, int code, MPI_Request *request, const char *what)
{
    gan_wait wait = {.begun = false};
    int done = 0;
    GAN_TRY(gan__mpi(code, what));
    gan_stall_doing(c, what, NULL);
    while (!done) {
        GAN_TRY(gan__mpi(MPI_Test(request, &done, MPI_STATUS_IGNORE), what));
        if (gan_stall_due(c, &wait)) gan_stall_waits(c, &wait, -1);
    }
    return GAN_OK;
}

/* The ranks of this node, and the node's number: the lowest rank on it. */
static gan_status find_node(gan_comm *c, MPI_Comm mpi, int *node)
{
    GAN_TRY(gan__mpi(MPI_Comm_rank(mpi, node), "tell the rank"));
    GAN_TRY(gan__mpi(MPI_Comm_split_type(mpi, MPI_COMM_TYPE_SHARED, *node, MPI_INFO_NULL, &c->node),
                     "find the ranks of this node"));
    GAN_TRY(gan__mpi(MPI_Comm_set_errhandler(c->node, MPI_ERRORS_RETURN), "set the error handler"));
    GAN_TRY(gan__mpi(MPI_Comm_rank(c->node, &c->node_rank), "tell the rank in the node"));
    GAN_TRY(gan__mpi(MPI_Comm_size(c->node, &c->node_size), "tell the ranks of the node"));
    return gan__mpi(MPI_Bcast(node, 1, MPI_INT, 0, c->node), "number the nodes");
}

/* Launchers may deal ranks out to nodes in turn; neighbours in our own order share a node, as teams and the cheap first
 * rounds of a reduction want it. Within a node the order stays. */
static gan_status order_by_node(gan_comm *c, MPI_Comm mpi)
{
    int node, first;
    /* Errors of nonblocking collectives are raised on the world by Open MPI, wherever they happen. */
    GAN_TRY(gan__mpi(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN), "set the error handler"));
    GAN_TRY(find_node(c, mpi, &node));
    GAN_TRY(gan__mpi(MPI_Comm_split(mpi, 0, node, &c->mpi), "duplicate the communicator"));
    GAN_TRY(gan__mpi(MPI_Comm_set_errhandler(c->mpi, MPI_ERRORS_RETURN), "set the error handler"));
    GAN_TRY(gan__mpi(MPI_Comm_rank(c->mpi, &c->rank), "tell the rank"));
    GAN_TRY(gan__mpi(MPI_Comm_size(c->mpi, &c->size), "tell the number of ranks"));
    first = c->node_rank == 0;
    return gan__mpi(MPI_Allreduce(&first, &c->n_nodes, 1, MPI_INT, MPI_SUM, c->mpi), "count the nodes");
}

static gan_comm *allocate(void)
{
    gan_comm *c = gan_calloc(1, sizeof *c);
    if (!c) return NULL;
    c->mpi = c->node = MPI_COMM_NULL;
    c->stride = 1;
    c->in_flight = gan_calloc(1, sizeof *c->in_flight);
    c->stall = gan_calloc(1, sizeof *c->stall);
    if (c->in_flight && c->stall) return c;
    gan_comm_close(c);
    return NULL;
}

gan_status gan_comm_open(gan_comm **out, MPI_Comm mpi)
{
    *out = NULL;
    gan_comm *c = allocate();
    /* Before the first collective on the duplicate: a rank without memory must not leave the others waiting
     * in it. */
    gan_status s = gan__worst(mpi, c ? GAN_OK : GAN_ENOMEM);
    if (s != GAN_OK) goto fail;
    GAN_TRY_GOTO(order_by_node(c, mpi));
    *out = c;
    return GAN_OK;
fail:
    gan_comm_close(c);
    return s;
}

void gan_comm_close(gan_comm *c)
{
    if (!c) return;
    if (c->node != MPI_COMM_NULL) gan__mpi_warn(MPI_Comm_free(&c->node), "free the node's communicator");
    if (c->mpi != MPI_COMM_NULL) gan__mpi_warn(MPI_Comm_free(&c->mpi), "free the communicator");
    gan_free(c->in_flight);
    gan_free(c->stall);
    gan_free(c);
}
