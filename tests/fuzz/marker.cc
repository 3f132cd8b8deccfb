// Completion markers.
#include "run/marker.h"

#include "fuzz/sealed.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace hens;
  fuzz::read_record("marker.json", data, size, [](const fs::path& path) { read_marker(path); });
  return 0;
}
