// Closed contours, as TempestExtremes defines them (Ullrich and Zarzycki, 2017, Geosci. Model Dev. 10, 1069-1090):
// every way from a point to beyond a distance crosses a rise of a field. Found by flooding the grid from
// the point through neighbours over sides. Not thread-safe: it keeps its marks between calls.
#pragma once

#include <cstdint>
#include <vector>

#include "tracks/sphere_grid.h"

namespace hens {

class ContourSearch {
 public:
  explicit ContourSearch(const SphereGrid& grid) : grid_(grid), mark_(grid.points()) {}

  // Whether `value(index)` rises by at least `rise` above its value at (row, column) on every way to beyond the angle
  // of cosine `least`.
  template <typename Value>
  bool is_closed(int row, int column, float rise, double least, const Value& value) {
    next_mark();
    queue_.clear();
    const float start = value(grid_.index(row, column));
    push(row, column);
    for (size_t at = 0; at < queue_.size(); ++at) {
      const Point point = queue_[at];
      if (grid_.cosine(row, column, point.row, point.column) < least) return false;
      const auto visit = [&](int r, int c) {
        const size_t index = grid_.index(r, c);
        if (mark_[index] == marked_) return;
        if (!(value(index) - start >= rise)) push(r, c);
      };
      visit(point.row, grid_.wrapped(point.column - 1));
      visit(point.row, grid_.wrapped(point.column + 1));
      const int beyond = grid_.wrapped(point.column + grid_.columns() / 2);  // over the pole
      point.row > 0 ? visit(point.row - 1, point.column) : visit(point.row, beyond);
      point.row + 1 < grid_.rows() ? visit(point.row + 1, point.column) : visit(point.row, beyond);
    }
    return true;
  }

 private:
  struct Point {
    int row, column;
  };
  void push(int row, int column) {
    mark_[grid_.index(row, column)] = marked_;
    queue_.push_back({row, column});
  }
  void next_mark() {
    if (++marked_ != 0) return;
    mark_.assign(mark_.size(), 0);
    marked_ = 1;
  }

  const SphereGrid& grid_;
  std::vector<uint32_t> mark_;  // [point]: the search that was there last
  uint32_t marked_ = 0;
  std::vector<Point> queue_;
};

}  // namespace hens
