// benchmark_results.json of other machines, as `hens compare` reads it.
#include "report/benchmark_json.h"

#include "fuzz/target.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace hens;
  const fs::path path = fuzz::folder().put("benchmark_results.json", data, size);
  fuzz::value_or_error([&] { read_benchmark_file(path); });
  return 0;
}
