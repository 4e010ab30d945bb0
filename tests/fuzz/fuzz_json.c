/* Property: what is read is valid by our limits; its texts, written by our writer, read back the same. */
#include "service/json.h"
#include "service/json_read.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    NPS_AUTO(nps_json) doc = NULL;
    NPS_AUTO(nps_json) again = NULL;
    NPS_AUTO_BUF out = NPS_BUF_INIT((size_t)1 << 20);
    nps_err err = {0};
    if (nps_json_read((const char *)data, size, 65536, &doc, &err) != NPS_OK) {
        NPS_ASSERT(*err.msg);
        return 0;
    }
    const char *text = nps_json_text(doc, "title");
    if (!text)
        return 0;
    nps_jw w = nps_jw_init(&out);
    nps_jw_object(&w, NULL);
    nps_jw_str(&w, "title", text);
    nps_jw_end(&w);
    NPS_ASSERT(nps_json_read(out.data, out.len, out.len, &again, &err) == NPS_OK);
    NPS_ASSERT(strcmp(nps_json_text(again, "title"), text) == 0);
    return 0;
}
