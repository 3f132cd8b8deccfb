// JSON as YAML for people: block mappings, short lists on one line, quotes only where YAML needs them.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

namespace hens {

// YAML 1.2 text of `json`, an object, ending in a line break. hens reads it back as the same values; other readers do
// as well, since what YAML 1.1 would take for something else (no, 1:30, 010) is quoted.
std::string yaml_text(const nlohmann::ordered_json& json);

}  // namespace hens
