#include "net/byte_range.h"

#include <algorithm>
#include <charconv>
#include <numeric>

#include <fmt/format.h>

namespace hens {
namespace {

bool take_number(std::string_view& text, uint64_t& value) {
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc()) return false;
  text.remove_prefix(rest - text.data());
  return true;
}

bool take(std::string_view& text, std::string_view what) {
  if (!text.starts_with(what)) return false;
  text.remove_prefix(what.size());
  return true;
}

bool joins(const ByteRange& span, const ByteRange& next, uint64_t gap, uint64_t limit) {
  if (!span.last || !next.last) return false;
  const bool near = next.first <= *span.last || next.first - *span.last - 1 <= gap;
  return near && std::max(*span.last, *next.last) - span.first < limit;
}

}  // namespace

std::string range_text(const ByteRange& range) {
  if (range.tail > 0) return fmt::format("-{}", range.tail);
  return range.last ? fmt::format("{}-{}", range.first, *range.last) : fmt::format("{}-", range.first);
}

std::vector<RangeGroup> merge_ranges(const std::vector<ByteRange>& ranges, uint64_t gap, uint64_t limit) {
  std::vector<size_t> order(ranges.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return ranges[a].first < ranges[b].first; });
  std::vector<RangeGroup> groups;
  for (const size_t i : order) {
    if (groups.empty() || !joins(groups.back().span, ranges[i], gap, limit)) {
      groups.push_back({ranges[i], {i}});
      continue;
    }
    RangeGroup& group = groups.back();
    group.span.last = std::max(*group.span.last, *ranges[i].last);
    group.parts.push_back(i);
  }
  return groups;
}

std::optional<ContentRange> parse_content_range(std::string_view text) {
  ContentRange range;
  if (!take(text, "bytes ") || !take_number(text, range.first) || !take(text, "-") || !take_number(text, range.last) ||
      !take(text, "/")) {
    return std::nullopt;
  }
  if (!take(text, "*")) {
    uint64_t total = 0;
    if (!take_number(text, total) || range.last >= total) return std::nullopt;
    range.total = total;
  }
  if (!text.empty() || range.last < range.first) return std::nullopt;
  return range;
}

}  // namespace hens
