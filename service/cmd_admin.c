/* npswatch admin: what an operator does on the machine itself. */
#include "service/audit.h"
#include "service/auth.h"
#include "service/cli.h"
#include "service/clock.h"
#include "service/crypt.h"
#include "service/db_url.h"
#include "service/folder.h"
#include "service/store_backup.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char usage[] =
    "usage: npswatch admin token        --data DIR | --store URL  [--login NAME]\n"
    "       npswatch admin backup       --data DIR | --store URL  -o FILE\n"
    "       npswatch admin restore      --data DIR | --store URL  FILE\n"
    "       npswatch admin verify-audit --data DIR | --store URL  [--key KEY] [CHECKPOINT...]\n\n"
    "  token         make a new token of a member (admin when no --login is given) and show it once; in a\n"
    "                data folder that no service uses: one that runs makes them by POST /v1/members/{id}/tokens\n"
    "  backup        write all of the store into one file, also while services use it\n"
    "  restore       fill an empty store from such a file, whichever of the two it came from; no service\n"
    "                may use the store meanwhile\n"
    "  verify-audit  prove that no record of the audit log was changed, dropped or cut off: against its own tree,\n"
    "                every checkpoint that it holds, and those in the files given (GET /v1/audit/checkpoint)\n\n"
    "  --data DIR    the data folder, with the store on SQLite in it\n"
    "  --store URL   a store on PostgreSQL, postgresql://USER@HOST/DATABASE; its password is best kept in\n"
    "                ~/.pgpass or the file that PGPASSFILE names, as other users can see a command line\n"
    "  --key KEY     public key of the log, as GET /v1/audit/key shows it; left out, signatures are not looked at\n";

typedef struct {
    const char *data, *store, *out, *login, *key;
} options;

static int complain(nps_status st, const char *subject, const nps_err *err)
{
    if (st == NPS_OK)
        return NPS_EXIT_DONE;
    nps_cli_complain(subject, err);
    return NPS_EXIT_INPUT;
}

static nps_status make_token(nps_store *s, const char *login, nps_err *err)
{
    nps_accounts list;
    char id[NPS_ACCOUNT_ID], text[NPS_TOKEN_TEXT];
    const nps_actor by = {.member = "", .organisation = "", .now_ms = nps_clock_wall_ms()};
    const int64_t year_ms = (int64_t)365 * 86400000;
    nps_status st = nps_store_members(s, "", &list, err);
    if (st != NPS_OK)
        return st;
    const nps_account *m = NULL;
    for (size_t i = 0; i < list.n; i++)
        if (strcmp(list.item[i].login, login) == 0)
            m = &list.item[i];
    st = m ? nps_auth_token_make(s, &by, m->id, "made on the machine", NPS_SCOPES_ALL, by.now_ms + year_ms, id, text, err)
           : nps_fail(err, NPS_E_NOT_FOUND, "no member has the login '%s'", nps_quote(login, strlen(login)).s);
    free(list.item);
    if (st != NPS_OK)
        return st;
    printf("%s\n", text);
    nps_secret_wipe(text, sizeof text);
    return NPS_OK;
}

static int token(const options *o)
{
    nps_err err = {0};
    nps_store *s = NULL;
    int lock = -1;
    /* A store on SQLite has one writer. */
    nps_status st = o->store ? NPS_OK : nps_folder_take(o->data, &lock, &err);
    if (st == NPS_OK)
        st = nps_store_open(o->store ? o->store : o->data, &s, &err);
    if (st == NPS_OK)
        st = make_token(s, o->login ? o->login : "admin", &err);
    nps_store_close(s);
    if (lock >= 0)
        close(lock);
    return complain(st, NULL, &err);
}

static int verify_audit(const options *o, char **file, int n_file)
{
    nps_err err = {0};
    nps_audit_verified v = {0};
    nps_status st = nps_audit_verify(o->store ? o->store : o->data, o->key, (const char *const *)file, (size_t)n_file, &v, &err);
    if (st == NPS_OK)
        printf("audit log: %lld records whole, %lld checkpoints hold%s\nroot %s\n", (long long)v.records, (long long)v.checkpoints,
               o->key ? ", signatures too" : "; signatures not looked at (no --key)", v.root);
    return complain(st, "verify-audit", &err);
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
                                          {"login", required_argument, NULL, 'l'},
                                          {"key", required_argument, NULL, 'k'},
                                          {NULL, 0, NULL, 0}};
    options o = {0};
    opterr = 0;
    for (int c; (c = getopt_long(argc, argv, "ho:", longs, NULL)) != -1;)
        switch (c) {
        case 'h': fputs(usage, stdout); return NPS_EXIT_DONE;
        case 'd': o.data = optarg; break;
        case 's': o.store = optarg; break;
        case 'o': o.out = optarg; break;
        case 'l': o.login = optarg; break;
        case 'k': o.key = optarg; break;
        default: return nps_cli_usage("admin", "an option is unknown or lacks its value");
        }
    const char *verb = optind < argc ? argv[optind] : "", *file = optind + 1 < argc ? argv[optind + 1] : NULL;
    int words = argc - optind;
    if (o.store && !nps_db_is_url(o.store))
        return nps_cli_usage("admin", "--store takes a postgresql:// address");
    if (strcmp(verb, "token") == 0 && words == 1 && !o.data != !o.store && !o.out)
        return token(&o);
    if (strcmp(verb, "verify-audit") == 0 && words >= 1 && !o.data != !o.store && !o.out)
        return verify_audit(&o, argv + optind + 1, words - 1);
    if (strcmp(verb, "backup") == 0 && words == 1 && !o.data != !o.store && o.out)
        return backup(&o);
    if (strcmp(verb, "restore") == 0 && words == 2 && !o.data != !o.store && !o.out)
        return restore(&o, file);
    return nps_cli_usage("admin", "takes token, backup, restore or verify-audit, with --data DIR or --store URL");
}
