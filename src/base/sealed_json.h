// Sealed JSON: a record of ours (manifest, marker, attempt) whose last key is the digest of all others, so that no
// damage passes unnoticed. Pure but for reading the file.
#pragma once

#include <filesystem>
#include <string>

#include <nlohmann/json.hpp>

namespace hens {

// The text of `json` with "digest" as its last key, one line a value.
std::string sealed_text(nlohmann::ordered_json json);

// The content of a sealed file without its digest. The digest speaks of the content; the bytes have to be the sealed
// ones, too: white space that went missing is damage. Throws Error{bad_input} naming `path` where it is damaged or
// larger than `limit` bytes; as read_file where it is not there.
nlohmann::ordered_json read_sealed(const std::filesystem::path& path, uint64_t limit);

}  // namespace hens
