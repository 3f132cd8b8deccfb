// What a file is by its first bytes, for the message that says why it cannot be read as something else. Pure functions.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>

namespace hens {

inline constexpr size_t file_kind_bytes = 512;  // as many first bytes are looked at

// "; it is a ZIP archive: unzip it and name the file inside", to be put behind a message; empty for what is not known.
std::string file_kind_hint(std::span<const std::byte> first_bytes);
// The same of a file; empty where it cannot be read, or where it is what was expected by its first bytes (a hint that
// has the word `expected`): then something behind them is wrong.
std::string file_kind_hint(const std::filesystem::path& path, const char* expected = nullptr);

}  // namespace hens
