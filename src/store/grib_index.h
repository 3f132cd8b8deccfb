// The index beside a GRIB2 file: a line of JSON a message, in their order, as ECMWF's open data has it. Its keys are
// MARS' words: domain, date, time, expver, class, type, stream, step, levtype, levelist (on pressure levels), number,
// param; and _offset, _length of the message in bytes, and (ours) _crc32c of it. Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

namespace hens {

struct GribIndexEntry {
  nlohmann::ordered_json words;  // text each
  uint64_t offset = 0, length = 0;
  uint32_t crc = 0;
};

std::string grib_index_line(const GribIndexEntry& entry);

// Where message number `message` lies, from an index's text; none where that is damaged.
std::optional<GribIndexEntry> find_in_grib_index(std::string_view text, size_t message);

}  // namespace hens
