/* The conditional logit: its gradient, coefficients that made the data, signs and priors. */
#include "core/choice.h"
#include "core/mem.h"
#include "tests/support/nps_test.h"

#include <math.h>
#include <stdlib.h>

enum { FEATURES = 3, QUESTIONS = 1500, OPTIONS = 6 };

typedef struct {
    double feature[QUESTIONS * OPTIONS * FEATURES], weight[QUESTIONS];
    uint32_t option[QUESTIONS * OPTIONS], question[QUESTIONS * OPTIONS];
    uint8_t right[QUESTIONS * OPTIONS], none[QUESTIONS];
} made;

static double normal(uint64_t *r)
{
    return sqrt(-2 * log(1 - nps_test_uniform(r))) * cos(2 * M_PI * nps_test_uniform(r));
}

/* Answers drawn from the model itself. */
static nps_choice_data draw(made *m, const double *truth, uint64_t *r)
{
    for (size_t q = 0; q < QUESTIONS; q++) {
        double e[OPTIONS], sum = 1, at = 0, pick;
        for (size_t k = 0; k < OPTIONS; k++) {
            size_t o = q * OPTIONS + k;
            double z = truth[FEATURES];
            for (size_t j = 0; j < FEATURES; j++) {
                m->feature[o * FEATURES + j] = normal(r) * (1 + (double)j) + 3;
                z += truth[j] * m->feature[o * FEATURES + j];
            }
            m->option[o] = (uint32_t)o;
            m->question[o] = (uint32_t)q;
            m->right[o] = 0;
            sum += e[k] = exp(z);
        }
        pick = nps_test_uniform(r) * sum;
        m->none[q] = 1;
        m->weight[q] = 1;
        for (size_t k = 0; k < OPTIONS && m->none[q]; k++) {
            at += e[k];
            if (pick < at) {
                m->right[q * OPTIONS + k] = 1;
                m->none[q] = 0;
            }
        }
    }
    return (nps_choice_data){FEATURES, QUESTIONS * OPTIONS, QUESTIONS * OPTIONS, QUESTIONS, m->feature, m->option, m->question,
                             m->right, m->none, m->weight};
}

static void coefficients_that_made_the_answers_are_found_again(void **state)
{
    (void)state;
    static made m;
    uint64_t r = nps_test_seed();
    const double truth[] = {1.2, -0.8, 0.3, -3};
    nps_choice_data d = draw(&m, truth, &r);
    const int sign[] = {1, -1, 0};
    double found[FEATURES + 1], loss, true_loss;
    nps_err err;
    assert_ok(nps_choice_fit(&d, sign, NULL, 0, found, &loss, &err), &err);
    for (size_t j = 0; j <= FEATURES; j++)
        assert_near(found[j], truth[j], 0.1, 0.1);
    assert_ok(nps_choice_loss(&d, truth, &true_loss, &err), &err);
    assert_true(loss <= true_loss + 1e-6); /* it is the minimum */
    /* ... also seen from close by. */
    for (size_t j = 0; j <= FEATURES; j++)
        for (int side = -1; side <= 1; side += 2) {
            double near[FEATURES + 1], away;
            for (size_t k = 0; k <= FEATURES; k++)
                near[k] = found[k] + (k == j ? side * 0.03 : 0);
            assert_ok(nps_choice_loss(&d, near, &away, &err), &err);
            assert_true(away > loss);
        }
}

static void a_weight_of_the_wrong_sign_is_left_out(void **state)
{
    (void)state;
    static made m;
    uint64_t r = nps_test_seed();
    const double truth[] = {1, -0.5, 0.4, -2};
    nps_choice_data d = draw(&m, truth, &r);
    const int sign[] = {1, 1, 0}; /* the second one is made with -0.5 */
    double found[FEATURES + 1], loss;
    nps_err err;
    assert_ok(nps_choice_fit(&d, sign, NULL, 1e-4, found, &loss, &err), &err);
    assert_true(found[0] > 0.5);
    assert_near(found[1], 0, 0, 0.01);
}

static void a_strong_prior_holds_and_a_feature_that_says_nothing_keeps_to_it(void **state)
{
    (void)state;
    static made m;
    uint64_t r = nps_test_seed();
    const double truth[] = {1, -0.5, 0.4, -2}, prior[] = {0.2, -0.1, 0.7, -1};
    nps_choice_data d = draw(&m, truth, &r);
    for (size_t o = 0; o < QUESTIONS * OPTIONS; o++)
        m.feature[o * FEATURES + 2] = 5;
    const int sign[] = {1, -1, 0};
    double held[FEATURES + 1], free_[FEATURES + 1], loss;
    nps_err err;
    assert_ok(nps_choice_fit(&d, sign, prior, 1000, held, &loss, &err), &err);
    for (size_t j = 0; j < FEATURES; j++)
        assert_near(held[j], prior[j], 0, 0.01);
    assert_ok(nps_choice_fit(&d, sign, prior, 1e-3, free_, &loss, &err), &err);
    assert_true(free_[0] > 0.6); /* the rest of the answers has no feature any more */
    assert_near(free_[2], prior[2], 0, 1e-3);
}

/* An option of several rows counts with its best one: rows that lie below change nothing. */
static void an_option_counts_with_its_best_row(void **state)
{
    (void)state;
    const double one[] = {2, 1}, several[] = {2, -1, 0.5, 1}, w[] = {1, 1}, model[] = {0.7, -0.2};
    const uint32_t option1[] = {0, 1}, option2[] = {0, 0, 0, 1}, question[] = {0, 1};
    const uint8_t right[] = {1, 0}, none[] = {0, 1};
    nps_choice_data a = {1, 2, 2, 2, one, option1, question, right, none, w}, b = {1, 4, 2, 2, several, option2, question, right, none, w};
    double x, y;
    nps_err err;
    assert_ok(nps_choice_loss(&a, model, &x, &err), &err);
    assert_ok(nps_choice_loss(&b, model, &y, &err), &err);
    assert_true(x == y);
    double first = exp(0.7 * 2 - 0.2), second = exp(0.7 - 0.2);
    assert_near(x, -(log(first / (1 + first)) + log(1 / (1 + second))) / 2, 1e-12, 0);
}

static void nothing_to_fit_is_an_error_and_an_unanswered_question_does_not_count(void **state)
{
    (void)state;
    const double feature[] = {2, 1}, w[] = {1, 1}, model[] = {1, 0};
    const uint32_t option[] = {0, 1}, question[] = {0, 1};
    const uint8_t right[] = {1, 0}, nobody[] = {0, 0}, none[] = {0, 0};
    const int sign[] = {0};
    double found[2], loss;
    nps_err err;
    nps_choice_data d = {1, 2, 2, 2, feature, option, question, right, none, w};
    assert_ok(nps_choice_loss(&d, model, &loss, &err), &err);
    assert_near(loss, -log(exp(2) / (1 + exp(2))), 1e-12, 0);
    d.right = nobody;
    assert_int_equal(nps_choice_loss(&d, model, &loss, &err), NPS_E_RANGE);
    assert_int_equal(nps_choice_fit(&d, sign, NULL, 0, found, &loss, &err), NPS_E_RANGE);
    d.n_row = 0;
    assert_int_equal(nps_choice_fit(&d, sign, NULL, 0, found, &loss, &err), NPS_E_RANGE);
}

int main(void)
{
    nps_core_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(coefficients_that_made_the_answers_are_found_again),
        cmocka_unit_test(a_weight_of_the_wrong_sign_is_left_out),
        cmocka_unit_test(a_strong_prior_holds_and_a_feature_that_says_nothing_keeps_to_it),
        cmocka_unit_test(an_option_counts_with_its_best_row),
        cmocka_unit_test(nothing_to_fit_is_an_error_and_an_unanswered_question_does_not_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
