// Streamlines follow the wind and keep their distance.
#include "report/maps/streamlines.h"

#include <cmath>

#include <gtest/gtest.h>

#include "report/maps/map_panel.h"

namespace hens {
namespace {

constexpr StreamlineArea area{{100.0, 50.0}, 400, 300, 16.0};

double distance(Pixel a, Pixel b) { return std::hypot(a.x - b.x, a.y - b.y); }

std::optional<PlaneWind> eastward(Pixel) { return PlaneWind{1.0, 0.0, 5.0}; }

// A vortex about the middle of the area.
std::optional<PlaneWind> vortex(Pixel at) {
  const double x = at.x - 300.0, y = at.y - 200.0, r = std::hypot(x, y);
  if (r < 1.0) return std::nullopt;
  return PlaneWind{y / r, -x / r, r};
}

TEST(Streamlines, UniformWindGivesStraightLines) {
  const auto lines = trace_streamlines(eastward, area);
  ASSERT_GT(lines.size(), 10U);
  for (const Streamline& line : lines) {
    ASSERT_EQ(line.points.size(), line.speeds.size());
    for (size_t i = 1; i < line.points.size(); ++i) {
      ASSERT_NEAR(line.points[i].y, line.points[0].y, 1e-9);
      ASSERT_NEAR(line.points[i].x - line.points[i - 1].x, 1.0, 1e-9) << "downwind, a pixel at a time";
    }
  }
}

TEST(Streamlines, StayOnCirclesOfAVortex) {
  for (const Streamline& line : trace_streamlines(vortex, area)) {
    const double radius = distance(line.points[0], {300.0, 200.0});
    // The midpoint rule is of second order: a tenth of a pixel over a turn of the smallest circle is far more than it
    // errs.
    for (const Pixel& point : line.points) ASSERT_NEAR(distance(point, {300.0, 200.0}), radius, 0.05 * radius + 0.5);
  }
}

TEST(Streamlines, KeepHalfTheSpacingFromEachOther) {
  const auto lines = trace_streamlines(vortex, area);
  ASSERT_GT(lines.size(), 5U);
  for (size_t a = 0; a < lines.size(); ++a) {
    for (size_t b = a + 1; b < lines.size(); ++b) {
      for (const Pixel& p : lines[a].points) {
        for (const Pixel& q : lines[b].points) ASSERT_GE(distance(p, q), 0.5 * area.spacing - 1e-9);
      }
    }
  }
}

TEST(Streamlines, NoWindNoLines) {
  EXPECT_TRUE(trace_streamlines([](Pixel) -> std::optional<PlaneWind> { return std::nullopt; }, area).empty());
}

TEST(Streamlines, TheSameWindGivesTheSameLines) {
  const auto first = trace_streamlines(vortex, area), second = trace_streamlines(vortex, area);
  ASSERT_EQ(first.size(), second.size());
  for (size_t i = 0; i < first.size(); ++i) ASSERT_EQ(first[i].points.size(), second[i].points.size());
}

}  // namespace
}  // namespace hens
