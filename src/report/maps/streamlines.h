// Evenly spaced streamlines in the plane of a picture: none comes nearer to another than a distance, so that they say
// where the wind goes without hiding what lies under them. After Jobard and Lefer, Eurographics Workshop 1997, with the
// seeds on a fixed pattern: the same wind gives the same lines. Pure but for draw_streamline.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "report/maps/canvas.h"

namespace hens {

struct PlaneWind {
  double dx = 0.0, dy = 0.0;  // unit direction in pixels, y downward
  double speed = 0.0;         // m s-1
};

// The wind at a pixel; none where there is none to draw.
using WindAt = std::function<std::optional<PlaneWind>(Pixel)>;

struct Streamline {
  std::vector<Pixel> points;   // a pixel apart, downwind
  std::vector<double> speeds;  // [point] m s-1
};

struct StreamlineArea {
  Pixel corner;               // top left
  int width = 0, height = 0;  // pixels
  double spacing = 16.0;      // least distance between neighbours at their seeds; half of it along the way
};

// Lines at least twice as long as the spacing.
std::vector<Streamline> trace_streamlines(const WindAt& wind, const StreamlineArea& area);

// As wide as its wind is strong, with an arrow head about every 80 pixels, one at least.
void draw_streamline(Canvas& canvas, const Streamline& line, const Colour& colour);

}  // namespace hens
