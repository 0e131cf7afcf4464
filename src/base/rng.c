/* Philox numbers, uniform and normal. Normals invert the distribution function rather than using Box-Muller: one
 * number per 53 bits in, accurate tails, and no trigonometric function whose last bit differs between libraries. */
#include "gan/rng.h"

#include <Random123/philox.h>
#include <math.h>

void gan_rng_bits(const gan_rng *at, uint64_t block, uint64_t out[4])
{
    philox4x64_ctr_t counter = {{block, at->sample, at->step, at->stream}};
    philox4x64_key_t key = {{at->seed, (uint64_t)at->purpose}};
    philox4x64_ctr_t r = philox4x64(counter, key);
    for (int i = 0; i < 4; i++) out[i] = r.v[i];
}

void gan_rng_uniform(const gan_rng *at, int64_t first, int64_t n, float lo, float hi, float *out)
{
    uint64_t w[4], block = UINT64_MAX;
    for (int64_t i = 0; i < n; i++) {
        uint64_t e = (uint64_t)(first + i);
        if (e / 4 != block) gan_rng_bits(at, block = e / 4, w);
        out[i] = lo + (hi - lo) * ((float)(w[e % 4] >> 40) * 0x1p-24f);
    }
}

static double ratio(const double p[8], const double q[8], double r)
{
    double a = p[7], b = q[7];
    for (int i = 6; i >= 0; i--) a = a * r + p[i], b = b * r + q[i];
    return a / b;
}

/* Algorithm AS 241 (PPND16): relative error about 1e-16. p in (0,1). */
static double normal_quantile(double p)
{
    static const double centre[2][8] = {
        {3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3, 1.3731693765509461125e4,
         4.5921953931549871457e4, 6.7265770927008700853e4, 3.3430575583588128105e4, 2.5090809287301226727e3},
        {1.0, 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3,
         2.1213794301586595867e4, 3.9307895800092710610e4, 2.8729085735721942674e4, 5.2264952788528545610e3}};
    static const double middle[2][8] = {
        {1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0,
         3.64784832476320460504e0, 1.27045825245236838258e0, 2.41780725177450611770e-1,
         2.27238449892691845833e-2, 7.74545014278341407640e-4},
        {1.0, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1,
         1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4,
         1.05075007164441684324e-9}};
    static const double tail[2][8] = {
        {6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0,
         2.96560571828504891230e-1, 2.65321895265761230930e-2, 1.24266094738807843860e-3,
         2.71155556874348757815e-5, 2.01033439929228813265e-7},
        {1.0, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2,
         7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7,
         2.04426310338993978564e-15}};
    double q = p - 0.5;
    if (fabs(q) <= 0.425) return q * ratio(centre[0], centre[1], 0.180625 - q * q);
    double r = sqrt(-log(q < 0 ? p : 1.0 - p));
    double x = r <= 5.0 ? ratio(middle[0], middle[1], r - 1.6) : ratio(tail[0], tail[1], r - 5.0);
    return q < 0 ? -x : x;
}

void gan_rng_normal(const gan_rng *at, int64_t first, int64_t n, float mean, float std, float *out)
{
    uint64_t w[4], block = UINT64_MAX;
    for (int64_t i = 0; i < n; i++) {
        uint64_t e = (uint64_t)(first + i);
        if (e / 4 != block) gan_rng_bits(at, block = e / 4, w);
        double p = ((double)(w[e % 4] >> 11) + 0.5) * 0x1p-53;
        out[i] = mean + std * (float)normal_quantile(p);
    }
}
