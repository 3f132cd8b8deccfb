// GRIB messages, editions 1 and 2: found in a file, named in our vocabulary by their content, and decoded.
//
// The one place that reads with ecCodes (store/grib_header.cc writes with it), under base/eccodes_lock.h: all functions
// are thread-safe, and decoding is serial. Messages are
// untrusted: their framing and sizes are checked before ecCodes sees them and before memory is taken.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "base/time.h"

namespace hens {

// What a message says it holds.
struct GribLabel {
  std::string field;  // a channel (t2m, u500, r850), or gh500: geopotential height in gpm; empty for anything else
  std::string text;   // as ecCodes names it: "gh, isobaricInhPa 500", for error messages
  Time reference_time{}, valid_time{};
  long member = 0;         // perturbation number of an ensemble forecast, else 0
  bool perturbed = false;  // a member that is no control: any with a number but 0, and 0 where it says so
  // Why this is no state of the atmosphere at one moment, as "average over 0-6", "ensemble spread", "percentile"; empty
  // where it is one.
  std::string aside;
};

struct GribField {
  GribLabel label;
  std::vector<double> lat, lon;  // degrees, as the message scans: any direction, longitudes may start at -180 or 180
  std::vector<double> values;    // [lat, lon], NaN where the message's bitmap says missing
};

// The messages of `bytes`, each whole. Bytes between messages are passed over. Throws Error{bad_input} naming `origin`
// and the byte offset of a message that is cut short or has no end mark, or where there is no message at all.
std::vector<std::span<const std::byte>> split_grib_messages(std::span<const std::byte> bytes,
                                                            const std::string& origin);

// Throws Error{bad_input} naming `origin` unless `bytes` are one whole GRIB message by their frame.
void check_grib_message(std::span<const std::byte> bytes, const std::string& origin);

// Reads the headers of one message, of its first field. Throws Error{bad_input} naming `origin` where it is not one
// whole GRIB message.
GribLabel read_grib_label(std::span<const std::byte> message, const std::string& origin);

// Decodes one message on a regular latitude-longitude grid, whatever its packing and scanning mode. Throws
// Error{bad_input} naming `origin` where it cannot be decoded or lies on another kind of grid.
GribField decode_grib(std::span<const std::byte> message, const std::string& origin);

}  // namespace hens
