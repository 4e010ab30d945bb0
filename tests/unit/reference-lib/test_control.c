#include "tests/support/nps_test.h"

#include "core/day.h"
#include "reference-lib/control.h"

#define HEAD "list\tschedule\tsince\tuntil\tname\tinchikey\tformula\tlevel\tseen\tsource\tnote\n"
#define RULES "class\tcountry\tclause\ttitle\tsince\tuntil\tlevel\tseen\tsource\tnote\n"
/* Bytes before the first row. */
#define H (sizeof HEAD - 1)
#define KEY "MYWUZJCMWCOHBA-UHFFFAOYSA-N"

static nps_status make(const char *name, const char *text, nps_control **ret, nps_err *err)
{
    nps_control_table t = {name, text, strlen(text)};
    return nps_control_new("test", &t, 1, ret, err);
}

static nps_control *made(const char *name, const char *text)
{
    nps_control *c = NULL;
    nps_err err = {0};
    assert_ok(make(name, text, &c, &err), &err);
    return c;
}

static uint32_t day(const char *text)
{
    uint32_t d = 0;
    assert_true(nps_day_parse(nps_span_of(text), &d));
    return d;
}

static nps_control_rows of(const nps_control *c, const char *key)
{
    return nps_control_of_key(c, nps_span_of(key));
}

static void a_fault_is_told_with_table_line_and_byte(void **state)
{
    (void)state;
    static const struct {
        const char *table, *text;
        size_t line, offset;
        const char *message;
    } cases[] = {
        {"conventions.tsv", "", 1, 0, "conventions.tsv: there is no head"},
        {"conventions.tsv", "# only a remark\n\n", 1, 0, "conventions.tsv: there is no head"},
        {"conventions.tsv", "list\tschedule\n", 1, 0, "conventions.tsv: 2 columns, not 11"},
        {"conventions.tsv", "#\nlist\tschedule\tsince\tuntil\tname\tInChI\tformula\tlevel\tseen\tsource\tnote\n", 2, 33,
         "conventions.tsv: head 6 is 'InChI', not 'inchikey'"},
        {"conventions.tsv", HEAD "1971\tII\n", 2, H, "conventions.tsv: 2 columns, not 11"},
        {"conventions.tsv", HEAD "1972\tII\t1971\t\tX\t\t\tC\t\ts\t\n", 2, H, "conventions.tsv: list '1972' is not a list of this table"},
        {"conventions.tsv", HEAD "1988\tTable I\t1988\t\tX\t\t\tC\t\ts\t\n", 2, H,
         "conventions.tsv: list '1988' is not a list of this table"},
        {"conventions.tsv", HEAD "1971\tV\t1971\t\tX\t\t\tC\t\ts\t\n", 2, H + 5, "conventions.tsv: schedule 'V' is not a schedule of this list"},
        {"conventions.tsv", HEAD "1971\tII\t1971-02-29\t\tX\t\t\tC\t\ts\t\n", 2, H + 8, "conventions.tsv: since '1971-02-29' is not YEAR"},
        {"conventions.tsv", HEAD "1971\tII\t1975/1971\t\tX\t\t\tC\t\ts\t\n", 2, H + 8, "conventions.tsv: since '1975/1971' is not YEAR"},
        {"conventions.tsv", HEAD "1971\tII\t1971\t1970\tX\t\t\tC\t\ts\t\n", 2, H, "conventions.tsv: until '1970' is not after since '1971'"},
        {"conventions.tsv", HEAD "1971\tII\t1971\t\t\t\t\tC\t\ts\t\n", 2, H + 14, "conventions.tsv: name '' is not a name"},
        {"conventions.tsv", HEAD "1971\tII\t1971\t\tX\tMYWUZJCMWCOHBA\t\tC\t\ts\t\n", 2, H + 16,
         "conventions.tsv: inchikey 'MYWUZJCMWCOHBA' is not an InChIKey of 27 characters"},
        {"conventions.tsv", HEAD "1971\tII\t1971\t\tX\t\tc10\tC\t\ts\t\n", 2, H + 17, "conventions.tsv: formula 'c10' is not a molecular formula"},
        {"conventions.tsv", HEAD "1971\tII\t1971\t\tX\t\t\tD\t\ts\t\n", 2, H + 18, "conventions.tsv: level 'D' is not A, B or C"},
        {"conventions.tsv", HEAD "1971\tII\t1971\t\tX\t\t\tB\trumour\ts\t\n", 2, H + 20, "conventions.tsv: seen 'rumour' is not recommendation"},
        {"conventions.tsv", HEAD "1971\tII\t1971\t\tX\t\t\tA\t\ts\t\n", 2, H, "conventions.tsv: level A, but nothing is said to have been seen"},
        {"conventions.tsv", HEAD "1971\tII\t1971\t\tX\t\t\tC\t\t\t\n", 2, H + 21, "conventions.tsv: source '' is not a source"},
        {"conventions.tsv", HEAD "1971\tII\t1971\t\tX\xff\t\t\tC\t\ts\t\n", 2, H + 14, "conventions.tsv: 'X?' is no clean UTF-8 text"},
        {"conventions.tsv", HEAD "1971\tII\t1971\t\tX\t" KEY "\t\tC\t\ts\t\n1971\tII\t1975\t\tX\t" KEY "\t\tC\t\ts\t\n", 3, H + 51,
         "conventions.tsv: 'X' is listed already in line 2 of conventions.tsv"},
        {"conventions.tsv", HEAD "1971\tII\t1971\t\tX\t" KEY "\tC2\tC\t\ts\t\n1971\tI\t1971\t\tY\t" KEY "\tC3\tC\t\ts\t\n", 3, H + 53,
         "conventions.tsv: 'Y' has the InChIKey block, but not the formula of line 2 of conventions.tsv"},
        {"surveillance.tsv", HEAD "surveillance\tI\t\t\tX\t\t\tC\t\ts\t\n", 2, H + 13, "surveillance.tsv: schedule 'I' is not a schedule of this list"},
        {"class_rules.tsv", RULES "fentanyls\tGermany\tc\tt\t\t\tC\t\ts\t\n", 2, sizeof RULES - 1 + 10,
         "class_rules.tsv: country 'Germany' is not an ISO 3166-1 alpha-2 code like DE"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        nps_control *c = NULL;
        nps_err err = {0};
        nps_status st = make(cases[i].table, cases[i].text, &c, &err);
        if (st != NPS_E_FORMAT || err.line != cases[i].line || err.offset != cases[i].offset || !strstr(err.msg, cases[i].message))
            fail_msg("case %zu: status %d, line %zu, byte %zu: %s", i, (int)st, err.line, err.offset, err.msg);
        assert_null(c);
    }
    nps_control *c = NULL;
    nps_err err = {0};
    assert_int_equal(make("convention.tsv", HEAD, &c, &err), NPS_E_NOT_FOUND);
}

static void what_spreadsheets_do_to_a_table_is_taken(void **state)
{
    (void)state;
    NPS_AUTO_CONTROL c = made("conventions.tsv", "\xef\xbb\xbf" "list\tschedule\tsince\tuntil\tname\tinchikey\tformula\tlevel\tseen\tsource"
                              "\tnote\r\n\r\n# remark\r\n1971\tII \t1971\t\t Metamfetamine\t" KEY "\tC10H15N\tC\t\ts\tlast\r\n");
    nps_control_rows r = of(c, KEY);
    assert_int_equal(r.n, 1);
    assert_string_equal(r.row[0]->name, "Metamfetamine");
    assert_string_equal(r.row[0]->schedule, "II");
    assert_string_equal(r.row[0]->note, "last");
    assert_int_equal(r.row[0]->line, 4);
}

static void the_status_of_a_day_follows_from_what_is_known_of_the_dates(void **state)
{
    (void)state;
    static const struct {
        const char *since, *until, *day;
        nps_control_status want;
    } cases[] = {
        {"2019-05-01", "", "2019-04-30", NPS_CONTROL_NOT_YET},   {"2019-05-01", "", "2019-05-01", NPS_CONTROL_IN_FORCE},
        {"2018", "", "2017-12-31", NPS_CONTROL_NOT_YET},         {"2018", "", "2018-01-01", NPS_CONTROL_UNCLEAR},
        {"2018", "", "2018-12-30", NPS_CONTROL_UNCLEAR},         {"2018", "", "2019-01-01", NPS_CONTROL_IN_FORCE},
        {"2025-07", "", "2025-06-30", NPS_CONTROL_NOT_YET},      {"2025-07", "", "2025-07-15", NPS_CONTROL_UNCLEAR},
        {"2025-07", "", "2025-08-01", NPS_CONTROL_IN_FORCE},     {"1984/1988", "", "1983-12-31", NPS_CONTROL_NOT_YET},
        {"1984/1988", "", "1986-06-01", NPS_CONTROL_UNCLEAR},    {"1984/1988", "", "1989-01-01", NPS_CONTROL_IN_FORCE},
        {"../2022-10-07", "", "1900-01-01", NPS_CONTROL_UNCLEAR}, {"../2022-10-07", "", "2022-10-07", NPS_CONTROL_IN_FORCE},
        {"", "", "2026-01-01", NPS_CONTROL_UNCLEAR},             {"2001", "2013", "2012-12-31", NPS_CONTROL_IN_FORCE},
        {"2001", "2013", "2013-05-01", NPS_CONTROL_UNCLEAR},     {"2001", "2013", "2014-01-01", NPS_CONTROL_ENDED},
        {"2001", "2013-03-02", "2013-03-01", NPS_CONTROL_IN_FORCE}, {"2001", "2013-03-02", "2013-03-02", NPS_CONTROL_ENDED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[400];
        snprintf(text, sizeof text, HEAD "1971\tII\t%s\t%s\tX\t" KEY "\t\tC\t\ts\t\n", cases[i].since, cases[i].until);
        NPS_AUTO_CONTROL c = made("conventions.tsv", text);
        nps_control_status got = nps_control_status_on(of(c, KEY).row[0], day(cases[i].day));
        if (got != cases[i].want)
            fail_msg("since '%s' until '%s' on %s: %d, not %d", cases[i].since, cases[i].until, cases[i].day, (int)got,
                     (int)cases[i].want);
    }
    uint32_t d;
    assert_false(nps_day_parse(nps_span_of("2023-02-29"), &d));
    assert_true(nps_day_parse(nps_span_of("2024-02-29"), &d));
    assert_false(nps_day_parse(nps_span_of("2024-02"), &d));
}

static void rows_join_by_the_first_block_and_tell_the_other_layers(void **state)
{
    (void)state;
    NPS_AUTO_CONTROL c = made("conventions.tsv", HEAD "1971\tII\t1971\t\tOpen\t" KEY "\t\tC\t\ts\t\n"
                                                      "1971\tI\t1971\t\tStereo\tNGBBVGZWCFBOGO-ZETCQYMHSA-N\t\tC\t\ts\t\n");
    assert_int_equal(of(c, "MYWUZJCMWCOHBA").n, 1);
    assert_int_equal(of(c, "MYWUZJCMWCOHBB-UHFFFAOYSA-N").n, 0);
    assert_int_equal(of(c, "MYWUZJCMWCOHB").n, 0);
    assert_int_equal(of(c, "mywuzjcmwcohba-UHFFFAOYSA-N").n, 0);
    assert_int_equal(of(c, "").n, 0);
    static const struct {
        const char *key;
        nps_control_layer want;
    } cases[] = {{KEY, NPS_LAYER_SAME},
                 {"MYWUZJCMWCOHBA-VIFPVBQESA-N", NPS_LAYER_ROW_OPEN},
                 {"NGBBVGZWCFBOGO-UHFFFAOYSA-N", NPS_LAYER_SUBSTANCE_OPEN},
                 {"NGBBVGZWCFBOGO", NPS_LAYER_SUBSTANCE_OPEN},
                 {"NGBBVGZWCFBOGO-ZETCQYMHSA-N", NPS_LAYER_SAME},
                 {"NGBBVGZWCFBOGO-SSDOTTSWSA-N", NPS_LAYER_OTHER}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(nps_control_compare_layer(of(c, cases[i].key).row[0], nps_span_of(cases[i].key)), cases[i].want);
}

/* "DMT" is two substances, and a row without a key is nobody's. */
static void names_join_nothing(void **state)
{
    (void)state;
    NPS_AUTO_CONTROL c = made("conventions.tsv", HEAD "1971\tI\t1971\t\tDMT\tDMULVCHRPCFFGV-UHFFFAOYSA-N\tC12H16N2\tC\t\ts\t\n"
                                                      "1971\tIV\t1971\t\tDMT\t\tC20H30O\tC\t\ts\t\n");
    assert_int_equal(of(c, "DMULVCHRPCFFGV-UHFFFAOYSA-N").n, 1);
    assert_int_equal(of(c, "DMT").n, 0);
    assert_int_equal(of(c, "IZIJXLMGXFASNV-UHFFFAOYSA-N").n, 0);
    nps_control_rows keyless = nps_control_of_formula(c, NPS_SPAN("C20H30O"));
    assert_int_equal(keyless.n, 1);
    assert_string_equal(keyless.row[0]->inchikey, "");
    assert_int_equal(nps_control_of_class(c, NPS_SPAN("DMT")).n, 0);
    nps_control_counts n;
    nps_control_count(c, &n);
    assert_int_equal(n.joined, 1);
    assert_int_equal(n.without_key, 1);
}

static void class_rules_are_found_by_the_exact_class(void **state)
{
    (void)state;
    NPS_AUTO_CONTROL c = made("class_rules.tsv", RULES "fentanyls\tUS\tc1\tt\t2018\t\tA\tlaw\ts\tn\n"
                                                       "fentanyls\tCN\tc2\tt\t2019\t\tA\tpress\ts\tn\n"
                                                       "fentanyls precursors\tCN\tc3\tt\t2019\t\tC\t\ts\tn\n");
    nps_control_rows r = nps_control_of_class(c, NPS_SPAN("fentanyls"));
    assert_int_equal(r.n, 2);
    assert_string_equal(r.row[0]->country, "US");
    assert_true(nps_control_is_verified(r.row[0]));
    assert_false(nps_control_is_verified(r.row[1])); /* a press report is no law */
    assert_int_equal(nps_control_of_class(c, NPS_SPAN("fentanyl")).n, 0);
    assert_int_equal(nps_control_of_class(c, NPS_SPAN("")).n, 0);
}

static void only_what_was_seen_in_a_decision_is_verified(void **state)
{
    (void)state;
    static const struct {
        const char *level, *seen;
        bool want;
    } cases[] = {{"A", "decision", true}, {"A", "list", true},      {"A", "law", true}, {"A", "recommendation", false},
                 {"A", "press", false},   {"B", "decision", false}, {"C", "", false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[400];
        snprintf(text, sizeof text, HEAD "1971\tII\t1971\t\tX\t" KEY "\t\t%s\t%s\ts\t\n", cases[i].level, cases[i].seen);
        NPS_AUTO_CONTROL c = made("conventions.tsv", text);
        assert_int_equal(nps_control_is_verified(of(c, KEY).row[0]), cases[i].want);
    }
}

static void the_digest_is_of_the_tables_not_of_their_order(void **state)
{
    (void)state;
    nps_control_table t[2] = {{"conventions.tsv", HEAD, strlen(HEAD)}, {"class_rules.tsv", RULES, strlen(RULES)}};
    nps_control_table back[2] = {t[1], t[0]};
    NPS_AUTO_CONTROL a = NULL;
    NPS_AUTO_CONTROL b = NULL;
    nps_control *none = NULL;
    nps_err err = {0};
    assert_ok(nps_control_new("a", t, 2, &a, &err), &err);
    assert_ok(nps_control_new("b", back, 2, &b, &err), &err);
    assert_string_equal(nps_control_digest(a), nps_control_digest(b));
    NPS_AUTO_CONTROL other = made("conventions.tsv", HEAD);
    assert_string_not_equal(nps_control_digest(a), nps_control_digest(other));
    back[1] = t[1];
    assert_int_equal(nps_control_new("twice", back, 2, &none, &err), NPS_E_FORMAT);
    assert_ok(nps_control_new("none", NULL, 0, &none, &err), &err);
    assert_int_equal(nps_control_all(none).n, 0);
    nps_control_release(none);
}

int main(void)
{
    nps_core_init();
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_fault_is_told_with_table_line_and_byte),
                                       cmocka_unit_test(what_spreadsheets_do_to_a_table_is_taken),
                                       cmocka_unit_test(the_status_of_a_day_follows_from_what_is_known_of_the_dates),
                                       cmocka_unit_test(rows_join_by_the_first_block_and_tell_the_other_layers),
                                       cmocka_unit_test(names_join_nothing),
                                       cmocka_unit_test(class_rules_are_found_by_the_exact_class),
                                       cmocka_unit_test(only_what_was_seen_in_a_decision_is_verified),
                                       cmocka_unit_test(the_digest_is_of_the_tables_not_of_their_order)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
