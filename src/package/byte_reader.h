// Little-endian numbers at checked places of a byte span, and text from untrusted files in messages.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <type_traits>

namespace hens {

// Bytes [offset, offset + size) of `bytes`, or nothing where they are not all there; never overflows.
inline std::optional<std::span<const std::byte>> slice(std::span<const std::byte> bytes, uint64_t offset,
                                                       uint64_t size) {
  if (offset > bytes.size() || size > bytes.size() - offset) return std::nullopt;
  return bytes.subspan(offset, size);
}

// The little-endian number at `offset`. Requires that the caller has checked its bytes to be there.
template <typename T>
T load(std::span<const std::byte> bytes, uint64_t offset) {
  static_assert(std::is_integral_v<T>);
  T value;
  std::memcpy(&value, bytes.subspan(offset, sizeof(T)).data(), sizeof(T));
  return value;
}

// `text` with every byte that is not printable ASCII replaced by '?': names in damaged or hostile files hold anything.
inline std::string printable(std::string text) {
  for (char& c : text) {
    if (c < ' ' || c > '~') c = '?';
  }
  return text;
}

}  // namespace hens
