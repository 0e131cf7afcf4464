/* The objectives, one row each. With l = D's output before any function, p = sigmoid(l), and means over the minibatch:
 *
 *   name            D minimises                          G minimises          source
 *   non_saturating  -log p(x) - log(1 - p(G(z)))         -log p(G(z))         Goodfellow et al. 2014, section 3
 *   minimax         the same                             log(1 - p(G(z)))     the same, equation 1
 *   least_squares   (l(x) - 1)^2 / 2 + l(G(z))^2 / 2     (l(G(z)) - 1)^2 / 2  Mao et al. 2017, equation 9
 *   hinge           max(0, 1 - l(x)) + max(0, 1 + l(G))  -l(G(z))             Lim and Ye 2017
 *   wasserstein     l(G(z)) - l(x)                       -l(G(z))             Arjovsky et al. 2017, equations 2 and 3
 *   log_ratio       as non_saturating                    -l(G(z))             Srivastava et al. 2017, Algorithm 1
 *
 * Where D is at its best, l is log p_data / p_G; so with log_ratio G minimises the Kullback-Leibler divergence KL(p_G, p_data).
 *
 * A new objective is its functions, its row, and its name among the choices of gan.loss in schema.def. */
#include "losses.h"

static gan_status cross_entropy(gan_graph *g, gan_id logits, float target, int64_t n, gan_id *loss)
{
    return gan_add_bce_logits(g, logits, target, n, loss);
}

/* log(1 - p): what D's part on fakes is to G, who wants it small. */
static gan_status minimax(gan_graph *g, gan_id logits, float target, int64_t n, gan_id *loss)
{
    (void)target;
    GAN_TRY(gan_add_bce_logits(g, logits, 0, n, loss));
    return gan_add_affine(g, *loss, -1, 0, loss);
}

static gan_status least_squares(gan_graph *g, gan_id logits, float target, int64_t n, gan_id *loss)
{
    gan_id off;
    GAN_TRY(gan_add_affine(g, logits, 1, -target, &off));
    GAN_TRY(gan_add_square(g, off, &off));
    GAN_TRY(gan_add_affine(g, off, 0.5f, 0, &off));
    return gan_add_mean(g, off, n, loss);
}

/* The mean of max(0, 1 + sign * l). */
static gan_status hinge(gan_graph *g, gan_id logits, float sign, int64_t n, gan_id *loss)
{
    gan_id margin;
    GAN_TRY(gan_add_affine(g, logits, sign, 1, &margin));
    GAN_TRY(gan_add_relu(g, margin, &margin));
    return gan_add_mean(g, margin, n, loss);
}

static gan_status hinge_real(gan_graph *g, gan_id logits, float target, int64_t n, gan_id *loss)
{
    (void)target;
    return hinge(g, logits, -1, n, loss);
}

static gan_status hinge_fake(gan_graph *g, gan_id logits, float target, int64_t n, gan_id *loss)
{
    (void)target;
    return hinge(g, logits, 1, n, loss);
}

static gan_status lower(gan_graph *g, gan_id logits, float target, int64_t n, gan_id *loss)
{
    (void)target;
    return gan_add_mean(g, logits, n, loss);
}

static gan_status raise(gan_graph *g, gan_id logits, float target, int64_t n, gan_id *loss)
{
    GAN_TRY(lower(g, logits, target, n, loss));
    return gan_add_affine(g, *loss, -1, 0, loss);
}

static const gan__loss rows[] = {
    {"non_saturating", .probability = true, .targets = true, .real = cross_entropy, .fake = cross_entropy, .generator = cross_entropy},
    {"minimax", .probability = true, .targets = true, .real = cross_entropy, .fake = cross_entropy, .generator = minimax},
    {"least_squares", .targets = true, .real = least_squares, .fake = least_squares, .generator = least_squares},
    {"hinge", .real = hinge_real, .fake = hinge_fake, .generator = raise},
    {"wasserstein", .distance = true, .real = raise, .fake = lower, .generator = raise},
    {"log_ratio", .probability = true, .targets = true, .real = cross_entropy, .fake = cross_entropy, .generator = raise},
};

const gan__loss *const gan__losses[] = {&rows[0], &rows[1], &rows[2], &rows[3], &rows[4], &rows[5]};
