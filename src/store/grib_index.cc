#include "store/grib_index.h"

#include <exception>

namespace hens {

using Json = nlohmann::ordered_json;

std::string grib_index_line(const GribIndexEntry& entry) {
  Json line = entry.words;
  line["_offset"] = entry.offset;
  line["_length"] = entry.length;
  line["_crc32c"] = entry.crc;
  return line.dump() + "\n";
}

std::optional<GribIndexEntry> find_in_grib_index(std::string_view text, size_t message) {
  size_t at = 0;
  for (size_t k = 0; k < message && at != std::string_view::npos; ++k) {
    const size_t end = text.find('\n', at);
    at = end == std::string_view::npos ? end : end + 1;
  }
  if (at == std::string_view::npos || at >= text.size()) return std::nullopt;
  const std::string_view line = text.substr(at, text.find('\n', at) - at);
  const Json json = Json::parse(line, nullptr, false);
  const auto number = [&](const char* key) {
    return json.is_object() && json.contains(key) && json[key].is_number_unsigned() ? json[key].get<uint64_t>() : 0;
  };
  GribIndexEntry entry{json, number("_offset"), number("_length"), static_cast<uint32_t>(number("_crc32c"))};
  if (entry.length == 0) return std::nullopt;
  return entry;
}

}  // namespace hens
