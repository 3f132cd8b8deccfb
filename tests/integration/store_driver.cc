// Writes a small store by WriteQueue, for zarr_readers_test.py and readers_test.py, which know the formulas of the
// values too.
//
//   store_driver FOLDER zarr|netcdf none|lz4|zstd [KEY=VALUE]...
//   layout=hens|weatherbench|cf  shard=false  keep_bits=N  variables=t2m,z500  values=smooth
#include <bit>
#include <cmath>
#include <cstdint>
#include <iostream>
#include <sstream>
#include <string>

#include "base/error.h"
#include "store/write_queue.h"

namespace hens {
namespace {

struct Options {
  StoreLayout layout;
  bool smooth = false;
};

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> words;
  std::istringstream stream(text);
  for (std::string word; std::getline(stream, word, ',');) words.push_back(word);
  return words;
}

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

Options options_of(int argc, char** argv) {
  Options options{layout_of(argv[2], argv[3])};
  int bits = mantissa_bits;
  for (int k = 4; k < argc; ++k) {
    const std::string text = argv[k];
    const size_t equals = text.find('=');
    const std::string key = text.substr(0, equals), value = text.substr(equals + 1);
    if (key == "layout" && value == "weatherbench") options.layout.layout = OutputLayout::weatherbench;
    if (key == "layout" && value == "cf") options.layout.layout = OutputLayout::cf;
    if (key == "shard") options.layout.shard = value != "false";
    if (key == "variables") options.layout.variables = split(value);
    if (key == "values") options.smooth = value == "smooth";
    if (key == "keep_bits") bits = std::stoi(value);
  }
  if (bits < mantissa_bits) options.layout.keep_bits.assign(options.layout.variables.size(), bits);
  return options;
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

// Values that float32 holds exactly, and classic tools can average.
std::vector<float> smooth_field_of(const StoreLayout& layout, int variable, int time, int member, int lead) {
  std::vector<float> field(layout.domain.size());
  for (size_t k = 0; k < field.size(); ++k) {
    field[k] = static_cast<float>(200 + variable * 10 + time * 5 + member) + static_cast<float>(lead) / 4.0F +
               static_cast<float>(k) / 1024.0F;
  }
  return field;
}

void write_store(const fs::path& folder, const Options& options) {
  const StoreLayout& layout = options.layout;
  const auto field = options.smooth ? smooth_field_of : field_of;
  const auto store = open_store(folder, layout);
  store->publish_metadata();
  WriteQueue queue(2, 8);
  for (int time = 0; time < 2; ++time) {
    for (int member = 0; member < layout.members; ++member) {
      const auto ticket = queue.open(store->member(time, member));
      for (int lead = 0; lead < 4; ++lead) {
        for (int v = 0; v < static_cast<int>(layout.variables.size()); ++v) {
          queue.append(ticket, v, lead, field(layout, v, time, member, lead));
        }
      }
      queue.finish(ticket, [](auto) {});
    }
  }
  queue.drain();
}

}  // namespace
}  // namespace hens

int main(int argc, char** argv) {
  if (argc < 4) {
    std::cerr << "usage: store_driver FOLDER zarr|netcdf none|lz4|zstd [KEY=VALUE]...\n";
    return 64;
  }
  try {
    hens::write_store(argv[1], hens::options_of(argc, argv));
  } catch (const hens::Error& error) {
    std::cerr << error.what() << '\n';
    return static_cast<int>(error.code());
  }
  return 0;
}
