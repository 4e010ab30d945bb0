/* npswatch control: what the tables of control status say, and whether tables can be read. */
#include "service/cli.h"
#include "service/control_files.h"
#include "service/control_text.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

static const char usage[] =
    "usage: npswatch control [--control DIR] [--date DAY] INCHIKEY|FORMULA...\n"
    "       npswatch control --check DIR\n\n"
    "  INCHIKEY       or its first block: rows of the substance, whatever its stereochemistry\n"
    "  FORMULA        like C10H15N: listed substances of that formula, isomers of each other\n"
    "  --control DIR  folder of control tables instead of the built-in ones\n"
    "  --date DAY     day of the seizure (default: today)\n"
    "  --check DIR    read the tables of a folder, tell the first fault or what they hold\n\n"
    "What is told is a look-up in tables and no legal advice.\n\n"
    "examples:\n"
    "  npswatch control MYWUZJCMWCOHBA-UHFFFAOYSA-N\n"
    "  npswatch control --date 2013-05-01 C10H15N\n"
    "  npswatch control --check /etc/npswatch/control\n";

static void put_counts(const nps_control *c)
{
    nps_control_counts n;
    nps_control_count(c, &n);
    printf("tables '%s', digest %s\n", nps_control_name(c), nps_control_digest(c));
    for (size_t l = 0; l < NPS_CONTROL_LISTS; l++)
        printf("  %-18s %zu row%s\n", nps_control_list_name((nps_control_list)l), n.rows[l], n.rows[l] == 1 ? "" : "s");
    printf("  %zu rows join a substance by InChIKey, %zu have none and join nothing\n", n.joined, n.without_key);
    printf("  %zu formulae are shared by several listed substances, in %zu of them the status differs\n", n.formulae_shared,
           n.formulae_differing);
    nps_control_rows all = nps_control_all(c);
    for (size_t i = 0; i < all.n; i++)
        if (!*all.row[i]->inchikey && all.row[i]->list != NPS_CONTROL_CLASS_RULE)
            printf("  joins nothing: %s, line %zu: %s\n", all.row[i]->file, all.row[i]->line, all.row[i]->name);
}

static int check(const char *folder)
{
    NPS_AUTO_CONTROL c = NULL;
    nps_err err = {0};
    if (nps_control_load(folder, &c, &err) != NPS_OK) {
        nps_cli_complain(folder, &err);
        return NPS_EXIT_INPUT;
    }
    put_counts(c);
    return NPS_EXIT_DONE;
}

static void put_answer(const nps_control_view *view, const char *what)
{
    nps_span s = nps_span_of(what);
    nps_control_rows rows = nps_control_of_key(view->tables, s);
    bool by_key = rows.n > 0;
    if (!by_key)
        rows = nps_control_of_formula(view->tables, s);
    printf("%s: %s\n", what, rows.n ? "" : "not in these tables");
    for (size_t i = 0; i < rows.n; i++) {
        NPS_AUTO_BUF b = NPS_BUF_INIT((size_t)1 << 16);
        nps_control_put_row(&b, view->day, view->day_number, rows.row[i], by_key ? what : "");
        printf("  %s%s\n", b.data ? b.data : "", *rows.row[i]->inchikey ? "" : "; has no InChIKey and joins nothing");
        printf("      level %c, %s\n", rows.row[i]->level, rows.row[i]->source);
    }
}

int nps_cmd_control(int argc, char **argv)
{
    enum { CONTROL = 1, DATE, CHECK, HELP };
    static const struct option longs[] = {
        {"control", 1, NULL, CONTROL}, {"date", 1, NULL, DATE}, {"check", 1, NULL, CHECK}, {"help", 0, NULL, HELP}, {0}};
    const char *folder = NULL, *date = NULL, *checked = NULL;
    for (int c; (c = getopt_long(argc, argv, "h", longs, NULL)) != -1;)
        switch (c) {
        case CONTROL: folder = optarg; break;
        case DATE: date = optarg; break;
        case CHECK: checked = optarg; break;
        case HELP:
        case 'h': fputs(usage, stdout); return NPS_EXIT_DONE;
        default: return nps_cli_usage("control", "bad option");
        }
    if (checked)
        return optind == argc ? check(checked) : nps_cli_usage("control", "--check takes a folder and nothing else");
    if (optind == argc)
        return nps_cli_usage("control", "no InChIKey and no formula given");
    NPS_AUTO_CONTROL tables = NULL;
    nps_control_view view;
    nps_err err = {0};
    char today[11];
    nps_cli_today(today);
    if (nps_control_load(folder, &tables, &err) != NPS_OK) {
        nps_cli_complain(folder, &err);
        return NPS_EXIT_INPUT;
    }
    if (nps_control_view_init(tables, date, today, true, 0, &view, &err) != NPS_OK)
        return nps_cli_usage("control", "--date: %s", err.msg);
    for (int i = optind; i < argc; i++)
        put_answer(&view, argv[i]);
    printf("Status on %s, tables '%s', digest %.12s. %s\n", view.day, nps_control_name(tables), nps_control_digest(tables),
           nps_control_no_advice);
    return NPS_EXIT_DONE;
}
