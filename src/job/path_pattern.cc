#include "job/path_pattern.h"

#include <cctype>
#include <string_view>
#include <system_error>

#include "base/files.h"

namespace hens {
namespace {

bool is_one_of(char c, std::string_view choices) { return c != '\0' && choices.find(c) != choices.npos; }

// The length of the field that begins at `text`, as %Y or glibc's %-d; 0 where that is none. In a URL %A3 is a byte,
// while %d3 is a day with a 3 behind it.
size_t field_length(std::string_view text, bool in_url) {
  const auto at = [&](size_t k) { return k < text.size() ? text[k] : '\0'; };
  const bool is_byte =
      std::isxdigit(static_cast<unsigned char>(at(1))) && std::isxdigit(static_cast<unsigned char>(at(2)));
  if (in_url && is_byte && !is_one_of(at(1), "de")) return 0;
  const size_t letter = is_one_of(at(1), "-_") ? 2 : 1;
  return is_one_of(at(letter), "YymdejHIklMSsbBhaApFT") ? letter + 1 : 0;
}

// The file whose name `pattern` is, with `%%` for its percent signs or without; empty where there is none.
std::string literal_file(const std::string& pattern) {
  std::error_code none;
  if (fs::exists(pattern, none)) return pattern;
  std::string name = pattern;
  for (size_t at = name.find("%%"); at != name.npos; at = name.find("%%", at + 1)) name.erase(at, 1);
  return fs::exists(name, none) ? name : "";
}

}  // namespace

std::string filled_path(const std::string& pattern, Time time) {
  const bool in_url = pattern.find("://") != std::string::npos;
  if (pattern.find('%') == std::string::npos) return pattern;
  if (const std::string file = in_url ? "" : literal_file(pattern); !file.empty()) return file;
  std::string text;
  for (size_t at = 0; at < pattern.size();) {
    const std::string_view rest = std::string_view(pattern).substr(at);
    size_t length = 1;
    if (rest.starts_with("%%")) {
      text += '%';
      length = 2;
    } else if (const size_t field = rest[0] == '%' ? field_length(rest, in_url) : 0; field > 0) {
      text += format_time(time, std::string(rest.substr(0, field)).c_str());
      length = field;
    } else {
      text += rest[0];
    }
    at += length;
  }
  return text;
}

std::string as_pattern(const std::string& folder) {
  std::string pattern;
  for (const char c : folder) pattern += c == '%' ? std::string("%%") : std::string(1, c);
  return pattern;
}

}  // namespace hens
