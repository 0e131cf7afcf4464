/* The sums over ranks that a step program starts and waits for, as the graph sees them. */
#ifndef GAN_COLLECTIVES_H
#define GAN_COLLECTIVES_H

#include "gan/comm.h"
#include "gan/graph.h"

typedef struct gan_comm_set gan_comm_set;

enum { GAN_SUM_NAME = 64 };

/* Floats that are summed over ranks. Of a bucket, whose update the ranks of a team share, the summands lie in memory of
 * the team, `stride` floats from rank to rank, and the ranks deal its blocks out among them; anything else (stride 0) is
 * private and summed by messages. */
typedef struct gan_sum_range {
    float *data; /* [n] of this rank, borrowed */
    int64_t n, stride;
    int phase; /* to which its messages are counted */
    gan_blocks blocks; /* of a bucket */
    bool rounded;      /* a bucket travels between teams as bfloat16 */
    float *weights;    /* of a bucket that teams share the update of [n]: each updates a part, and sends it; else NULL */
    char name[GAN_SUM_NAME]; /* for messages: "discriminator bucket 2 (phase D)" */
} gan_sum_range;

/* Collective: one reduction per range, numbered as given. */
gan_status gan_comm_set_new(gan_comm_set **out, const gan_team *t, gan_reduce_mode mode, const gan_kernels *k,
                            int n_ranges, const gan_sum_range *ranges);
/* From now on bytes sent and seconds under way are added to times[phase]; borrowed until freed. Messages of reductions only. */
gan_status gan_comm_set_count(gan_comm_set *s, gan_phase_time *times, int n_phases);
/* Local. From now on a thread moves messages while kernels run, where MPI and the system allow it. */
gan_status gan_comm_set_help(gan_comm_set *s);
/* Collective: wait for all that was started and not waited for, when a program has ended before its time. */
gan_status gan_comm_set_drain(gan_comm_set *s);
/* Collective: floats that lie like those of a bucket, of which each team has its part: bring all to the first team, or deal them
 * out from there. Of buckets with weights only. The ranks of a team agree before they look. */
gan_status gan_comm_set_parts(gan_comm_set *s, int number, float *range, bool to_first);
void gan_comm_set_free(gan_comm_set *s); /* collective; takes NULL */
const gan_collectives *gan_comm_set_vtable(gan_comm_set *s); /* borrowed */

/* What sums over these ranks cost, and the bucket size that follows from it. */
enum { GAN_CALIBRATION_SIZES = 3 };
typedef struct gan_calibration {
    int n; /* sizes measured; below 2, where the room is too small for more, nothing follows */
    int64_t bytes[GAN_CALIBRATION_SIZES];
    double s[GAN_CALIBRATION_SIZES]; /* of a sum of so many bytes, on rank 0 */
    double latency_s, bytes_per_s;   /* time of the smallest; from there to the largest */
    int64_t kib;                     /* of a bucket: latency is a tenth of its time */
} gan_calibration;

/* Collective; takes some hundredths of a second at most, however slow the network. All ranks get what rank 0 measured.
 * room: memory for summands, zeros and zeros again, of which stride tells where the team's other ranks have theirs; its blocks
 * are of no meaning. */
gan_status gan_calibrate(gan_calibration *out, const gan_team *t, gan_reduce_mode mode, const gan_kernels *k,
                         const gan_sum_range *room);

#endif
