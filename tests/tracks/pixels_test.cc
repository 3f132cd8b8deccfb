// Shapes of sets of pixels, and peaks: by facts.
#include "tracks/pixels.h"

#include <cmath>

#include <gtest/gtest.h>

#include "tracks/peaks.h"
#include "tracks/peer_fields.h"

namespace hens {
namespace {

std::vector<Pixel> drawn(const std::vector<std::string>& picture) {
  std::vector<Pixel> pixels;
  for (size_t i = 0; i < picture.size(); ++i) {
    for (size_t j = 0; j < picture[i].size(); ++j) {
      if (picture[i][j] == '#') pixels.push_back({static_cast<int>(i), static_cast<int>(j)});
    }
  }
  return pixels;
}

std::vector<std::vector<Pixel>> components(const std::vector<std::string>& picture) {
  return connected_components(static_cast<int>(picture.size()), static_cast<int>(picture[0].size()), [&](int i, int j) {
    return picture[static_cast<size_t>(i)][static_cast<size_t>(j)] == '#';
  });
}

TEST(Components, AreConnectedOverCornersInTheOrderOfTheirFirstPixels) {
  const auto groups = components({"..#..#", ".#...#", "#.....", "...##."});
  ASSERT_EQ(groups.size(), 3U);
  EXPECT_EQ(groups[0], (std::vector<Pixel>{{0, 2}, {1, 1}, {2, 0}}));
  EXPECT_EQ(groups[1], (std::vector<Pixel>{{0, 5}, {1, 5}}));
  EXPECT_EQ(bounding_box(groups[2]), (Box{3, 4, 3, 5}));
  EXPECT_EQ(components({"#....#"}).size(), 2U) << "an image does not wrap";
}

TEST(ConvexHull, OfConvexSetsIsThemselves) {
  EXPECT_EQ(convex_hull_pixels({}), 0);
  EXPECT_EQ(convex_hull_pixels(drawn({"#"})), 1);
  EXPECT_EQ(convex_hull_pixels(drawn({"####", "####", "####"})), 12);
  EXPECT_EQ(convex_hull_pixels(drawn({".#.", "###", ".#."})), 5);
  EXPECT_EQ(convex_hull_pixels(drawn({"#..", ".#.", "..#"})), 3)
      << "a pixel beside the diagonal lies on the hull's side";
}

TEST(ConvexHull, FillsWhatIsHollow) {
  EXPECT_EQ(convex_hull_pixels(drawn({"###", "#.#", "###"})), 9);
  EXPECT_EQ(convex_hull_pixels(drawn({"#...#", "#...#", "#####"})), 15);
}

TEST(EllipseAxes, OfALineAndOfASquare) {
  const Axes line = ellipse_axes(drawn({"#####"}));  // variance (n^2 - 1) / 12
  EXPECT_NEAR(line.major, 4 * std::sqrt(2.0), 1e-12);
  EXPECT_EQ(line.minor, 0.0);
  const Axes square = ellipse_axes(drawn({"###", "###", "###"}));
  EXPECT_NEAR(square.major, square.minor, 1e-12);
}

TEST(Peaks, StrongestFirstApartFromEachOtherAndFromTheSides) {
  std::vector<float> image(20 * 30, 0.0F);
  const auto at = [&](int i, int j) -> float& { return image[static_cast<size_t>(i * 30 + j)]; };
  at(5, 5) = 2, at(5, 20) = 3, at(10, 12) = 3, at(0, 15) = 9, at(6, 6) = 1;
  const auto peaks = find_peaks(image, 20, 30, 3, 0.5F);
  EXPECT_EQ(peaks, (std::vector<Pixel>{{5, 20}, {10, 12}, {5, 5}}));
  EXPECT_EQ(find_peaks(image, 20, 30, 3, 2.0F).size(), 2U) << "strictly above";
  at(5, 22) = 3;
  EXPECT_EQ(find_peaks(image, 20, 30, 3, 2.5F).size(), 2U) << "of equals the first";
}

TEST(PeerVorticity, IsThatOfSolidRotationWithTheHemispheresSign) {
  const LatLonGrid grid = equiangular_grid(19, 36);
  std::vector<float> u(grid.points()), v(grid.points());
  for (size_t i = 0; i < 19; ++i) {
    for (size_t j = 0; j < 36; ++j) u[i * 36 + j] = static_cast<float>(i), v[i * 36 + j] = static_cast<float>(2 * j);
  }
  const auto zeta = peer_vorticity(u, v, grid);
  for (size_t i = 0; i < 19; ++i) {
    for (size_t j = 0; j < 36; ++j)
      EXPECT_NEAR(zeta[i * 36 + j], (i < 10 ? 1 : -1) * 3.0 / 25'000, 1e-10) << i << " " << j;
  }
}

}  // namespace
}  // namespace hens
