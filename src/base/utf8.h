// UTF-8, as JSON and YAML want it. Pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace hens {

// Bytes of the character at the front of `text`; 0 where none is there (RFC 3629: no overlong forms, no surrogates).
size_t utf8_length(std::string_view text);

bool is_utf8(std::string_view text);

// For messages: bytes that are no part of a character as \xe9.
std::string shown_bytes(std::string_view text);

}  // namespace hens
