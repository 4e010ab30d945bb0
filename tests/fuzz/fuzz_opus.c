#include "tests/fuzz/reader_property.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_reader(&nps_format_opus, data, size);
    return 0;
}
