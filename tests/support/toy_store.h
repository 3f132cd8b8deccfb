// A small store and fields whose values say where they belong.
#pragma once

#include <fstream>
#include <map>
#include <string>

#include <fmt/format.h>

#include "base/files.h"
#include "store/store.h"

namespace hens::test {

inline std::string name_of(Compression compression) {
  constexpr const char* names[] = {"none", "lz4", "zstd"};
  return names[static_cast<int>(compression)];
}

// Each way in which members can be stored.
struct LayoutCase {
  const char* name;
  StoreFormat format = StoreFormat::zarr;
  OutputLayout layout = OutputLayout::hens;
  bool shard = true;
};
inline constexpr LayoutCase layout_cases[] = {
    {"zarr"},
    {"netcdf", StoreFormat::netcdf},
    {"zarr_without_shards", StoreFormat::zarr, OutputLayout::hens, false},
    {"weatherbench", StoreFormat::zarr, OutputLayout::weatherbench},
    {"weatherbench_without_shards", StoreFormat::zarr, OutputLayout::weatherbench, false},
    {"weatherbench_netcdf", StoreFormat::netcdf, OutputLayout::weatherbench},
    {"cf", StoreFormat::netcdf, OutputLayout::cf},
};

inline StoreLayout toy_layout(StoreFormat format = StoreFormat::zarr, Compression compression = Compression::none) {
  StoreLayout layout;
  layout.format = format;
  layout.compression = compression;
  layout.domain.grid = {{90.0, 0.0, -90.0}, {0.0, 90.0, 180.0, 270.0}};
  layout.variables = {"u10m", "z500"};
  layout.members = 2;
  layout.times = {parse_time("2024-01-01"), parse_time("2024-02-29T12")};
  layout.leads = {model_step * 0, model_step, model_step * 2};
  layout.title = "toy";
  layout.source = "test";
  return layout;
}

inline StoreLayout toy_layout(const LayoutCase& wanted, Compression compression = Compression::none) {
  StoreLayout layout = toy_layout(wanted.format, compression);
  layout.layout = wanted.layout;
  layout.shard = wanted.shard;
  return layout;
}

// Distinct for each point of each field of a store.
inline std::vector<float> toy_field(const StoreLayout& layout, int variable, int time, int member, int lead) {
  std::vector<float> field(layout.domain.size());
  for (size_t k = 0; k < field.size(); ++k) {
    field[k] = static_cast<float>(variable * 1000 + time * 100 + member * 10 + lead) + static_cast<float>(k) / 64.0F;
  }
  return field;
}

inline std::vector<StoredFile> write_member(Store& store, int time, int member) {
  const auto writer = store.member(time, member);
  for (int lead = 0; lead < static_cast<int>(store.layout().leads.size()); ++lead) {
    for (int v = 0; v < static_cast<int>(store.layout().variables.size()); ++v) {
      writer->append(v, lead, toy_field(store.layout(), v, time, member, lead));
    }
  }
  return writer->finish();
}

inline void write_all(Store& store) {
  store.publish_metadata();
  for (int time = 0; time < static_cast<int>(store.layout().times.size()); ++time) {
    for (int member = 0; member < store.layout().members; ++member) write_member(store, time, member);
  }
}

// Every file below `folder`: relative path -> content.
inline std::map<std::string, std::string> contents(const fs::path& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_directory()) continue;
    files[entry.path().lexically_relative(folder).string()] = read_file(entry.path());
  }
  return files;
}

// Writes `bytes` as the file's content, without the care (and the fsync) that a published file gets.
inline void overwrite(const fs::path& path, const std::string& bytes) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << bytes;
}

}  // namespace hens::test
