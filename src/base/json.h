// JSON whose origin is unknown: nested at most 64 deep, so that nothing that walks it can run out of stack, and with
// each key once an object. All JSON that hens reads comes through here; how long a text may be is said where the file
// is read (read_file's limit). Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace hens {

inline constexpr int deepest_json = 64;  // our own files are 8 deep

// `Json`: nlohmann::json or nlohmann::ordered_json. Throws Error{bad_input} "<origin>: is no JSON: <why>".
template <typename Json = nlohmann::json>
Json parse_json(std::string_view text, const std::string& origin);

// None where that would throw.
template <typename Json = nlohmann::json>
std::optional<Json> try_parse_json(std::string_view text);

}  // namespace hens
