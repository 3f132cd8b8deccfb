#include "report/page/chart.h"

#include <algorithm>
#include <cassert>
#include <cmath>

#include <fmt/format.h>

#include "report/page/html.h"
#include "report/table.h"

namespace hens {
namespace {

constexpr double left_margin = 62.0, right_margin = 26.0, top_margin = 30.0, bottom_margin = 60.0;
constexpr double letter_width = 6.6;  // of 12 px sans-serif, about

double round_step(double range, int count) {
  const double power = std::pow(10.0, std::floor(std::log10(range / count)));
  for (const double factor : {1.0, 2.0, 2.5, 5.0}) {
    if (range <= count * factor * power * (1.0 + 1e-9)) return factor * power;
  }
  return 10.0 * power;
}

// A tenth of a pixel is finer than a screen shows, and -0.0 would be another text than 0.0.
std::string pixels(double value) {
  const double tenths = std::round(value * 10.0) / 10.0;
  return fmt::format("{:g}", tenths == 0.0 ? 0.0 : tenths);
}

}  // namespace

Axis round_axis(std::string label, double low, double high, int count) {
  if (!(low <= high) || std::isinf(low) || std::isinf(high)) low = 0.0, high = 1.0;
  // Doubles tell no more than 15 digits apart, and ticks have to differ.
  const double least = std::max(1e-30, 1e-12 * std::max(std::abs(low), std::abs(high)));
  if (high - low < least) low -= std::max(0.5, least), high += std::max(0.5, least);
  const double step = round_step(high - low, count);
  const double first = std::floor(low / step + 1e-9), last = std::ceil(high / step - 1e-9);
  Axis axis{std::move(label), first * step, last * step, {}};
  const int digits = std::clamp(static_cast<int>(std::ceil(-std::log10(step) + 0.401)), 0, 12);  // 2.5: one more
  const bool plain = step >= 1e-4 && std::abs(last * step) < 1e7;
  for (double k = first; k <= last; k += 1.0) {
    const double value = k == 0.0 ? 0.0 : k * step;
    std::string text = plain ? fixed(value, digits) : fmt::format("{:.6g}", value);
    if (plain && text.find('.') != std::string::npos) {
      text.erase(text.find_last_not_of('0') + 1);
      if (text.back() == '.') text.pop_back();
    }
    axis.ticks.emplace_back(value, std::move(text));
  }
  return axis;
}

Axis lead_axis(double first_hours, double last_hours, std::optional<Time> initial) {
  Axis axis{initial ? "Lead time, and valid time (UTC)" : "Lead time",
            first_hours,
            std::max(last_hours, first_hours + 6.0),
            {}};
  const double range = axis.high - axis.low;
  double step = 6.0;
  for (const double candidate : {6.0, 12.0, 24.0, 48.0, 120.0, 240.0, 480.0, 1200.0, 2400.0, 4800.0, 12000.0}) {
    step = candidate;
    if (range / candidate <= 8.0) break;
  }
  for (double at = std::ceil(axis.low / step) * step; at <= axis.high + 1e-6; at += step) {
    std::string label = step < 24.0 ? fmt::format("{:g} h", at) : fmt::format("{:g} d", at / 24.0);
    if (initial) {
      const Time valid = *initial + Duration(static_cast<int64_t>(std::llround(at * 3600.0)));
      label += "\n" + format_time(valid, step < 24.0 ? "%d %b %H:%M" : "%d %b");
    }
    axis.ticks.emplace_back(at, std::move(label));
  }
  return axis;
}

Chart::Chart(std::string description, Axis x, Axis y, int width, int height)
    : description_(std::move(description)),
      x_(std::move(x)),
      y_(std::move(y)),
      width_(width),
      height_(height),
      key_at_(left_margin) {
  assert(x_.low < x_.high && y_.low < y_.high);
}

double Chart::pixel_x(double x) const {
  return left_margin + (width_ - left_margin - right_margin) * (x - x_.low) / (x_.high - x_.low);
}

double Chart::pixel_y(double y) const {
  return height_ - bottom_margin - (height_ - top_margin - bottom_margin) * (y - y_.low) / (y_.high - y_.low);
}

std::string Chart::path(std::span<const double> x, std::span<const double> y) const {
  std::string text;
  bool drawing = false;
  for (size_t k = 0; k < x.size(); ++k) {
    if (!std::isfinite(x[k]) || !std::isfinite(y[k])) {
      drawing = false;
      continue;
    }
    text += fmt::format("{}{} {}", drawing ? "L" : "M", pixels(pixel_x(x[k])), pixels(pixel_y(y[k])));
    drawing = true;
  }
  return text;
}

void Chart::band(std::span<const double> x, std::span<const double> low, std::span<const double> high,
                 const char* style) {
  std::vector<double> around, heights;
  for (size_t k = 0; k < x.size(); ++k) {
    if (std::isfinite(low[k]) && std::isfinite(high[k])) around.push_back(x[k]), heights.push_back(low[k]);
  }
  for (size_t k = x.size(); k-- > 0;) {
    if (std::isfinite(low[k]) && std::isfinite(high[k])) around.push_back(x[k]), heights.push_back(high[k]);
  }
  if (around.empty()) return;
  marks_ += fmt::format("<path class=\"{}\" d=\"{}Z\"/>\n", style, path(around, heights));
}

void Chart::line(std::span<const double> x, std::span<const double> y, const char* style) {
  const std::string drawn = path(x, y);
  if (!drawn.empty()) marks_ += fmt::format("<path class=\"line {}\" d=\"{}\"/>\n", style, drawn);
}

void Chart::bar(double from, double to, double height, const char* style) {
  if (!std::isfinite(height)) return;
  const double base = pixel_y(std::clamp(0.0, y_.low, y_.high)), top = pixel_y(height);
  marks_ +=
      fmt::format("<rect class=\"{}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/>\n", style, pixels(pixel_x(from)),
                  pixels(std::min(base, top)), pixels(pixel_x(to) - pixel_x(from)), pixels(std::abs(base - top)));
}

void Chart::dot(double x, double y, double radius, const char* style) {
  if (!std::isfinite(x) || !std::isfinite(y)) return;
  marks_ += fmt::format("<circle class=\"{}\" cx=\"{}\" cy=\"{}\" r=\"{}\"/>\n", style, pixels(pixel_x(x)),
                        pixels(pixel_y(y)), pixels(radius));
}

void Chart::key(const std::string& text, const char* style) {
  key_ += fmt::format("<rect class=\"{}\" x=\"{}\" y=\"8\" width=\"18\" height=\"9\"/>", style, pixels(key_at_));
  key_ += fmt::format("<text x=\"{}\" y=\"17\">{}</text>\n", pixels(key_at_ + 24.0), escaped(text));
  key_at_ += 24.0 + letter_width * display_width(text) + 18.0;
}

std::string Chart::frame() const {
  const double left = left_margin, right = width_ - right_margin, bottom = height_ - bottom_margin;
  std::string text;
  for (const auto& [value, label] : y_.ticks) {
    const std::string y = pixels(pixel_y(value));
    text +=
        fmt::format("<path class=\"grid\" d=\"M{} {}H{}\"/><text class=\"end\" x=\"{}\" y=\"{}\">{}</text>\n",
                    pixels(left), y, pixels(right), pixels(left - 7.0), pixels(pixel_y(value) + 4.0), escaped(label));
  }
  for (const auto& [value, label] : x_.ticks) {
    const std::string x = pixels(pixel_x(value));
    const size_t end = std::min(label.find('\n'), label.size());
    text += fmt::format("<path class=\"grid\" d=\"M{} {}V{}\"/><text class=\"mid\" x=\"{}\" y=\"{}\">{}", x,
                        pixels(bottom), pixels(top_margin), x, pixels(bottom + 16.0), escaped(label.substr(0, end)));
    if (end < label.size())
      text += fmt::format("<tspan x=\"{}\" dy=\"14\">{}</tspan>", x, escaped(label.substr(end + 1)));
    text += "</text>\n";
  }
  text += fmt::format("<text class=\"mid\" x=\"{}\" y=\"{}\">{}</text>\n", pixels(0.5 * (left + right)), height_ - 9,
                      escaped(x_.label));
  text += fmt::format("<text class=\"mid\" transform=\"translate(14 {})rotate(-90)\">{}</text>\n",
                      pixels(0.5 * (top_margin + bottom)), escaped(y_.label));
  return text;
}

std::string Chart::svg() const {
  return fmt::format("<svg class=\"chart\" role=\"img\" viewBox=\"0 0 {} {}\" aria-label=\"{}\">\n{}{}{}</svg>\n",
                     width_, height_, escaped(description_), frame(), marks_, key_);
}

}  // namespace hens
