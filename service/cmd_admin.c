/* npswatch admin: what an operator does beside the running service. */
#include "service/auth.h"
#include "service/cli.h"
#include "service/crypt.h"

#include <stdio.h>
#include <string.h>

static const char usage[] = "usage: npswatch admin token --data DIR\n\n"
                            "  token    make a new admin token and show it once; the old one is void at once, also in a\n"
                            "           service that is running\n";

int nps_cmd_admin(int argc, char **argv)
{
    nps_err err = {0};
    char token[NPS_TOKEN_TEXT];
    if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        fputs(usage, stdout);
        return NPS_EXIT_DONE;
    }
    if (argc != 4 || strcmp(argv[1], "token") != 0 || strcmp(argv[2], "--data") != 0)
        return nps_cli_usage("admin", "takes: token --data DIR");
    if (nps_auth_create(argv[3], token, &err) != NPS_OK) {
        nps_cli_complain(NULL, &err);
        return NPS_EXIT_INPUT;
    }
    printf("%s\n", token);
    nps_secret_wipe(token, sizeof token);
    return NPS_EXIT_DONE;
}
