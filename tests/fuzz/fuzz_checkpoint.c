/* Properties: a checkpoint that is taken writes the text that was read; a fault has its place; nothing verifies by chance. */
#include "service/checkpoint.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t nobody[NPS_SIGN_PUBLIC] = {1, 2, 3};
    nps_note note;
    nps_checkpoint c;
    nps_note_key key;
    nps_err err = {0};
    if (nps_note_key_parse((const char *)data, size, &key, &err) == NPS_OK) {
        NPS_AUTO_BUF again = NPS_BUF_INIT(512);
        nps_note_key_put(&key, &again);
        NPS_ASSERT(again.len == size && memcmp(again.data, data, size) == 0);
    }
    if (nps_checkpoint_parse((const char *)data, size, &note, &c, &err) != NPS_OK) {
        NPS_ASSERT(err.line >= 1 && err.offset <= size && *err.msg);
        return 0;
    }
    NPS_AUTO_BUF text = NPS_BUF_INIT(size + 64);
    NPS_ASSERT(nps_checkpoint_put(&c, &text, &err) == NPS_OK);
    NPS_ASSERT(text.len == note.text.n && memcmp(text.data, note.text.p, text.len) == 0);
    nps_note_key_make("fuzz.example", nobody, &key);
    NPS_ASSERT(note.n_signature >= 1 && nps_note_verify(&note, &key, NULL) != NPS_OK);
    return 0;
}
