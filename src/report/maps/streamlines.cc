#include "report/maps/streamlines.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace hens {
namespace {

constexpr double longest = 260.0;  // pixels each way from the seed

// The points drawn so far, in square buckets as wide as the search distance, for neighbour questions.
class NearPoints {
 public:
  explicit NearPoints(const StreamlineArea& area)
      : area_(area),
        columns_(static_cast<int>(area.width / area.spacing) + 1),
        rows_(static_cast<int>(area.height / area.spacing) + 1),
        buckets_(static_cast<size_t>(columns_) * rows_) {}

  void add(const std::vector<Pixel>& points) {
    for (const Pixel& point : points) bucket(column(point), row(point)).push_back(point);
  }

  // Whether a point lies within `distance` (at most the spacing) of `at`.
  bool any_within(Pixel at, double distance) const {
    for (int r = std::max(0, row(at) - 1); r <= std::min(rows_ - 1, row(at) + 1); ++r) {
      for (int c = std::max(0, column(at) - 1); c <= std::min(columns_ - 1, column(at) + 1); ++c) {
        for (const Pixel& point : buckets_[static_cast<size_t>(r) * columns_ + c]) {
          if (std::hypot(point.x - at.x, point.y - at.y) < distance) return true;
        }
      }
    }
    return false;
  }

 private:
  int column(Pixel at) const {
    return std::clamp(static_cast<int>((at.x - area_.corner.x) / area_.spacing), 0, columns_ - 1);
  }
  int row(Pixel at) const {
    return std::clamp(static_cast<int>((at.y - area_.corner.y) / area_.spacing), 0, rows_ - 1);
  }
  std::vector<Pixel>& bucket(int c, int r) { return buckets_[static_cast<size_t>(r) * columns_ + c]; }

  StreamlineArea area_;
  int columns_, rows_;
  std::vector<std::vector<Pixel>> buckets_;
};

// One step of a pixel from `at`, by the midpoint rule; `sign` -1 goes upwind.
std::optional<Pixel> advance(const WindAt& wind, Pixel at, double sign) {
  const auto first = wind(at);
  if (!first) return std::nullopt;
  const auto middle = wind({at.x + 0.5 * sign * first->dx, at.y + 0.5 * sign * first->dy});
  if (!middle) return std::nullopt;
  return Pixel{at.x + sign * middle->dx, at.y + sign * middle->dy};
}

// Whether a line has come back to where it was: round a vortex it would wind up into a blot.
bool closes_on_itself(const std::vector<Pixel>& points, Pixel at, double distance) {
  const size_t recent = static_cast<size_t>(4.0 * distance);
  for (size_t i = 0; i + recent < points.size(); i += 2) {
    if (std::hypot(points[i].x - at.x, points[i].y - at.y) < distance) return true;
  }
  return false;
}

Streamline half_line(const WindAt& wind, const NearPoints& drawn, Pixel seed, double sign, double distance) {
  Streamline line;
  std::optional<Pixel> at = seed;
  while (at && line.points.size() < longest && !drawn.any_within(*at, distance) &&
         !closes_on_itself(line.points, *at, distance)) {
    const auto here = wind(*at);
    if (!here) break;
    line.points.push_back(*at);
    line.speeds.push_back(here->speed);
    at = advance(wind, *at, sign);
  }
  return line;
}

Streamline whole_line(const WindAt& wind, const NearPoints& drawn, Pixel seed, double distance) {
  Streamline line = half_line(wind, drawn, seed, -1.0, distance);
  std::reverse(line.points.begin(), line.points.end());
  std::reverse(line.speeds.begin(), line.speeds.end());
  const Streamline ahead = half_line(wind, drawn, seed, 1.0, distance);
  if (ahead.points.empty()) return line;
  line.points.insert(line.points.end(), ahead.points.begin() + 1, ahead.points.end());  // the seed is in both
  line.speeds.insert(line.speeds.end(), ahead.speeds.begin() + 1, ahead.speeds.end());
  return line;
}

// Seeds over the whole area, near ones far apart in the order: the additive sequence of the plastic number.
std::vector<Pixel> seeds(const StreamlineArea& area) {
  const auto count = static_cast<int>(4.0 * area.width * area.height / (area.spacing * area.spacing));
  std::vector<Pixel> result;
  double x = 0.5, y = 0.5;
  for (int i = 0; i < count; ++i) {
    result.push_back({area.corner.x + area.width * x, area.corner.y + area.height * y});
    x = std::fmod(x + 0.7548776662466927, 1.0);
    y = std::fmod(y + 0.5698402909980532, 1.0);
  }
  return result;
}

double line_width(double speed) { return std::clamp(0.55 + 0.065 * speed, 0.6, 2.0); }

// A triangle with its tip at point `i`, pointing downwind.
void draw_head(Canvas& canvas, const Streamline& line, size_t i, const Colour& colour) {
  const Pixel tip = line.points[i], tail = line.points[i - std::min<size_t>(i, 3)];
  const double length = std::hypot(tip.x - tail.x, tip.y - tail.y);
  if (!(length > 0.0)) return;
  const double dx = (tip.x - tail.x) / length, dy = (tip.y - tail.y) / length;
  const double size = 4.2 + 1.6 * line_width(line.speeds[i]), half = 0.42 * size;
  const Pixel base{tip.x - size * dx, tip.y - size * dy};
  canvas.area(
      std::array{tip, Pixel{base.x - half * dy, base.y + half * dx}, Pixel{base.x + half * dy, base.y - half * dx}},
      colour);
}

}  // namespace

std::vector<Streamline> trace_streamlines(const WindAt& wind, const StreamlineArea& area) {
  NearPoints drawn(area);
  std::vector<Streamline> lines;
  for (const Pixel& seed : seeds(area)) {
    if (drawn.any_within(seed, area.spacing)) continue;
    Streamline line = whole_line(wind, drawn, seed, 0.5 * area.spacing);
    if (line.points.size() < 2.0 * area.spacing) continue;
    drawn.add(line.points);
    lines.push_back(std::move(line));
  }
  return lines;
}

void draw_streamline(Canvas& canvas, const Streamline& line, const Colour& colour) {
  double speed = 0.0;
  for (const double value : line.speeds) speed += value / static_cast<double>(line.speeds.size());
  canvas.line(line.points, line_width(speed), colour);
  const size_t heads = std::max<size_t>(1, line.points.size() / 80);
  for (size_t h = 0; h < heads; ++h) draw_head(canvas, line, (2 * h + 1) * line.points.size() / (2 * heads), colour);
}

}  // namespace hens
