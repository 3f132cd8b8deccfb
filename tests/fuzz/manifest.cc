// run.json, and what is said of it again.
#include "run/manifest.h"

#include "fuzz/sealed.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace hens;
  fuzz::read_record("run.json", data, size,
                    [](const fs::path& path) { manifest_text(read_manifest(path.parent_path())); });
  return 0;
}
