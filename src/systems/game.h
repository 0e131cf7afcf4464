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
    int d;          /* the discriminator that is trained in a phase of D's */
    gan_id real_in, fake_in; /* what it judges there, packs [B/pack, ...] */
} gan__game;

/* For `declare`: the generator, from noise to the shape of data. */
gan_status gan__game_declare_generator(gan_model *m);
/* A network that judges such samples, or packs of them: one logit, of no function that bounds it. */
gan_status gan__game_declare_judge(gan_model *m, const char *name, const gan_sample_shape *sample);
/* The network that gives z back, if there is one (term_reconstruction.c): behind all others. */
gan_status gan__game_declare_reconstructor(gan_model *m);

/* The declare and build of a game of one generator and one discriminator. */
gan_status gan__game_declare(gan_model *m);
gan_status gan__game_build(gan_step *s);

/* For `build`. Reads [gan] and checks that it fits; GAN_ECONFIG with the remedy. */
gan_status gan__game_begin(gan__game *m, gan_step *s);
gan_status gan__game_deal(gan__game *m);     /* the next real minibatch: x, c */
gan_status gan__game_generate(gan__game *m); /* fresh noise and fakes: z, fake */
/* Logits [B/pack, 1] of network `net` on samples x [B, ...]. */
gan_status gan__game_judge(gan__game *m, int net, gan_id x, gan_id *logits);
/* On real samples a and fakes b, in one pass where that is the same. */
gan_status gan__game_judge_both(gan__game *m, int net, gan_id a, gan_id b, gan_id *on_a, gan_id *on_b);
/* On the real minibatch and on the fakes. */
gan_status gan__game_judge_pair(gan__game *m, int net, gan_id *on_x, gan_id *on_fake);
/* The adversarial losses of such logits, PARTIAL [1]. */
gan_status gan__game_loss_d(gan__game *m, gan_id on_x, gan_id on_fake, gan_id *loss);
gan_status gan__game_loss_g(gan__game *m, gan_id on_fake, gan_id *loss);
gan_status gan__game_loss_real(gan__game *m, gan_id on_x, gan_id *loss); /* D's part on real samples */
gan_status gan__game_terms_d(gan__game *m, gan_id *loss); /* adds the terms of D's loss */

/* Phases. D's begins with dealing and generating, and ends, when it has judged both, with loss, terms and update. G's begins with the
 * fakes that it works on, and ends likewise once they are judged, from the logits or from an adversarial loss made of them. */
gan_status gan__game_phase_d(gan__game *m, bool last);
gan_status gan__game_begin_d(gan__game *m, bool last);
gan_status gan__game_end_d(gan__game *m, int net, gan_id on_x, gan_id on_fake);
gan_status gan__game_begin_g(gan__game *m, bool last);
gan_status gan__game_end_g(gan__game *m, gan_id on_fake);
/* The update, where G's loss is more than the adversarial one, which is recorded. */
gan_status gan__game_update_g(gan__game *m, gan_id adversarial, gan_id loss);

/* Metrics spread_real and spread_fake of the latest minibatches: spread.c. */
gan_status gan__game_measure_spread(gan__game *m);
/* A build: gan.d_steps phases of one kind, then gan.g_steps of the other. */
typedef gan_status gan__phase(gan__game *m, bool last);
gan_status gan__game_alternate(gan_step *s, gan__phase *d, gan__phase *g);

/* Samples x [B, data] as packs [B/pack, ...] whose channels (features) stand one behind the other (Lin et al. 2018): pack.c. */
gan_status gan__pack_check(const gan__game *m);
gan_sample_shape gan__pack_shape(const gan_sample_shape *data, int64_t pack);
gan_status gan__pack(gan_graph *g, gan_id x, int64_t pack, gan_id *y);

/* Terms: each adds its part to the loss of D or G within the phase, or nothing where its keys say so. */
typedef gan_status gan__term(gan__game *m, gan_id *loss);
gan__term gan__term_penalty; /* of D: [penalty] */
gan__term gan__term_mode_seeking, gan__term_reconstruction; /* of G: keys of [gan] */
gan__term gan__term_feature_matching; /* of G, and the first: takes the place of the adversarial loss */

#endif
