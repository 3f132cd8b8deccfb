#include "tracks/pixels.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace hens {
namespace {

// In halves of a pixel.
struct Point {
  int64_t x = 0, y = 0;
  auto operator<=>(const Point&) const = default;
};

int64_t cross(const Point& origin, const Point& a, const Point& b) {
  return (a.x - origin.x) * (b.y - origin.y) - (a.y - origin.y) * (b.x - origin.x);
}

// One side of Andrew's monotone chain, without its last point.
template <typename Iterator>
void add_chain(Iterator first, Iterator last, std::vector<Point>& hull) {
  const size_t start = hull.size();
  for (; first != last; ++first) {
    while (hull.size() >= start + 2 && cross(hull[hull.size() - 2], hull.back(), *first) <= 0) hull.pop_back();
    hull.push_back(*first);
  }
  hull.pop_back();
}

// Counter-clockwise.
std::vector<Point> convex_hull(std::vector<Point> points) {
  std::ranges::sort(points);
  std::vector<Point> hull;
  add_chain(points.begin(), points.end(), hull);
  add_chain(points.rbegin(), points.rend(), hull);
  return hull;
}

bool contains(const std::vector<Point>& hull, const Point& point) {
  for (size_t k = 0; k < hull.size(); ++k) {
    if (cross(hull[k], hull[(k + 1) % hull.size()], point) < 0) return false;
  }
  return true;
}

}  // namespace

Box bounding_box(const std::vector<Pixel>& pixels) {
  Box box{pixels.front().row, 0, pixels.front().column, 0};
  for (const Pixel& pixel : pixels) {
    box.first_row = std::min(box.first_row, pixel.row), box.last_row = std::max(box.last_row, pixel.row + 1);
    box.first_column = std::min(box.first_column, pixel.column);
    box.last_column = std::max(box.last_column, pixel.column + 1);
  }
  return box;
}

std::vector<std::vector<Pixel>> connected_components(int rows, int columns,
                                                     const std::function<bool(int row, int column)>& inside) {
  std::vector<uint8_t> waiting(static_cast<size_t>(rows) * static_cast<size_t>(columns));  // inside, not yet in a group
  const auto at = [&](int row, int column) -> uint8_t& {
    return waiting[static_cast<size_t>(row) * static_cast<size_t>(columns) + static_cast<size_t>(column)];
  };
  for (int row = 0; row < rows; ++row) {
    for (int column = 0; column < columns; ++column) at(row, column) = inside(row, column);
  }
  std::vector<std::vector<Pixel>> groups;
  const auto collect = [&](std::vector<Pixel>& group) {
    for (size_t next = 0; next < group.size(); ++next) {
      const Pixel pixel = group[next];
      for (int row = std::max(0, pixel.row - 1); row <= std::min(rows - 1, pixel.row + 1); ++row) {
        for (int column = std::max(0, pixel.column - 1); column <= std::min(columns - 1, pixel.column + 1); ++column) {
          if (!at(row, column)) continue;
          at(row, column) = 0;
          group.push_back({row, column});
        }
      }
    }
  };
  for (int row = 0; row < rows; ++row) {
    for (int column = 0; column < columns; ++column) {
      if (!at(row, column)) continue;
      at(row, column) = 0;
      std::vector<Pixel>& group = groups.emplace_back(1, Pixel{row, column});
      collect(group);
      std::ranges::sort(
          group, [](const Pixel& a, const Pixel& b) { return a.row != b.row ? a.row < b.row : a.column < b.column; });
    }
  }
  return groups;
}

int64_t convex_hull_pixels(const std::vector<Pixel>& pixels) {
  if (pixels.empty()) return 0;
  std::vector<Point> midpoints;
  midpoints.reserve(4 * pixels.size());
  for (const auto& [row, column] : pixels) {
    for (const int half : {-1, 1}) {
      midpoints.push_back({2 * row + half, 2 * column});
      midpoints.push_back({2 * row, 2 * column + half});
    }
  }
  const std::vector<Point> hull = convex_hull(std::move(midpoints));
  const Box box = bounding_box(pixels);
  int64_t count = 0;
  for (int row = box.first_row; row < box.last_row; ++row) {
    for (int column = box.first_column; column < box.last_column; ++column) {
      count += contains(hull, {2 * row, 2 * column}) ? 1 : 0;
    }
  }
  return count;
}

Axes ellipse_axes(const std::vector<Pixel>& pixels) {
  const auto n = static_cast<double>(pixels.size());
  double row = 0, column = 0;
  for (const Pixel& pixel : pixels) row += pixel.row, column += pixel.column;
  row /= n, column /= n;
  double rr = 0, rc = 0, cc = 0;  // covariance
  for (const Pixel& pixel : pixels) {
    const double r = pixel.row - row, c = pixel.column - column;
    rr += r * r / n, rc += r * c / n, cc += c * c / n;
  }
  const double mean = (rr + cc) / 2, spread = std::hypot((rr - cc) / 2, rc);
  return {4 * std::sqrt(std::max(0.0, mean + spread)), 4 * std::sqrt(std::max(0.0, mean - spread))};
}

}  // namespace hens
