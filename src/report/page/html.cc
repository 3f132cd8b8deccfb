#include "report/page/html.h"

#include <algorithm>
#include <cstdint>

#include <fmt/format.h>

#include "base/checksum.h"
#include "base/utf8.h"

namespace hens {
namespace {

int hex_digit(char digit) { return digit <= '9' ? digit - '0' : digit - 'a' + 10; }

std::string column_class(const Column& column) { return column.align == Align::right ? " class=\"r\"" : ""; }

}  // namespace

std::string escaped(std::string_view text) {
  const std::string shown = is_utf8(text) ? std::string(text) : shown_bytes(text);
  std::string result;
  result.reserve(shown.size());
  for (const char byte : shown) {
    const auto code = static_cast<unsigned char>(byte);
    if (byte == '&') {
      result += "&amp;";
    } else if (byte == '<') {
      result += "&lt;";
    } else if (byte == '>') {
      result += "&gt;";
    } else if (byte == '"') {
      result += "&quot;";
    } else if (byte == '\'') {
      result += "&#39;";
    } else if ((code < 0x20 && byte != '\n' && byte != '\t') || code == 0x7F) {
      result += "\xEF\xBF\xBD";
    } else {
      result += byte;
    }
  }
  return result;
}

std::string base64(std::string_view bytes) {
  constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t at = 0; at < bytes.size(); at += 3) {
    const size_t count = std::min<size_t>(3, bytes.size() - at);
    uint32_t word = 0;
    for (size_t k = 0; k < 3; ++k) word = word << 8 | (k < count ? static_cast<unsigned char>(bytes[at + k]) : 0U);
    for (size_t k = 0; k < 4; ++k) text += k <= count ? digits[word >> (18 - 6 * k) & 63] : '=';
  }
  return text;
}

std::string html_table(const Table& table) {
  std::string html = "<div class=\"wide\" tabindex=\"0\" role=\"group\" aria-label=\"" + escaped(table.title) +
                     "\"><table><caption>" + escaped(table.title) + "</caption>\n<thead><tr>";
  for (const Column& column : table.columns) {
    html += column.header.empty()
                ? "<td></td>"
                : fmt::format("<th scope=\"col\"{}>{}</th>", column_class(column), escaped(column.header));
  }
  html += "</tr></thead>\n<tbody>\n";
  for (const auto& row : table.rows) {
    html += "<tr>";
    for (size_t c = 0; c < table.columns.size(); ++c) {
      const std::string cell = c < row.size() ? escaped(row[c]) : "";
      const std::string kind = column_class(table.columns[c]);
      html +=
          c == 0 ? fmt::format("<th scope=\"row\"{}>{}</th>", kind, cell) : fmt::format("<td{}>{}</td>", kind, cell);
    }
    html += "</tr>\n";
  }
  return html + "</tbody></table></div>\n";
}

std::string svg_bars(const std::string& title, const std::vector<Bar>& bars) {
  constexpr int row = 24, label = 150, width = 640;
  const double longest = std::ranges::max(bars, {}, &Bar::value).value;
  const double scale = longest > 0.0 ? (width - label - 90) / longest : 0.0;
  std::string drawn, words;
  for (size_t k = 0; k < bars.size(); ++k) {
    const Bar& bar = bars[k];
    const auto y = static_cast<int>(k) * row;
    drawn += fmt::format(
        "<text class=\"end\" x=\"{}\" y=\"{}\">{}</text><rect class=\"a\" x=\"{}\" y=\"{}\" "
        "width=\"{:.1f}\" height=\"14\"/><text x=\"{:.1f}\" y=\"{}\">{}</text>\n",
        label - 8, y + 16, escaped(shortened(bar.name, 20)), label, y + 4, std::max(1.0, scale * bar.value),
        label + scale * bar.value + 8.0, y + 16, escaped(bar.text));
    words += fmt::format("{}{} {}", k == 0 ? "" : ", ", bar.name, bar.text);
  }
  return fmt::format(
      "<figure><svg class=\"chart\" role=\"img\" viewBox=\"0 0 {} {}\" aria-label=\"{}\">\n{}</svg></figure>\n", width,
      static_cast<int>(bars.size()) * row, escaped(title + ": " + words), drawn);
}

std::string script_hash(std::string_view script) {
  const std::string hex = sha256_hex(script);
  std::string bytes;
  for (size_t k = 0; k + 1 < hex.size(); k += 2) {
    bytes += static_cast<char>(hex_digit(hex[k]) * 16 + hex_digit(hex[k + 1]));
  }
  return "'sha256-" + base64(bytes) + "'";
}

}  // namespace hens
