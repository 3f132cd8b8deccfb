#include "scores/extreme_store.h"

#include <algorithm>

#include "base/checksum.h"
#include "grid/channels.h"

namespace hens {
namespace {

struct Kind {
  const char* suffix;
  const char* long_name;
};
constexpr Kind kinds[] = {{"efi", "extreme forecast index of {}"},
                          {"sot90", "shift of the upper tail (0.9 beside 0.99) of {}"},
                          {"sot10", "shift of the lower tail (0.1 beside 0.01) of {}"}};

NetcdfLayout netcdf_layout(const ExtremeLayout& layout) {
  StoreLayout common;
  common.domain.grid = layout.grid, common.leads = layout.leads;
  NetcdfLayout made{.coordinates = coordinates(common, {}, layout.times), .deflate = true};
  made.coordinates.erase(made.coordinates.begin());  // no dimension `ensemble`
  for (const std::string& variable : layout.variables) {
    for (const Kind& kind : kinds) {
      FieldArray& field = made.fields.emplace_back();
      field.name = fmt::format("{}_{}", variable, kind.suffix);
      field.dimensions = {"time", "lead_time", "lat", "lon"};
      field.shape = {layout.times.size(), layout.leads.size(), layout.grid.lat.size(), layout.grid.lon.size()};
      field.attributes = {{"long_name", fmt::format(fmt::runtime(kind.long_name), channel_info(variable).long_name)},
                          {"units", "1"},
                          {"coordinates", "valid_time"}};
    }
  }
  made.attributes = {{"Conventions", "CF-1.11"}, {"title", layout.title}, {"source", "hens"}};
  return made;
}

template <typename T>
size_t position(const std::vector<T>& all, const T& one) {
  return static_cast<size_t>(std::ranges::find(all, one) - all.begin());
}

}  // namespace

ExtremeStore::ExtremeStore(fs::path path, const ExtremeLayout& layout)
    : path_(std::move(path)), layout_(layout), output_(path_, netcdf_layout(layout)) {}

void ExtremeStore::put(const std::string& variable, Duration lead, size_t time, const ExtremeFields& fields) {
  const int first = static_cast<int>(position(layout_.variables, variable) * std::size(kinds));
  const std::vector<size_t> place{time, position(layout_.leads, lead)};
  int k = first;
  for (const std::vector<float>* field : {&fields.efi, &fields.sot90, &fields.sot10}) {
    output_.put(k++, place, std::span<const float>(*field));
  }
}

StoredFile ExtremeStore::publish() {
  PendingFile file(path_);
  Sha256 digest;
  output_.close([&](std::span<const std::byte> piece) {
    digest.update(piece);
    file.write(piece);
  });
  file.publish();
  return {path_.filename().string(), file.size(), digest.hex()};
}

}  // namespace hens
