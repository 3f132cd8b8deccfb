// config.json of a package.
#include "fuzz/target.h"
#include "package/config_reader.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace hens;
  fuzz::value_or_error([&] { parse_config("config.json", fuzz::text(data, size)); });
  return 0;
}
