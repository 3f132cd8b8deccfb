#include "net/s3_xml.h"

#include <array>
#include <charconv>
#include <utility>

namespace hens {
namespace {

// &amp; and the like, and characters by number up to 127: keys come URL-encoded, as asked for.
std::string unescaped(std::string_view text) {
  static constexpr std::array<std::pair<std::string_view, char>, 5> entities{
      {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}}};
  std::string plain;
  for (size_t at = 0; at < text.size(); ++at) {
    const size_t end = text[at] == '&' ? text.find(';', at) : std::string_view::npos;
    if (end == std::string_view::npos || end - at > 8) {
      plain += text[at];
      continue;
    }
    const std::string_view name = text.substr(at + 1, end - at - 1);
    char c = '\0';
    for (const auto& [entity, meaning] : entities) {
      if (name == entity) c = meaning;
    }
    if (name.starts_with('#')) {
      const bool hex = name.starts_with("#x");
      int code = 0;
      std::from_chars(name.data() + (hex ? 2 : 1), name.data() + name.size(), code, hex ? 16 : 10);
      if (code > 0 && code < 128) c = static_cast<char>(code);
    }
    if (c == '\0') {
      plain += text[at];
    } else {
      plain += c;
      at = end;
    }
  }
  return plain;
}

}  // namespace

std::vector<std::string_view> xml_elements(std::string_view xml, std::string_view name) {
  const std::string open = "<" + std::string(name) + ">", close = "</" + std::string(name) + ">";
  std::vector<std::string_view> elements;
  for (size_t at = xml.find(open); at != xml.npos; at = xml.find(open, at)) {
    const size_t begin = at + open.size(), end = xml.find(close, begin);
    if (end == xml.npos) break;
    elements.push_back(xml.substr(begin, end - begin));
    at = end + close.size();
  }
  return elements;
}

std::string xml_text(std::string_view xml, std::string_view name) {
  const std::vector<std::string_view> elements = xml_elements(xml, name);
  return elements.empty() ? std::string() : unescaped(elements.front());
}

}  // namespace hens
