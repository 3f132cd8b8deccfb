// Members' files of tracks, and what is made of them on the grid.
#include "fuzz/target.h"
#include "tracks/member_file.h"
#include "tracks/strike.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace hens;
  fuzz::value_or_error([&] {
    const std::vector<Track> tracks = parse_member_file(fuzz::text(data, size), "tracks.csv");
    StrikeCounter counter(equiangular_grid(19, 36), 300.0);
    counter.add(tracks);
  });
  return 0;
}
