// The index beside a GFS file, and which of its records make channels.
#include "source/gfs_index.h"

#include "fuzz/target.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace hens;
  fuzz::value_or_error([&] {
    const auto records = parse_gfs_index(fuzz::text(data, size), "a.idx");
    for (const char* channel : {"t2m", "z500", "q500", "tcwv"}) {
      fuzz::value_or_error([&] { pick_gfs_records(records, {channel}, parse_time("2024-01-01"), "a.idx"); });
    }
  });
  return 0;
}
