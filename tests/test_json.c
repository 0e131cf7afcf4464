/* The walk over JSON. Held against texts whose members are known, among them a line as `bench --json` prints it, and
 * against every beginning of it: what is cut off is missing, what is whole is found, and nothing behind the end is read
 * (as the build with AddressSanitizer sees, for each beginning lies in memory of its own). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scratch.h"

#include "gan/json.h"

static const char line[] =
    "{\"program\": \"x \\\"y\\\" {\", \"ranks\": 4, \"step_s\": 0.0125,\"list\":[1,{\"ranks\":9},\"]\"], \"none\": null, "
    "\"phases\": {\"D\": {\"compute_s\": -1.5e-3, \"exposed_s\": 0}, \"G\" : {\"compute_s\": 2}}, \"last\": true}";

static void test_members(void **state)
{
    (void)state;
    double x = 7;
    char text[16] = "as it was";
    assert_true(gan_json_number(line, "ranks", &x));
    assert_true(x == 4);
    assert_true(gan_json_number(line, "step_s", &x));
    assert_true(x == 0.0125);
    const char *phases = gan_json_member(line, "phases");
    assert_true(gan_json_number(gan_json_member(phases, "D"), "compute_s", &x));
    assert_true(x == -1.5e-3);
    assert_true(gan_json_number(gan_json_member(phases, "G"), "compute_s", &x));
    assert_true(x == 2);
    assert_true(gan_json_text(line, "program", text, sizeof text));
    assert_string_equal(text, "x \\\"y\\\" {");

    /* What is not there, or of another kind, leaves the result as it was. */
    static const char *const no_numbers[] = {"program", "list", "none", "phases", "last", "compute_s", "", "rank"};
    for (int i = 0; i < (int)(sizeof no_numbers / sizeof *no_numbers); i++)
        assert_false(gan_json_number(line, no_numbers[i], &x));
    assert_true(x == 2);
    assert_false(gan_json_text(line, "program", text, 5));
    assert_false(gan_json_text(line, "ranks", text, sizeof text));
    assert_string_equal(text, "x \\\"y\\\" {");
    assert_null(gan_json_member(NULL, "ranks"));
    assert_null(gan_json_member("[1, 2]", "ranks"));
    assert_null(gan_json_member("", "ranks"));
    assert_false(gan_json_number("{\"ranks\": 4x}", "ranks", &x));
}

static void test_walk(void **state)
{
    (void)state;
    static const char *const wanted[] = {"program", "ranks", "step_s", "list", "none", "phases", "last"};
    int n = 0;
    gan_json_walk w = gan_json_begin(line);
    for (; gan_json_next(&w); n++) assert_string_equal(w.name, wanted[n]);
    assert_int_equal(n, 7);
    w = gan_json_begin("{}");
    assert_false(gan_json_next(&w));
}

static void test_cut_off(void **state)
{
    (void)state;
    const long ranks_end = strstr(line, "4,") + 1 - line;
    for (long n = 0; n < (long)sizeof line - 1; n++) {
        double x = 7;
        char *part = malloc((size_t)n + 1);
        assert_non_null(part);
        memcpy(part, line, (size_t)n);
        part[n] = '\0';
        assert_int_equal(gan_json_number(part, "ranks", &x), n > ranks_end);
        assert_true(x == (n > ranks_end ? 4 : 7));
        assert_null(gan_json_member(part, "last")); /* its value ends with the text */
        free(part);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_members),
        cmocka_unit_test(test_walk),
        cmocka_unit_test(test_cut_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
