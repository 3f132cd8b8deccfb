#include "report/table.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

namespace hens {
namespace {

const std::string& cell(const std::vector<std::string>& row, size_t column) {
  static const std::string blank;
  return column < row.size() ? row[column] : blank;
}

std::string padded(const std::string& text, int width, Align align) {
  const std::string blanks(std::max(0, width - display_width(text)), ' ');
  return align == Align::left ? text + blanks : blanks + text;
}

std::string without_trailing_blanks(std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

std::string text_line(const Table& table, const std::vector<int>& widths, const std::vector<std::string>& row) {
  std::string line;
  for (size_t c = 0; c < table.columns.size(); ++c) {
    if (c > 0) line += "  ";
    line += padded(cell(row, c), widths[c], table.columns[c].align);
  }
  return without_trailing_blanks(std::move(line)) + "\n";
}

std::vector<std::string> headers(const Table& table) {
  std::vector<std::string> row;
  for (const Column& column : table.columns) row.push_back(column.header);
  return row;
}

std::vector<int> column_widths(const Table& table) {
  std::vector<int> widths;
  for (size_t c = 0; c < table.columns.size(); ++c) {
    int width = display_width(table.columns[c].header);
    for (const auto& row : table.rows) width = std::max(width, display_width(cell(row, c)));
    widths.push_back(width);
  }
  return widths;
}

std::string markdown_line(const Table& table, const std::vector<std::string>& row) {
  std::string line = "|";
  for (size_t c = 0; c < table.columns.size(); ++c) {
    line += ' ';
    for (const char byte : cell(row, c)) {
      if (byte == '|') line += '\\';
      line += byte;
    }
    line += " |";
  }
  return line + "\n";
}

bool continues_code_point(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

// The byte at which code point number `index` of `text` begins.
size_t code_point(const std::string& text, int index) {
  size_t at = 0;
  for (int seen = 0; at < text.size(); ++at) {
    if (continues_code_point(text[at])) continue;
    if (seen++ == index) break;
  }
  return at;
}

}  // namespace

std::string as_text(const Table& table) {
  const std::vector<int> widths = column_widths(table);
  std::vector<std::string> rule;
  for (const int width : widths) rule.emplace_back(width, '-');

  std::string text = table.title.empty() ? "" : table.title + "\n";
  text += text_line(table, widths, headers(table)) + text_line(table, widths, rule);
  for (const auto& row : table.rows) text += text_line(table, widths, row);
  return text;
}

std::string as_markdown(const Table& table) {
  std::string text = table.title.empty() ? "" : "### " + table.title + "\n\n";
  text += markdown_line(table, headers(table)) + "|";
  for (const Column& column : table.columns) text += column.align == Align::left ? "---|" : "---:|";
  text += "\n";
  for (const auto& row : table.rows) text += markdown_line(table, row);
  return text;
}

int display_width(const std::string& text) {
  return static_cast<int>(
      std::count_if(text.begin(), text.end(), [](char byte) { return !continues_code_point(byte); }));
}

std::string shortened(const std::string& text, int width) {
  const int length = display_width(text);
  if (length <= width) return text;
  const int head = (width - 1) / 2, tail = width - 1 - head;
  return text.substr(0, code_point(text, head)) + "…" + text.substr(code_point(text, length - tail));
}

std::string fixed(double value, int digits) {
  const double scale = std::pow(10.0, digits);
  const double scaled = std::abs(value) * scale;
  // The times are decimals: a half that binary rounds down is a half all the same.
  const double rounded = std::floor(scaled + 0.5 + 1e-9 * std::max(1.0, scaled * 1e-3)) / scale;
  return fmt::format("{:.{}f}", value < 0 && rounded > 0 ? -rounded : rounded, digits);
}

std::string percent_text(double fraction) {
  const double percent = 100.0 * fraction;
  if (percent < 1e-9) return "0%";
  if (percent < 0.01) return "<0.01%";
  if (percent < 1.0) return "<1%";
  return fmt::format("{:.0f}%", std::floor(percent + 1e-9));
}

std::string forecast_text(double hours) {
  const double days = hours / 24.0;
  if (hours > 24.0 && days == std::floor(days)) return fmt::format("{:.0f} days", days);
  return fmt::format("{:g} hours", hours);
}

std::string seconds_text(double seconds) {
  if (seconds < 100.0) return fixed(seconds, 1) + "s";
  return fmt::format("{}s ({} min)", fixed(seconds, 0), fixed(seconds / 60.0, 0));
}

std::string plural(int64_t count, const std::string& noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

}  // namespace hens
