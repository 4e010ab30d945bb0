/* Control status as answers tell it: text, JSON, page for print, filter, restricted rows, GET /v1/control, reload. */
#include "reference-lib/control_view.h"
#include "service/api.h"
#include "service/app.h"
#include "service/control_files.h"
#include "service/control_text.h"
#include "service/report.h"
#include "service/verdict_json.h"
#include "tests/support/synth.h"

#include <jansson.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEAD "list\tschedule\tsince\tuntil\tname\tinchikey\tformula\tlevel\tseen\tsource\tnote\n"
#define RULES "class\tcountry\tclause\ttitle\tsince\tuntil\tlevel\tseen\tsource\tnote\n"

static const char conventions[] =
    HEAD "1971\tII\t1971\t\tMetamfetamine\tMYWUZJCMWCOHBA-UHFFFAOYSA-N\tC10H15N\tA\tlist\tL\t\n"
         "1971\tIV\t1981\t\tPhentermine\tDHHVAGZRUROJKS-UHFFFAOYSA-N\tC10H15N\tC\t\tL\t\n"
         "1971\tIII\t1986\t\tCathine\tDLNKOYKMWOXYQA-UHFFFAOYSA-N\tC9H13NO\tC\t\tL\t\n"
         "1961\tI\t2018-05-01\t\tDangeryl\tCCCCCCCCCCCCCC-DDDDDDDDSA-N\tC20H20\tA\trecommendation\tL\tn\n"
         "1961\tI\t1961\t\tKeyless\t\tC5H5\tC\t\tL\t\n";
static const char precursors[] = HEAD "1988\tTable I\t2000\t\tNorephedrine\tDLNKOYKMWOXYQA-UHFFFAOYSA-N\tC9H13NO\tC\t\tL\t\n";
static const char surveillance[] = HEAD "surveillance\t\t\t\tSecret\tEEEEEEEEEEEEEE-UHFFFAOYSA-N\tC6H6\tC\t\tsite\t\n";
static const char rules[] = RULES "fentanyls\tUS\tclause <1>\ttitle\t2018-02-06\t\tA\tlaw\tL\t\n"
                                  "fentanyls\tCN\tclause 2\ttitle\t2019-05-01\t\tB\tdecision\tL\t\n";

enum { MET, PHEN, CATH, NAMESAKE, SECRET, DANGER, NOBODY, KEYLESS, N };
static nps_spectrum *s[N];
static nps_library *lib;
static nps_control *tables;

static int setup(void **state)
{
    (void)state;
    static const struct {
        const char *name, *key, *formula, *class_name;
    } of[N] = {{"crystal", "MYWUZJCMWCOHBA-SECBINFHSA-N", "C10H15N", NULL},
               {"phentermine", "DHHVAGZRUROJKS-UHFFFAOYSA-N", "C10H15N", NULL},
               {"cathine", "DLNKOYKMWOXYQA-UHFFFAOYSA-N", "C9H13NO", NULL},
               {"Metamfetamine", "AAAAAAAAAAAAAA-UHFFFAOYSA-N", "C11H17N", NULL},
               {"secret one", "EEEEEEEEEEEEEE-UHFFFAOYSA-N", "C6H6", NULL},
               {"dangeryl", "CCCCCCCCCCCCCC-FFFFFFFFSA-N", "C20H20", "fentanyls"},
               {"nobody", "BBBBBBBBBBBBBB-UHFFFAOYSA-N", "C7H8", NULL},
               {"keyless?", "GGGGGGGGGGGGGG-UHFFFAOYSA-N", "C5H5", NULL}};
    uint64_t r = 3;
    nps_builder *b = synth_builder(NULL, NULL);
    for (unsigned i = 0; i < N; i++) {
        s[i] = synth_ei(&r);
        synth_label(s[i], i, i);
        synth_text(s[i], NPS_TEXT_NAME, of[i].name);
        synth_text(s[i], NPS_TEXT_INCHIKEY, of[i].key);
        synth_text(s[i], NPS_TEXT_FORMULA, of[i].formula);
        synth_text(s[i], NPS_TEXT_CLASS, of[i].class_name);
        synth_add(b, s[i]);
    }
    lib = synth_finish(b);
    nps_control_table t[] = {{"conventions.tsv", conventions, strlen(conventions)},
                             {"precursors.tsv", precursors, strlen(precursors)},
                             {"surveillance.tsv", surveillance, strlen(surveillance)},
                             {"class_rules.tsv", rules, strlen(rules)}};
    nps_err err;
    assert_ok(nps_control_new("site", t, 4, &tables, &err), &err);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    for (size_t i = 0; i < N; i++)
        nps_spectrum_free(s[i]);
    nps_library_release(lib);
    nps_control_release(tables);
    return 0;
}

static nps_control_view view_of(const char *day, bool restricted, const char *filter)
{
    nps_control_view v;
    unsigned bits;
    nps_err err = {0};
    assert_true(nps_control_filter_parse(nps_span_of(filter), &bits));
    assert_ok(nps_control_view_init(tables, day, "2026-11-24", restricted, bits, &v, &err), &err);
    return v;
}

static json_t *json_of(const nps_verdict *v)
{
    NPS_AUTO_BUF b = NPS_BUF_INIT(1 << 20);
    nps_jw w = nps_jw_init(&b);
    json_error_t why;
    nps_jw_verdict(&w, NULL, lib, v, &(nps_verdict_json_options){.query = "q", .today = "2026-11-24"});
    json_t *doc = json_loadb(b.data, b.len, JSON_REJECT_DUPLICATES, &why);
    assert_non_null(doc);
    return doc;
}

static const char *text_at(const json_t *doc, const char *key)
{
    const char *t = json_string_value(json_object_get(doc, key));
    assert_non_null(t);
    return t;
}

static void statement(nps_buf *b, const nps_control_view *view, const unsigned *of, size_t n, const char *class_name)
{
    nps_member set[N];
    uint32_t class_id = 0;
    for (size_t i = 0; i < n; i++)
        set[i] = (nps_member){of[i], 0.5};
    for (uint32_t i = 0; class_name && i < lib->n_substance; i++)
        if (strcmp(nps_library_text(lib, lib->sub_class[i]), class_name) == 0)
            class_id = lib->sub_class[i];
    nps_buf_clear(b);
    nps_control_put_statement(b, view, lib, set, n, class_id);
}

#define ASSERT_SAYS(text, part)                                       \
    do {                                                              \
        if (!strstr((text), (part)))                                  \
            fail_msg("'%s' does not say '%s'", (text), (part));        \
    } while (0)

static void a_set_whose_members_differ_says_so(void **state)
{
    (void)state;
    nps_control_view view = view_of(NULL, false, "");
    NPS_AUTO_BUF b = NPS_BUF_INIT(1 << 20);
    statement(&b, &view, (unsigned[]){MET, PHEN}, 2, NULL);
    ASSERT_SAYS(b.data, "The set holds crystal (1971, II) and phentermine (1971, IV, to be confirmed): this measurement does not "
                        "decide which.");
    ASSERT_SAYS(b.data, "Control status on 2026-11-24, tables 'site', digest ");
    ASSERT_SAYS(b.data, "no legal advice.");
    statement(&b, &view, (unsigned[]){MET, NOBODY, NAMESAKE}, 3, NULL);
    ASSERT_SAYS(b.data, "crystal (1971, II) and nobody, Metamfetamine (not in these tables): this measurement");
    statement(&b, &view, (unsigned[]){NOBODY, NAMESAKE}, 2, NULL);
    ASSERT_SAYS(b.data, "The set holds nobody, Metamfetamine (not in these tables). ");
    statement(&b, &view, (unsigned[]){MET}, 1, NULL);
    ASSERT_SAYS(b.data, "crystal: 1971, II. Of the formula C10H15N the tables also list Phentermine (1971, IV, to be confirmed).");
    statement(&b, &view, (unsigned[]){CATH}, 1, NULL);
    ASSERT_SAYS(b.data, "Stereoisomers of one skeleton are listed differently: Cathine (1971, III, to be confirmed), Norephedrine "
                        "(1988, Table I, to be confirmed); neither");
    statement(&b, &view, NULL, 0, "fentanyls");
    ASSERT_SAYS(b.data, "its likeliest class, fentanyls: US (clause <1>), CN (clause 2, to be confirmed); their wording decides");
    statement(&b, &view, (unsigned[]){KEYLESS}, 1, NULL);
    ASSERT_SAYS(b.data, "keyless?: not in these tables by structure, but its formula is, in a row that has no InChIKey.");
}

static void all_three_outputs_tell_it(void **state)
{
    (void)state;
    nps_control_view view = view_of("2018-01-01", false, "");
    nps_member set[2] = {{MET, 0.5}, {PHEN, 0.4}};
    nps_hit hits[2] = {{.entry = MET, .substance = MET}, {.entry = DANGER, .substance = DANGER}};
    nps_analog analogs[1] = {{.entry = DANGER, .substance = DANGER}};
    nps_verdict v = {.outcome = NPS_AMBIGUOUS, .technique = NPS_TECH_EI, .alpha = 0.05, .set = set, .n_set = 2, .hits = hits,
                     .n_hits = 2, .analogs = analogs, .n_analogs = 1, .control = &view};
    json_t *doc = json_of(&v);
    json_t *c = json_object_get(doc, "control");
    assert_true(json_is_true(json_object_get(c, "differs")));
    assert_string_equal(text_at(c, "day"), "2018-01-01");
    assert_string_equal(text_at(c, "tables"), "site");
    assert_string_equal(text_at(c, "digest"), nps_control_digest(tables));
    ASSERT_SAYS(text_at(c, "statement"), "does not decide which");
    json_t *met = json_array_get(json_object_get(json_array_get(json_object_get(doc, "set"), 0), "control"), 0);
    assert_string_equal(text_at(met, "list"), "1971");
    assert_string_equal(text_at(met, "schedule"), "II");
    assert_string_equal(text_at(met, "since"), "1971");
    assert_string_equal(text_at(met, "status_on"), "controlled");
    assert_true(json_is_true(json_object_get(met, "verified")));
    ASSERT_SAYS(text_at(met, "text"), "listed without stereochemistry");
    json_t *danger = json_object_get(json_array_get(json_object_get(doc, "hits"), 1), "control");
    assert_int_equal(json_array_size(danger), 3);
    json_t *row = json_array_get(danger, 0);
    assert_string_equal(text_at(row, "status_on"), "not-yet");
    assert_string_equal(text_at(row, "status_today"), "controlled");
    assert_true(json_is_false(json_object_get(row, "verified"))); /* a recommendation only */
    ASSERT_SAYS(text_at(row, "text"), "not yet controlled on 2018-01-01");
    ASSERT_SAYS(text_at(row, "text"), "listed as another stereoisomer");
    ASSERT_SAYS(text_at(row, "text"), "a recommendation was seen, its adoption is to be confirmed");
    row = json_array_get(danger, 1);
    assert_string_equal(text_at(row, "list"), "class-rule");
    assert_string_equal(text_at(row, "country"), "US");
    assert_string_equal(text_at(row, "status_on"), "not-yet");
    assert_string_equal(text_at(row, "status_today"), "in-force");
    assert_int_equal(json_array_size(json_object_get(json_array_get(json_object_get(doc, "analogs"), 0), "control")), 3);
    json_decref(doc);
    NPS_AUTO_BUF b = NPS_BUF_INIT(1 << 20);
    nps_report_text(&b, lib, &v, "q");
    ASSERT_SAYS(b.data, "control: 1971, II\n");
    ASSERT_SAYS(b.data, "no legal advice.");
    nps_buf_clear(&b);
    view = view_of("2026-01-01", false, "");
    nps_report_html_verdict(&b, lib, &v, s[0], "q", "2026-11-24");
    ASSERT_SAYS(b.data, "<h3>Control status</h3><p>The set holds crystal (1971, II)");
    ASSERT_SAYS(b.data, "<br>Control: 1961, I, to be confirmed; class rules: US, CN (to be confirmed)");
    ASSERT_SAYS(b.data, nps_control_digest(tables));
    v.set = NULL;
    v.n_set = 0;
    nps_class classes[1] = {{lib->sub_class[DANGER], 0.9}};
    v.classes = classes;
    v.n_classes = 1;
    nps_buf_clear(&b);
    nps_report_html_verdict(&b, lib, &v, s[0], "q", "2026-11-24");
    ASSERT_SAYS(b.data, "clause &lt;1&gt;");
    assert_null(strstr(b.data, "clause <1>"));
}

static void a_sample_tells_it_too(void **state)
{
    (void)state;
    nps_control_view view = view_of(NULL, false, "");
    nps_member set[2] = {{MET, 0.5}, {PHEN, 0.4}};
    nps_verdict v = {.outcome = NPS_AMBIGUOUS, .technique = NPS_TECH_EI, .set = set, .n_set = 2, .alpha = 0.05}, *one = &v;
    nps_sample_verdict sample = {.outcome = NPS_AMBIGUOUS, .set = set, .n_set = 2, .alpha = 0.05, .spectra = &one, .n_spectra = 1};
    const nps_spectrum *spectra[1] = {s[0]};
    nps_control_attach(&view, &sample);
    NPS_AUTO_BUF b = NPS_BUF_INIT(1 << 20);
    nps_jw w = nps_jw_init(&b);
    nps_jw_sample_verdict(&w, NULL, lib, &sample, "q", "2026-11-24", spectra, false);
    const char *first = strstr(b.data, "does not decide which");
    assert_non_null(first);
    assert_non_null(strstr(first + 1, "does not decide which")); /* of the spectrum by itself */
    nps_buf_clear(&b);
    nps_report_sample_text(&b, lib, &sample, spectra);
    ASSERT_SAYS(b.data, "(1971, IV, to be confirmed)");
    nps_buf_clear(&b);
    nps_report_html_sample(&b, lib, &sample, spectra, "2026-11-24");
    ASSERT_SAYS(b.data, "<th>Control status</tr>");
}

static void a_name_joins_nothing(void **state)
{
    (void)state;
    nps_control_view view = view_of(NULL, true, "");
    NPS_AUTO_BUF b = NPS_BUF_INIT(1 << 16);
    nps_control_put_cell(&b, &view, lib, NAMESAKE);
    assert_string_equal(b.data, "not in these tables");
    nps_buf_clear(&b);
    nps_control_put_cell(&b, &view, lib, MET);
    assert_string_equal(b.data, "1971, II");
}

static void the_filter_lists_hits_and_leaves_the_set_alone(void **state)
{
    (void)state;
    static const struct {
        const char *filter, *day;
        bool restricted;
        unsigned listed[4];
        size_t n;
    } cases[] = {{"", NULL, false, {MET, CATH, DANGER, NOBODY}, 4},
                 {"controlled", NULL, false, {MET, CATH, DANGER}, 3},
                 {"controlled", "2018-01-01", false, {MET, CATH}, 2},
                 {"precursor", NULL, false, {CATH}, 1},
                 {"class-rule", NULL, false, {DANGER}, 1},
                 {"none", NULL, false, {NOBODY}, 1},
                 {"precursor,none", NULL, false, {CATH, NOBODY}, 2},
                 {"surveillance", NULL, true, {0}, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        nps_control_view view = view_of(cases[i].day, cases[i].restricted, cases[i].filter);
        static const unsigned all[] = {MET, CATH, DANGER, NOBODY};
        nps_hit hits[4] = {0};
        nps_analog analogs[4] = {0};
        for (size_t k = 0; k < 4; k++) {
            hits[k] = (nps_hit){.entry = all[k], .substance = all[k]};
            analogs[k] = (nps_analog){.entry = all[k], .substance = all[k]};
        }
        nps_member set[1] = {{NOBODY, 0.9}};
        nps_verdict v = {.outcome = NPS_IDENTIFIED, .technique = NPS_TECH_EI, .alpha = 0.05, .set = set, .n_set = 1, .hits = hits,
                         .n_hits = 4, .analogs = analogs, .n_analogs = 4, .control = &view};
        json_t *doc = json_of(&v);
        assert_int_equal(json_array_size(json_object_get(doc, "set")), 1);
        const json_t *listed = json_object_get(doc, "hits");
        assert_int_equal(json_array_size(listed), cases[i].n);
        assert_int_equal(json_array_size(json_object_get(doc, "analogs")), cases[i].n);
        for (size_t k = 0; k < cases[i].n; k++)
            assert_int_equal(json_integer_value(json_object_get(json_array_get(listed, k), "entry")), cases[i].listed[k]);
        if (*cases[i].filter)
            assert_int_equal(json_integer_value(json_object_get(json_object_get(doc, "control"), "left_out")), 2 * (4 - cases[i].n));
        json_decref(doc);
    }
    unsigned bits;
    assert_false(nps_control_filter_parse(nps_span_of("controlled,legal"), &bits));
}

static void restricted_rows_are_for_those_who_may_see_them(void **state)
{
    (void)state;
    NPS_AUTO_BUF b = NPS_BUF_INIT(1 << 16);
    nps_control_view open = view_of(NULL, false, "surveillance"), sees = view_of(NULL, true, "surveillance");
    nps_control_put_cell(&b, &open, lib, SECRET);
    assert_string_equal(b.data, "not in these tables");
    assert_false(nps_control_passes(&open, lib, SECRET));
    nps_buf_clear(&b);
    nps_control_put_cell(&b, &sees, lib, SECRET);
    ASSERT_SAYS(b.data, "surveillance, unclear on 2026-11-24, to be confirmed");
    assert_true(nps_control_passes(&sees, lib, SECRET));
    nps_member set[2] = {{SECRET, 0.5}, {NOBODY, 0.4}};
    assert_false(nps_control_set_differs(&open, lib, set, 2));
    assert_true(nps_control_set_differs(&sees, lib, set, 2));
}

/* --- the shipped tables ----------------------------------------------------------------------------------------------------- */

static void shipped_tables_read_and_count(void **state)
{
    (void)state;
    NPS_AUTO_CONTROL c = NULL;
    nps_control_counts n;
    nps_err err = {0};
    assert_ok(nps_control_load(NULL, &c, &err), &err);
    assert_string_equal(nps_control_name(c), "built-in");
    nps_control_count(c, &n);
    assert_int_equal(n.rows[NPS_CONTROL_1961], 65);
    assert_int_equal(n.rows[NPS_CONTROL_1971], 126 + 5); /* five were transferred: two rows each */
    assert_int_equal(n.rows[NPS_CONTROL_1988], 35 + 3);
    assert_int_equal(n.rows[NPS_CONTROL_LOOKED_UP], 11);
    assert_int_equal(n.rows[NPS_CONTROL_SURVEILLANCE], 0); /* restricted: never shipped */
    assert_int_equal(n.joined + n.without_key, 65 + 131 + 38 + 11);
    assert_int_equal(n.formulae_shared, 29);
    assert_int_equal(n.formulae_differing, 11);
}

/* No row that was not seen in a source is told without the words, on any day, and none says "not controlled". */
static void shipped_rows_keep_the_rule_of_words(void **state)
{
    (void)state;
    NPS_AUTO_CONTROL c = NULL;
    nps_err err = {0};
    assert_ok(nps_control_load("", &c, &err), &err);
    nps_control_rows all = nps_control_all(c);
    size_t verified = 0;
    static const struct {
        const char *text;
        uint32_t number;
    } days[] = {{"1950-01-01", 19500101}, {"1986-06-01", 19860601}, {"2019-05-01", 20190501}, {"2026-11-24", 20261124}};
    for (size_t i = 0; i < all.n; i++)
        for (size_t d = 0; d < 4; d++) {
            NPS_AUTO_BUF b = NPS_BUF_INIT(1 << 16);
            nps_control_put_row(&b, days[d].text, days[d].number, all.row[i], all.row[i]->inchikey);
            assert_int_equal(b.failed, NPS_OK);
            bool words = strstr(b.data, "to be confirmed");
            if (words == nps_control_is_verified(all.row[i]))
                fail_msg("%s line %zu: '%s'", all.row[i]->file, all.row[i]->line, b.data);
            assert_null(strstr(b.data, "not controlled"));
            verified += !d && !words;
        }
    assert_int_equal(verified, 23 + 7);
}

/* --- folders and reload ----------------------------------------------------------------------------------------------------- */

static void put_file(const char *folder, const char *name, const char *text)
{
    char path[700];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static void folders_are_read_as_a_whole_or_not_at_all(void **state)
{
    (void)state;
    char folder[600], path[700];
    nps_err err = {0};
    nps_control_slot *slot = NULL;
    bool changed = true;
    snprintf(folder, sizeof folder, "%s/control", nps_temp_dir());
    assert_int_equal(nps_control_slot_open(folder, &slot, &err), NPS_E_IO);
    assert_int_equal(mkdir(folder, 0700), 0);
    assert_int_equal(nps_control_slot_open(folder, &slot, &err), NPS_E_NOT_FOUND);
    assert_null(slot);
    put_file(folder, "conventions.tsv", conventions);
    assert_ok(nps_control_slot_open(folder, &slot, &err), &err);
    NPS_AUTO_CONTROL old = nps_control_slot_acquire(slot);
    assert_string_equal(nps_control_name(old), "control");
    assert_int_equal(nps_control_all(old).n, 5);
    assert_ok(nps_control_slot_reload(slot, &changed, &err), &err);
    assert_false(changed);
    put_file(folder, "conventions.tsv", HEAD "1971\tII\tsoon\t\tX\t\t\tC\t\ts\t\n");
    assert_int_equal(nps_control_slot_reload(slot, &changed, &err), NPS_E_FORMAT);
    assert_int_equal(err.line, 2);
    assert_int_equal(err.offset, sizeof HEAD - 1 + 8);
    ASSERT_SAYS(err.msg, "conventions.tsv: since 'soon'");
    put_file(folder, "conventions.tsv", conventions);
    put_file(folder, "convention.tsv", conventions); /* misspelt: would be missing without a word */
    assert_int_equal(nps_control_slot_reload(slot, &changed, &err), NPS_E_NOT_FOUND);
    ASSERT_SAYS(err.msg, "'convention.tsv' is none of the control tables");
    NPS_AUTO_CONTROL same = nps_control_slot_acquire(slot);
    assert_ptr_equal(same, old);
    snprintf(path, sizeof path, "%s/convention.tsv", folder);
    assert_int_equal(unlink(path), 0);
    put_file(folder, "precursors.tsv", precursors);
    assert_ok(nps_control_slot_reload(slot, &changed, &err), &err);
    assert_true(changed);
    NPS_AUTO_CONTROL now = nps_control_slot_acquire(slot);
    assert_int_equal(nps_control_all(now).n, 6);
    nps_control_slot_close(slot);
    assert_int_equal(nps_control_all(old).n, 5); /* both are held */
}

/* --- GET /v1/control -------------------------------------------------------------------------------------------------------- */

static nps_app app;

static nps_status call(const char *query, bool admin, nps_reply *reply, nps_err *err)
{
    static char text[400];
    static nps_field field[8];
    nps_request req = {.method = "GET", .path = "/v1/control", .query = field, .by = {.roles = admin ? NPS_ROLE_COORDINATOR : 0}};
    snprintf(text, sizeof text, "%s", query);
    nps_reply_init(reply);
    for (char *save = NULL, *p = strtok_r(text, "&", &save); p; p = strtok_r(NULL, "&", &save)) {
        char *value = strchr(p, '=');
        *value = '\0';
        field[req.n_query++] = (nps_field){p, value + 1};
    }
    return nps_api_control(&app, &req, reply, err);
}

static size_t rows_of(const char *query, bool admin)
{
    nps_reply reply;
    nps_err err = {0};
    json_error_t why;
    assert_ok(call(query, admin, &reply, &err), &err);
    json_t *doc = json_loadb(reply.body.data, reply.body.len, 0, &why);
    assert_non_null(doc);
    size_t n = json_array_size(json_object_get(doc, "rows"));
    ASSERT_SAYS(text_at(doc, "statement"), "no legal advice");
    assert_int_equal(strncmp(text_at(doc, "statement"), "Not in these tables", 19) == 0, n == 0);
    json_decref(doc);
    nps_reply_done(&reply);
    return n;
}

static void the_tables_can_be_asked_over_http(void **state)
{
    (void)state;
    char folder[600];
    nps_err err = {0};
    snprintf(folder, sizeof folder, "%s/api", nps_temp_dir());
    assert_int_equal(mkdir(folder, 0700), 0);
    put_file(folder, "conventions.tsv", conventions);
    put_file(folder, "precursors.tsv", precursors);
    put_file(folder, "surveillance.tsv", surveillance);
    put_file(folder, "class_rules.tsv", rules);
    assert_ok(nps_control_slot_open(folder, &app.control, &err), &err);
    assert_int_equal(rows_of("", false), 8);
    assert_int_equal(rows_of("", true), 9);
    assert_int_equal(rows_of("list=surveillance", false), 0);
    assert_int_equal(rows_of("list=surveillance", true), 1);
    assert_int_equal(rows_of("inchikey=EEEEEEEEEEEEEE", false), 0);
    assert_int_equal(rows_of("inchikey=DLNKOYKMWOXYQA-UHFFFAOYSA-N", false), 2);
    assert_int_equal(rows_of("inchikey=DLNKOYKMWOXYQA-UHFFFAOYSA-N&list=1988", false), 1);
    assert_int_equal(rows_of("formula=C10H15N", false), 2);
    assert_int_equal(rows_of("class=fentanyls&country=CN", false), 1);
    assert_int_equal(rows_of("country=CN", false), 1);
    assert_int_equal(rows_of("formula=C99H99", false), 0);
    static const char *const bad[] = {"inchikey=ABC", "list=mine", "country=Germany", "limit=0", "limit=5000", "cursor=7",
                                      "cursor=0000000000000000-3", "date=2026-13-01"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        nps_reply reply;
        assert_int_equal(call(bad[i], false, &reply, &err), NPS_E_RANGE);
        nps_reply_done(&reply);
    }
    /* Page by page: every row once. */
    char next[100] = "limit=3";
    size_t seen = 0, pages = 0;
    while (*next) {
        nps_reply reply;
        json_error_t why;
        assert_ok(call(next, false, &reply, &err), &err);
        json_t *doc = json_loadb(reply.body.data, reply.body.len, 0, &why);
        const char *cursor = json_string_value(json_object_get(doc, "next"));
        seen += json_array_size(json_object_get(doc, "rows"));
        assert_int_equal(reply.n_header, cursor ? 1 : 0);
        if (cursor)
            ASSERT_SAYS(reply.header[0].value, cursor);
        snprintf(next, sizeof next, "%s%s", cursor ? "limit=3&cursor=" : "", cursor ? cursor : "");
        pages++;
        json_decref(doc);
        nps_reply_done(&reply);
    }
    assert_int_equal(seen, 8);
    assert_int_equal(pages, 3);
    nps_control_slot_close(app.control);
}

int main(void)
{
    nps_core_init();
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_set_whose_members_differ_says_so),
                                       cmocka_unit_test(all_three_outputs_tell_it),
                                       cmocka_unit_test(a_sample_tells_it_too),
                                       cmocka_unit_test(a_name_joins_nothing),
                                       cmocka_unit_test(the_filter_lists_hits_and_leaves_the_set_alone),
                                       cmocka_unit_test(restricted_rows_are_for_those_who_may_see_them),
                                       cmocka_unit_test(shipped_tables_read_and_count),
                                       cmocka_unit_test(shipped_rows_keep_the_rule_of_words),
                                       cmocka_unit_test(folders_are_read_as_a_whole_or_not_at_all),
                                       cmocka_unit_test(the_tables_can_be_asked_over_http)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
