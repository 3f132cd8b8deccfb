// Records of attempts, and what is said of them again.
#include "fuzz/sealed.h"
#include "run/manifest.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace hens;
  fuzz::read_record("attempt.json", data, size, [](const fs::path& path) { attempt_text(read_attempt(path)); });
  return 0;
}
