#include "base/progress_bar.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

namespace hens {
namespace {

constexpr int shortest_bar = 10, longest_bar = 40;

double fraction_done(const ProgressState& state) {
  if (!(state.total > 0) || !std::isfinite(state.done)) return 0.0;
  return std::clamp(state.done / state.total, 0.0, 1.0);
}

std::string bar_text(double fraction, int columns) {
  const auto filled = static_cast<size_t>(fraction * columns);
  std::string bar(filled, '=');
  if (bar.size() < static_cast<size_t>(columns)) bar += '>';
  bar.resize(columns, ' ');
  return "[" + bar + "]";
}

// Columns, not bytes: every byte but the continuations of UTF-8.
int columns_of(std::string_view text) {
  return static_cast<int>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

std::string cut(std::string text, int width) {
  while (columns_of(text) > width) {
    while (!text.empty() && (text.back() & 0xC0) == 0x80) text.pop_back();
    if (!text.empty()) text.pop_back();
  }
  return text;
}

std::string numbers_text(const ProgressState& state) {
  const bool bytes = state.unit == "bytes";
  std::string text = fmt::format("{:3.0f} %  ", std::floor(100.0 * fraction_done(state)));
  if (bytes) {
    text += fmt::format("{} of {}", amount_text(state.done, state.unit), amount_text(state.total, state.unit));
  } else {
    text += fmt::format("{:g}/{:g} {}", state.done, state.total, state.unit);
  }
  const double rate = progress_rate(state), left = progress_seconds_left(state);
  if (rate > 0) text += bytes ? fmt::format("  {}/s", amount_text(rate, state.unit)) : fmt::format("  {:.3g}/s", rate);
  if (left > 0) text += fmt::format("  {} left", clock_text(left));
  if (left == 0) {
    // The clock began when the label was new, or the run went on.
    text += state.done_at_start > 0 ? fmt::format("  {} for the last {}", clock_text(state.seconds),
                                                  amount_text(state.done - state.done_at_start, state.unit))
                                    : fmt::format("  {} in all", clock_text(state.seconds));
  }
  return text;
}

}  // namespace

double progress_rate(const ProgressState& state) {
  const double rate = (state.done - state.done_at_start) / state.seconds;
  return state.seconds > 0 && std::isfinite(rate) && rate > 0 ? rate : 0.0;
}

double progress_seconds_left(const ProgressState& state) {
  if (state.done >= state.total) return 0.0;
  const double rate = progress_rate(state);
  return rate > 0 ? (state.total - state.done) / rate : -1.0;
}

std::string progress_line(const ProgressState& state, int width) {
  std::string numbers = numbers_text(state);
  const int with_detail = columns_of(state.label) + columns_of(numbers) + columns_of(state.detail) + 6;
  if (!state.detail.empty() && with_detail + longest_bar <= width) numbers += "  " + state.detail;
  const int rest = width - columns_of(state.label) - columns_of(numbers) - 4;  // blanks and brackets
  if (rest < shortest_bar) return cut(fmt::format("{} {}", state.label, numbers), std::max(width, 0));
  return fmt::format("{} {} {}", state.label, bar_text(fraction_done(state), std::min(rest, longest_bar)), numbers);
}

std::string clock_text(double seconds) {
  const double bounded = std::isfinite(seconds) ? std::clamp(seconds, 0.0, 359999.0) : 0.0;
  const long whole = std::lround(bounded);
  if (whole >= 3600) return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
  return fmt::format("{}:{:02}", whole / 60, whole % 60);
}

std::string amount_text(double amount, std::string_view unit) {
  if (unit != "bytes") return fmt::format("{:g}", amount);
  constexpr std::array<const char*, 5> names{"bytes", "kB", "MB", "GB", "TB"};
  size_t scale = 0;
  while (amount >= 999.5 && scale + 1 < names.size()) amount /= 1000, ++scale;
  return scale == 0 ? fmt::format("{:.0f} bytes", amount) : fmt::format("{:.3g} {}", amount, names[scale]);
}

}  // namespace hens
