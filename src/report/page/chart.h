// Line charts as SVG that stands in a page: axes with round ticks, bands, lines, bars, dots, references. Colours are
// classes of the page's style sheet (report/page/page_style.h), so that a chart follows light and dark.
//
// The alternative text is the SVG's title. Pure: the same data give the same bytes. Values that are no numbers are
// left out, and a line breaks there.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"

namespace hens {

struct Axis {
  std::string label;
  double low = 0.0, high = 1.0;                       // low < high
  std::vector<std::pair<double, std::string>> ticks;  // within them; of x with a second line where there is a line end
};

// Round ticks (1, 2, 2.5 or 5 times a power of ten), about `count` of them. The axis begins and ends at a tick.
// low > high, or values that are no numbers, count as 0 .. 1; equal ones get half a unit around them.
Axis round_axis(std::string label, double low, double high, int count = 6);

// Lead times in hours, ticks at whole days or at multiples of 6 h; below them the valid times where `initial` is given.
Axis lead_axis(double first_hours, double last_hours, std::optional<Time> initial = {});

class Chart {
 public:
  // `description` says in words what a reader without eyes should know.
  Chart(std::string description, Axis x, Axis y, int width = 640, int height = 300);

  // Between two lines, one x each.
  void band(std::span<const double> x, std::span<const double> low, std::span<const double> high, const char* style);
  void line(std::span<const double> x, std::span<const double> y, const char* style);
  void bar(double from, double to, double height, const char* style);
  void dot(double x, double y, double radius, const char* style);
  // Small text above the plot, from the left: what the styles mean.
  void key(const std::string& text, const char* style);

  std::string svg() const;

 private:
  double pixel_x(double x) const;
  double pixel_y(double y) const;
  std::string path(std::span<const double> x, std::span<const double> y) const;
  std::string frame() const;

  std::string description_;
  Axis x_, y_;
  int width_, height_;
  double key_at_;
  std::string marks_, key_;
};

}  // namespace hens
