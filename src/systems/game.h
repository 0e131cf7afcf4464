/* The game of two players, in pieces that the families put together: discriminator phases, a generator phase, and what keys may
 * add to either. For the files of this module. */
#ifndef GAN_GAME_H
#define GAN_GAME_H

#include "gan/system.h"
#include "losses.h"

enum { GAN__G, GAN__D }; /* of a family's networks, the generator is the first and a discriminator the second */

typedef struct gan__game {
    gan_step *s;
    const gan__loss *loss;
    int64_t pack; /* samples that D judges as one */
    gan_id x, c;  /* the latest real minibatch [B, data] and what it is conditioned on [B, C], or GAN_NONE */
    gan_id z, fake; /* the latest noise [B, noise.size] and what G made of it [B, data] */
    bool stale;     /* G has been updated since */
    bool records;   /* the phase being written is the last of its kind in the step, and records metrics */
} gan__game;

/* For `declare`: the generator, from noise to the shape of data. */
gan_status gan__game_declare_generator(gan_model *m);
/* A network that judges samples, or packs of them: one logit, of no function that bounds it. */
gan_status gan__game_declare_judge(gan_model *m, const char *name);

/* The declare and build of a game of one generator and one discriminator. */
gan_status gan__game_declare(gan_model *m);
gan_status gan__game_build(gan_step *s);

/* For `build`. Reads [gan] and checks that it fits; GAN_ECONFIG with the remedy. */
gan_status gan__game_begin(gan__game *m, gan_step *s);
gan_status gan__game_deal(gan__game *m);     /* the next real minibatch: x, c */
gan_status gan__game_generate(gan__game *m); /* fresh noise and fakes: z, fake */
/* Logits [B/pack, 1] of network `net` on samples x [B, data]. */
gan_status gan__game_judge(gan__game *m, int net, gan_id x, gan_id *logits);
/* On the real minibatch and on the fakes. */
gan_status gan__game_judge_pair(gan__game *m, int net, gan_id *on_x, gan_id *on_fake);
/* The adversarial losses of such logits, PARTIAL [1]. */
gan_status gan__game_loss_d(gan__game *m, gan_id on_x, gan_id on_fake, gan_id *loss);
gan_status gan__game_loss_g(gan__game *m, gan_id on_fake, gan_id *loss);

/* Whole phases. D's: deal, generate, judge, update. G's begins with the fakes that it works on, and ends with the update once
 * they are judged. */
gan_status gan__game_phase_d(gan__game *m, bool last);
gan_status gan__game_begin_g(gan__game *m, bool last);
gan_status gan__game_end_g(gan__game *m, gan_id on_fake);
gan_status gan__game_phases_d(gan__game *m); /* gan.d_steps of them */

/* Metrics spread_real and spread_fake of the latest minibatches: spread.c. */
gan_status gan__game_measure_spread(gan__game *m);

/* Samples x [B, data] as packs [B/pack, ...] whose channels (features) stand one behind the other (Lin et al. 2018): pack.c. */
gan_status gan__pack_check(const gan__game *m);
gan_sample_shape gan__pack_shape(const gan_sample_shape *data, int64_t pack);
gan_status gan__pack(gan_graph *g, gan_id x, int64_t pack, gan_id *y);

/* Terms: each adds its part to the loss of D or G within the phase, or nothing where its keys say so. */
typedef gan_status gan__term(gan__game *m, gan_id *loss);
gan__term gan__term_penalty; /* of D: [penalty] */

#endif
