// The frame of GRIB2: big-endian numbers, and the sections of a message (WMO Manual on Codes, FM 92 GRIB).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

namespace hens {

inline void put_big_endian(std::vector<std::byte>& bytes, size_t at, uint64_t value, size_t count) {
  for (size_t k = 0; k < count; ++k) bytes[at + k] = static_cast<std::byte>(value >> (8 * (count - 1 - k)));
}

inline void append_big_endian(std::vector<std::byte>& bytes, uint64_t value, size_t count) {
  bytes.resize(bytes.size() + count);
  put_big_endian(bytes, bytes.size() - count, value, count);
}

inline uint64_t big_endian(std::span<const std::byte> bytes, size_t at, size_t count) {
  uint64_t value = 0;
  for (size_t k = 0; k < count; ++k) value = value << 8 | std::to_integer<uint64_t>(bytes[at + k]);
  return value;
}

using GribSections = std::array<std::span<const std::byte>, 8>;  // [number]; 0: the indicator of 16 bytes

// The sections of `message`, each at most once, with 1, 3, 4, 5, 6 and 7 among them; false where it is no such message.
inline bool find_grib_sections(std::span<const std::byte> message, GribSections& sections) {
  constexpr size_t indicator = 16, end = 4, head = 5;
  const auto is_text = [&](size_t at, const char* text) { return std::memcmp(message.data() + at, text, 4) == 0; };
  if (message.size() < indicator + end || !is_text(0, "GRIB") || !is_text(message.size() - end, "7777") ||
      message[7] != std::byte{2} || big_endian(message, 8, 8) != message.size()) {
    return false;
  }
  sections = {};
  sections[0] = message.first(indicator);
  for (size_t at = indicator; at < message.size() - end;) {
    const std::span<const std::byte> rest = message.subspan(at, message.size() - end - at);
    const uint64_t length = rest.size() < head ? 0 : big_endian(rest, 0, 4);
    const auto number = rest.size() < head ? size_t{0} : std::to_integer<size_t>(rest[4]);
    if (length < head || length > rest.size() || number < 1 || number > 7 || !sections[number].empty()) return false;
    sections[number] = rest.first(length);
    at += length;
  }
  for (const size_t number : {1, 3, 4, 5, 6, 7}) {
    if (sections[number].empty()) return false;
  }
  return true;
}

}  // namespace hens
