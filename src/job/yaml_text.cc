#include "job/yaml_text.h"

#include <algorithm>
#include <cassert>
#include <string_view>

#include <fmt/format.h>

namespace hens {
namespace {

using Json = nlohmann::ordered_json;

bool all_of(std::string_view text, std::string_view letters) {
  return text.find_first_not_of(letters) == std::string_view::npos;
}

// Words and durations that no reader of YAML takes for a number, a truth value, a date or syntax. Everything else goes
// in quotes, as JSON writes it, which is YAML as well.
bool is_plain(std::string_view text) {
  constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz", digits = "0123456789";
  constexpr std::string_view taken[] = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"};
  if (text.empty() || std::find(std::begin(taken), std::end(taken), text) != std::end(taken)) return false;
  if (digits.find(text[0]) != digits.npos) {
    const std::string_view number = text.substr(0, text.size() - 1);
    return !number.empty() && all_of(number, digits) && std::string_view("dhms").find(text.back()) != digits.npos;
  }
  return (letters.find(text[0]) != letters.npos || text[0] == '/') &&
         all_of(text, "abcdefghijklmnopqrstuvwxyz0123456789_-./");
}

std::string scalar(const Json& json) {
  return json.is_string() && is_plain(json.get<std::string>()) ? json.get<std::string>() : json.dump();
}

std::string flow(const Json& json) {
  if (!json.is_structured()) return scalar(json);
  std::string text;
  for (const auto& [key, value] : json.items()) {
    text += text.empty() ? "" : ", ";
    if (json.is_object()) text += scalar(key) + ": ";
    text += flow(value);
  }
  return json.is_object() ? "{" + text + "}" : "[" + text + "]";
}

bool fits(const std::string& line, size_t indent) { return line.size() + indent <= 100; }

void block(const Json& json, size_t indent, std::string& out);

// What follows `- ` or `key:` at `indent`.
void value_block(const Json& value, size_t indent, std::string& out) {
  const std::string line = flow(value);
  if (!value.is_structured() || value.empty() || (value.is_array() && fits(line, indent))) {
    out += " " + line + "\n";
  } else {
    out += "\n";
    block(value, indent + 2, out);
  }
}

void block(const Json& json, size_t indent, std::string& out) {
  for (const auto& [key, value] : json.items()) {
    out += std::string(indent, ' ');
    if (json.is_object()) {
      out += scalar(key) + ":";
      value_block(value, indent, out);
    } else {
      out += "- " + flow(value) + "\n";
    }
  }
}

}  // namespace

std::string yaml_text(const Json& json) {
  assert(json.is_object());
  std::string out;
  block(json, 0, out);
  return out;
}

}  // namespace hens
