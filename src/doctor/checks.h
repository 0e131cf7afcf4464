/* Checks: each takes the case and leaves a finding. The list is checks.def. */
#ifndef GAN_DOCTOR_CHECKS_H
#define GAN_DOCTOR_CHECKS_H

#include "facts.h"

typedef enum gan_verdict { GAN_FINE, GAN_DOUBTFUL, GAN_BAD } gan_verdict;

typedef struct gan_finding {
    gan_verdict verdict;
    char found[400]; /* "": the check has nothing to say here */
    char remedy[640];
} gan_finding;

typedef struct gan_case {
    int n;
    const gan_identity *ids; /* [n] */
    const gan_facts *ranks;  /* [n], in rank order: ranks of a node are neighbours */
    gan_need need;
    const char *dir, *parent; /* where the job would write, and what is there of it now */
    double latency_s, transfer_s; /* of 8 bytes and of GAN_CASE_TRANSFER from rank 0 to the last; 0: one rank */
} gan_case;

enum { GAN_CASE_TRANSFER = 4 << 20 };

typedef void gan_check(const gan_case *c, gan_finding *f);
#define GAN_CHECK(sym, title, status) gan_check gan__check_##sym;
#include "checks.def"
#undef GAN_CHECK

__attribute__((format(printf, 3, 4))) void gan__find(gan_finding *f, gan_verdict v, const char *fmt, ...);
__attribute__((format(printf, 2, 3))) void gan__remedy(gan_finding *f, const char *fmt, ...);

/* The hosts of the ranks that a test holds for: "node1, node2 and 3 more"; "" for none. Of a case with one node: "this node". */
typedef bool gan_rank_test(const gan_case *c, int rank);
const char *gan__hosts(const gan_case *c, gan_rank_test *test, char *text, int n);

const char *gan__plural(int n); /* "", "s" */
int gan__nodes(const gan_case *c);
int gan__ranks_of_node(const gan_case *c, int first); /* how many ranks follow `first` on its node, itself included */

/* core_map.c: a table of ranks and the cores that they may use, neighbours that are alike in one line. */
void gan__map_print(const gan_case *c);
/* report.c: prints a line per check. Without facts only the first, which asks the identities. Returns the status of the first
 * that is bad, with a text. */
gan_status gan__report(const gan_case *c, bool with_facts);

#endif
