/* Property: a configuration that is taken prints as a file that gives the same. */
#include "service/config.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    nps_config a, b;
    nps_err err = {0};
    NPS_AUTO_BUF one = NPS_BUF_INIT(65536);
    NPS_AUTO_BUF two = NPS_BUF_INIT(65536);
    nps_config_init(&a);
    if (nps_config_parse(&a, (const char *)data, size, &err) != NPS_OK) {
        NPS_ASSERT(err.line >= 1 && err.offset <= size && *err.msg);
        return 0;
    }
    if (nps_config_settle(&a, &err) != NPS_OK)
        return 0;
    nps_config_print(&a, &one);
    nps_config_init(&b);
    NPS_ASSERT(nps_config_parse(&b, one.data, one.len, &err) == NPS_OK);
    NPS_ASSERT(nps_config_settle(&b, &err) == NPS_OK);
    nps_config_print(&b, &two);
    NPS_ASSERT(strcmp(one.data, two.data) == 0);
    return 0;
}
