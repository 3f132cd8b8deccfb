#include "tracks/peaks.h"

#include <algorithm>
#include <cstdint>

namespace hens {
namespace {

class Image {
 public:
  Image(std::span<const float> values, int rows, int columns) : values_(values), rows_(rows), columns_(columns) {}

  float operator()(int row, int column) const {
    return values_[static_cast<size_t>(row) * static_cast<size_t>(columns_) + static_cast<size_t>(column)];
  }

  // Whether nothing within `distance` is larger; the image's sides cut the square, which is what repeating its edge is
  // for a maximum.
  bool is_largest(int row, int column, int distance) const {
    const float value = (*this)(row, column);
    for (int i = std::max(0, row - distance); i <= std::min(rows_ - 1, row + distance); ++i) {
      for (int j = std::max(0, column - distance); j <= std::min(columns_ - 1, column + distance); ++j) {
        if ((*this)(i, j) > value) return false;
      }
    }
    return true;
  }

 private:
  std::span<const float> values_;
  int rows_, columns_;
};

}  // namespace

std::vector<Pixel> find_peaks(std::span<const float> image, int rows, int columns, int distance, float threshold) {
  const Image at(image, rows, columns);
  std::vector<Pixel> peaks;
  for (int row = distance; row < rows - distance; ++row) {
    for (int column = distance; column < columns - distance; ++column) {
      if (!(at(row, column) > threshold)) continue;
      // Most pixels have a larger neighbour beside them.
      if (at.is_largest(row, column, 1) && at.is_largest(row, column, distance)) peaks.push_back({row, column});
    }
  }
  std::ranges::stable_sort(peaks,
                           [&](const Pixel& a, const Pixel& b) { return at(a.row, a.column) > at(b.row, b.column); });
  std::vector<uint8_t> near_kept(image.size());
  std::erase_if(peaks, [&](const Pixel& peak) {
    const auto index = [&](int row, int column) {
      return static_cast<size_t>(row) * static_cast<size_t>(columns) + static_cast<size_t>(column);
    };
    if (near_kept[index(peak.row, peak.column)]) return true;
    for (int row = std::max(0, peak.row - distance + 1); row < std::min(rows, peak.row + distance); ++row) {
      for (int column = std::max(0, peak.column - distance + 1); column < std::min(columns, peak.column + distance);
           ++column) {
        near_kept[index(row, column)] = 1;
      }
    }
    return false;
  });
  return peaks;
}

}  // namespace hens
