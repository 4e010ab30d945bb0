/* npswatch admin: what an operator does beside the running service. */
#include "service/auth.h"
#include "service/cli.h"
#include "service/crypt.h"
#include "service/db_url.h"
#include "service/store_backup.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

static const char usage[] =
    "usage: npswatch admin token   --data DIR\n"
    "       npswatch admin backup  --data DIR | --store URL  -o FILE\n"
    "       npswatch admin restore --data DIR | --store URL  FILE\n\n"
    "  token    make a new admin token and show it once; the old one is void at once, also in a\n"
    "           service that is running\n"
    "  backup   write all of the store into one file, also while services use it\n"
    "  restore  fill an empty store from such a file, whichever of the two it came from; no service\n"
    "           may use the store meanwhile\n\n"
    "  --data DIR    the data folder, with the store on SQLite in it\n"
    "  --store URL   a store on PostgreSQL, postgresql://USER@HOST/DATABASE; its password is best kept in\n"
    "                ~/.pgpass or the file that PGPASSFILE names, as other users can see a command line\n";

typedef struct {
    const char *data, *store, *out;
} options;

static int complain(nps_status st, const char *subject, const nps_err *err)
{
    if (st == NPS_OK)
        return NPS_EXIT_DONE;
    nps_cli_complain(subject, err);
    return NPS_EXIT_INPUT;
}

static int token(const char *data)
{
    nps_err err = {0};
    char text[NPS_TOKEN_TEXT];
    nps_status st = nps_auth_create(data, text, &err);
    if (st == NPS_OK)
        printf("%s\n", text);
    nps_secret_wipe(text, sizeof text);
    return complain(st, NULL, &err);
}

static void tell(const char *what, const nps_store_copied *c)
{
    printf("%s: %lld rows of %lld tables, schema version %lld\n", what, (long long)c->rows, (long long)c->tables,
           (long long)c->version);
}

static int backup(const options *o)
{
    nps_err err = {0};
    nps_store_copied c;
    nps_status st = nps_store_backup(o->store ? o->store : o->data, o->out, &c, &err);
    if (st == NPS_OK)
        tell(o->out, &c);
    return complain(st, "backup", &err);
}

static int restore(const options *o, const char *file)
{
    nps_err err = {0};
    nps_store_copied c;
    nps_status st = nps_store_restore(file, o->store ? o->store : o->data, &c, &err);
    if (st == NPS_OK)
        tell("restored", &c);
    return complain(st, file, &err);
}

int nps_cmd_admin(int argc, char **argv)
{
    static const struct option longs[] = {{"help", no_argument, NULL, 'h'},
                                          {"data", required_argument, NULL, 'd'},
                                          {"store", required_argument, NULL, 's'},
                                          {"output", required_argument, NULL, 'o'},
                                          {NULL, 0, NULL, 0}};
    options o = {0};
    opterr = 0;
    for (int c; (c = getopt_long(argc, argv, "ho:", longs, NULL)) != -1;)
        switch (c) {
        case 'h': fputs(usage, stdout); return NPS_EXIT_DONE;
        case 'd': o.data = optarg; break;
        case 's': o.store = optarg; break;
        case 'o': o.out = optarg; break;
        default: return nps_cli_usage("admin", "an option is unknown or lacks its value");
        }
    const char *verb = optind < argc ? argv[optind] : "", *file = optind + 1 < argc ? argv[optind + 1] : NULL;
    int words = argc - optind;
    if (o.store && !nps_db_is_url(o.store))
        return nps_cli_usage("admin", "--store takes a postgresql:// address");
    if (strcmp(verb, "token") == 0 && words == 1 && o.data && !o.store && !o.out)
        return token(o.data);
    if (strcmp(verb, "backup") == 0 && words == 1 && !o.data != !o.store && o.out)
        return backup(&o);
    if (strcmp(verb, "restore") == 0 && words == 2 && !o.data != !o.store && !o.out)
        return restore(&o, file);
    return nps_cli_usage("admin", "takes: token --data DIR; backup --data DIR | --store URL -o FILE; restore --data DIR |"
                                  " --store URL FILE");
}
