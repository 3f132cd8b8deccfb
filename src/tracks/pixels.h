// Sets of pixels of an image, and what shape they have. Rows and columns count from 0; an image does not wrap. Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

namespace hens {

struct Pixel {
  int row = 0, column = 0;
  bool operator==(const Pixel&) const = default;
};

// Rows and columns [first, last), both of them.
struct Box {
  int first_row = 0, last_row = 0, first_column = 0, last_column = 0;
  bool operator==(const Box&) const = default;
};

// The smallest box with all of the pixels in it. Requires one at least.
Box bounding_box(const std::vector<Pixel>& pixels);

// Groups of the pixels that `inside` has, connected over sides and corners, by the first pixel of each in the order of
// rows and columns; so are the pixels of each.
std::vector<std::vector<Pixel>> connected_components(int rows, int columns,
                                                     const std::function<bool(int row, int column)>& inside);

// The number of pixels whose centre lies in the convex hull of the pixels' edge midpoints, or on it. Of none: 0.
int64_t convex_hull_pixels(const std::vector<Pixel>& pixels);

// Lengths of the axes of the ellipse with the pixels' covariance: 4 times the root of its eigenvalues, each pixel a
// point.
struct Axes {
  double major = 0, minor = 0;
};
Axes ellipse_axes(const std::vector<Pixel>& pixels);

}  // namespace hens
