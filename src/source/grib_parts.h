// Fields of one GRIB 2 message: a message may hold several, as sections 2 to 7, 3 to 7 or 4 to 7 repeated (WMO Manual
// on Codes, FM 92 GRIB, regulation 92.1.4: u and v of NCEP's files, say). Readers of one field a message see the first
// only.
//
// Pure functions on framing alone, without ecCodes; the bytes are untrusted.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace hens {

// One field as a message of its own.
struct GribPart {
  int number = 0;  // from 1; 0: the message holds this field alone
  std::span<const std::byte> bytes;
  std::shared_ptr<const std::vector<std::byte>> made;  // what `bytes` looks at, unless that is the message itself
};

// The fields of `message` (one of split_grib_messages), in their order. A bitmap that a field shares with one before it
// is copied into it. Throws Error{bad_input} naming `origin` where sections do not fit the message.
std::vector<GribPart> split_grib_fields(std::span<const std::byte> message, const std::string& origin);

}  // namespace hens
