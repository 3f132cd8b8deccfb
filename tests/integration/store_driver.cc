// Writes a small store by WriteQueue, for zarr_readers_test.py, which knows the formula of the values too.
//
//   store_driver FOLDER zarr|netcdf none|lz4|zstd
#include <bit>
#include <cmath>
#include <cstdint>
#include <iostream>
#include <string>

#include "base/error.h"
#include "store/write_queue.h"

namespace hens {
namespace {

StoreLayout layout_of(const std::string& format, const std::string& compression) {
  StoreLayout layout;
  layout.format = format == "netcdf" ? StoreFormat::netcdf : StoreFormat::zarr;
  layout.compression = compression == "lz4"    ? Compression::lz4
                       : compression == "zstd" ? Compression::zstd
                                               : Compression::none;
  layout.domain.grid = equiangular_grid(19, 36);
  layout.variables = {"u10m", "v10m", "z500"};
  layout.members = 3;
  layout.times = {parse_time("2024-01-01"), parse_time("2024-02-28T18")};
  layout.leads = {model_step * 0, model_step, model_step * 2, model_step * 3};
  layout.title = "store_driver: ensemble forecast of 3 members";
  layout.source = "hens, test";
  return layout;
}

// Point k of a field: the float32 whose bits are a multiplicative hash of where it belongs. All kinds of numbers come
// up, NaNs with payloads too; point 0 is always NaN.
std::vector<float> field_of(const StoreLayout& layout, int variable, int time, int member, int lead) {
  std::vector<float> field(layout.domain.size());
  for (size_t k = 0; k < field.size(); ++k) {
    const auto place = static_cast<uint32_t>((((variable * 2 + time) * 3 + member) * 4 + lead) * 1000 + k);
    field[k] = std::bit_cast<float>(k == 0 ? 0x7fc00001U : place * 2654435761U);
  }
  return field;
}

void write_store(const fs::path& folder, const StoreLayout& layout) {
  const auto store = open_store(folder, layout);
  store->publish_metadata();
  WriteQueue queue(2, 8);
  for (int time = 0; time < 2; ++time) {
    for (int member = 0; member < layout.members; ++member) {
      const auto ticket = queue.open(store->member(time, member));
      for (int lead = 0; lead < 4; ++lead) {
        for (int v = 0; v < 3; ++v) queue.append(ticket, v, lead, field_of(layout, v, time, member, lead));
      }
      queue.finish(ticket, [](auto) {});
    }
  }
  queue.drain();
}

}  // namespace
}  // namespace hens

int main(int argc, char** argv) {
  if (argc != 4) {
    std::cerr << "usage: store_driver FOLDER zarr|netcdf none|lz4|zstd\n";
    return 64;
  }
  try {
    hens::write_store(argv[1], hens::layout_of(argv[2], argv[3]));
  } catch (const hens::Error& error) {
    std::cerr << error.what() << '\n';
    return static_cast<int>(error.code());
  }
  return 0;
}
