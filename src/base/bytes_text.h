// Bytes for people.
#pragma once

#include <cstdint>
#include <string>

namespace hens {

// "0 B", "1.50 KiB", "20.0 GiB": three digits or so.
std::string bytes_text(uint64_t bytes);

}  // namespace hens
