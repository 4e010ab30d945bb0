/* npswatch admin: what an operator does on the machine itself. */
#include "service/auth.h"
#include "service/cli.h"
#include "service/clock.h"
#include "service/crypt.h"
#include "service/folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char usage[] = "usage: npswatch admin token --data DIR [--login NAME]\n\n"
                            "  token    make a new token of a member (admin when left out) and show it once; for a service that is\n"
                            "           stopped: one that runs makes them by POST /v1/members/{id}/tokens\n";

static nps_status make_token(nps_store *s, const char *login, nps_err *err)
{
    nps_accounts list;
    char id[NPS_ACCOUNT_ID], token[NPS_TOKEN_TEXT];
    const nps_actor by = {.member = "", .organisation = "", .now_ms = nps_clock_wall_ms()};
    const int64_t year_ms = (int64_t)365 * 86400000;
    nps_status st = nps_store_members(s, "", &list, err);
    if (st != NPS_OK)
        return st;
    const nps_account *m = NULL;
    for (size_t i = 0; i < list.n; i++)
        if (strcmp(list.item[i].login, login) == 0)
            m = &list.item[i];
    st = m ? nps_auth_token_make(s, &by, m->id, "made on the machine", NPS_SCOPES_ALL, by.now_ms + year_ms, id, token, err)
           : nps_fail(err, NPS_E_NOT_FOUND, "no member has the login '%s'", nps_quote(login, strlen(login)).s);
    free(list.item);
    if (st != NPS_OK)
        return st;
    printf("%s\n", token);
    nps_secret_wipe(token, sizeof token);
    return NPS_OK;
}

int nps_cmd_admin(int argc, char **argv)
{
    nps_err err = {0};
    nps_store *s = NULL;
    const char *data = NULL, *login = "admin";
    int lock = -1;
    if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        fputs(usage, stdout);
        return NPS_EXIT_DONE;
    }
    if (argc < 2 || strcmp(argv[1], "token") != 0)
        return nps_cli_usage("admin", "takes: token --data DIR");
    for (int i = 2; i < argc; i += 2) {
        const char **to = strcmp(argv[i], "--data") == 0 ? &data : strcmp(argv[i], "--login") == 0 ? &login : NULL;
        if (!to || i + 1 == argc)
            return nps_cli_usage("admin", "'%s' is no option with a value", argv[i]);
        *to = argv[i + 1];
    }
    if (!data)
        return nps_cli_usage("admin", "no --data folder is given");
    nps_status st = nps_folder_take(data, &lock, &err);
    if (st == NPS_OK)
        st = nps_store_open(data, &s, &err);
    if (st == NPS_OK)
        st = make_token(s, login, &err);
    nps_store_close(s);
    if (lock >= 0)
        close(lock);
    if (st != NPS_OK)
        nps_cli_complain(NULL, &err);
    return st == NPS_OK ? NPS_EXIT_DONE : NPS_EXIT_INPUT;
}
