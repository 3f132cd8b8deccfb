#include "store/grib_output.h"

#include <fmt/format.h>

#include "store/grib_bytes.h"
#include "store/grib_index.h"

namespace hens {
namespace {

using Json = nlohmann::ordered_json;

int64_t hours(Duration duration) { return duration / std::chrono::hours(1); }

// The whole circle of longitudes, from pole to pole.
bool is_globe(const LatLonGrid& grid) {
  const bool circle = grid.nlon() > 1 && (grid.lon[1] - grid.lon[0]) * grid.nlon() > 359.999;
  return circle && grid.lat.front() == 90.0 && grid.lat.back() == -90.0;
}

// em, es, ep, pb are MARS'; it has no word for extremes of an ensemble.
std::string type_of(const GribProduct& product) {
  if (product.member) return product.member->perturbed ? "pf" : "cf";
  if (product.probability) return "ep";
  if (product.quantile) return "pb";
  switch (product.derived.value().what) {
    case 0:
      return "em";
    case 4:
      return "es";
    case 8:
      return "emn";
    default:
      return "emx";
  }
}

std::string step_of(const GribProduct& product) {
  if (!product.window) return fmt::format("{}", hours(product.lead));
  return fmt::format("{}-{}", hours(product.lead - product.window->length), hours(product.lead));
}

}  // namespace

std::vector<std::byte> grib_message(const GribHeaders& headers, const GribProduct& product, const GribPacking& packing,
                                    std::span<const float> field) {
  std::vector<std::byte> message = headers.header(product);
  pack_grib_field(field, packing, message);
  for (int k = 0; k < 4; ++k) message.push_back(std::byte{'7'});
  put_big_endian(message, 8, message.size(), 8);
  return message;
}

Json grib_index_words(const LatLonGrid& grid, const GribProduct& product) {
  const GribParameter& parameter = product.parameter;
  const std::string iso = iso_time(product.time);  // 2024-01-01T00:00:00Z
  Json words{{"domain", is_globe(grid) ? "g" : "l"},
             {"date", iso.substr(0, 4) + iso.substr(5, 2) + iso.substr(8, 2)},
             {"time", iso.substr(11, 2) + iso.substr(14, 2)},
             {"expver", "0001"},
             {"class", "ai"},
             {"type", type_of(product)},
             {"stream", "enfo"},
             {"step", step_of(product)},
             {"levtype", parameter.on_pressure_level() ? "pl" : "sfc"}};
  if (parameter.on_pressure_level()) words["levelist"] = fmt::format("{}", *parameter.first.value / 100);
  if (product.member) words["number"] = fmt::format("{}", product.member->number);
  if (product.quantile) words["quantile"] = fmt::format("{}:{}", product.quantile->value, product.quantile->of);
  if (product.probability) words["threshold"] = fmt::format("{}", product.probability->limit);
  words["param"] = parameter.short_name;
  return words;
}

GribOutput::GribOutput(const fs::path& folder, std::string name)
    : folder_(folder), name_(std::move(name)), file_(folder / (name_ + ".grib2")) {}

void GribOutput::append(std::span<const std::byte> message, Json words) {
  index_ += grib_index_line({std::move(words), file_.size(), message.size(), crc32c(message)});
  digest_.update(message);
  file_.write(message);
}

void GribOutput::publish(std::vector<StoredFile>& stored) {
  publish_file(folder_ / (name_ + ".index"), index_);
  file_.publish();
  stored.push_back({name_ + ".grib2", file_.size(), digest_.hex()});
  stored.push_back({name_ + ".index", index_.size(), sha256_hex(index_)});
}

}  // namespace hens
