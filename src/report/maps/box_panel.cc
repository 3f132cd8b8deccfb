#include "report/maps/box_panel.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include <fmt/format.h>

#include "base/parallel.h"
#include "report/maps/map_panel.h"

namespace hens {
namespace {

const Colour coast_colour{0.16, 0.17, 0.20}, graticule_colour{0.25, 0.27, 0.32, 0.25}, frame_colour{0.25, 0.27, 0.30},
    label_colour{0.30, 0.32, 0.36};

constexpr int samples = 2;  // per pixel and direction

// Degrees between lines of a graticule: five to ten of them.
double line_step(double range) {
  for (const double step : {0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0}) {
    if (range / step <= 8.0) return step;
  }
  return 60.0;
}

std::string degrees(double value, char positive, char negative) {
  const double shown = std::remainder(value, 360.0);
  if (std::abs(shown) < 1e-9) return "0°";
  if (std::abs(std::abs(shown) - 180.0) < 1e-9) return "180°";
  return fmt::format("{:g}°{}", std::abs(shown), shown > 0.0 ? positive : negative);
}

}  // namespace

BoxPanel::BoxPanel(const LatLonGrid& grid, Pixel corner, int width, int height)
    : corner_(corner),
      north_(grid.lat.front()),
      south_(grid.lat.back()),
      west_(grid.lon.front()),
      east_(grid.lon.back()) {
  if (north_ == south_) north_ += 0.5, south_ -= 0.5;
  if (west_ == east_) east_ += 0.5, west_ -= 0.5;
  // Near a pole a degree of longitude is hardly any length: a quarter of its length at the equator is the least.
  const double squeeze = std::max(0.25, std::cos(0.5 * (north_ + south_) * std::numbers::pi / 180.0));
  const double across = (east_ - west_) * squeeze, down = north_ - south_;
  const double scale = std::min(width / across, height / down);
  width_ = std::max(1, static_cast<int>(std::lround(across * scale)));
  height_ = std::max(1, static_cast<int>(std::lround(down * scale)));
}

Pixel BoxPanel::pixel(GeoPoint point) const {
  return {corner_.x + width_ * (point.lon - west_) / (east_ - west_),
          corner_.y + height_ * (north_ - point.lat) / (north_ - south_)};
}

void BoxPanel::fill(Canvas& canvas, const LatLonGrid& grid, std::span<const float> field,
                    const BandScale& scale) const {
  const FieldSampler sampler(grid, field);
  Picture picture{width_, height_, std::vector<uint8_t>(static_cast<size_t>(width_) * height_ * 3, 255)};
  parallel_for(height_, [&](int64_t first, int64_t last) {
    for (int64_t y = first; y < last; ++y) {
      for (int x = 0; x < width_; ++x) {
        double red = 0.0, green = 0.0, blue = 0.0;
        int count = 0;
        for (int k = 0; k < samples * samples; ++k) {
          const double across = (x + (k % samples + 0.5) / samples) / width_;
          const double down = (static_cast<double>(y) + (k / samples + 0.5) / samples) / height_;
          const double value = sampler.at({std::lerp(north_, south_, down), std::lerp(west_, east_, across)});
          if (std::isnan(value)) continue;
          const Colour& colour = scale.colour(value);
          red += colour.red, green += colour.green, blue += colour.blue, ++count;
        }
        if (count == 0) continue;
        uint8_t* rgb = &picture.rgb[(static_cast<size_t>(y) * width_ + x) * 3];
        rgb[0] = static_cast<uint8_t>(std::lround(255.0 * red / count));
        rgb[1] = static_cast<uint8_t>(std::lround(255.0 * green / count));
        rgb[2] = static_cast<uint8_t>(std::lround(255.0 * blue / count));
      }
    }
  });
  canvas.picture(corner_, picture);
}

// Segments have longitudes of -180 .. 180, a box any: each is tried one turn further on either side.
void BoxPanel::coastlines(Canvas& canvas, std::span<const CoastSegment> segments) const {
  const Pixel end{corner_.x + width_, corner_.y + height_};
  canvas.clip(std::array{corner_, Pixel{end.x, corner_.y}, end, Pixel{corner_.x, end.y}});
  std::vector<Pixel> line;
  for (const CoastSegment& segment : segments) {
    const auto [west, east] = std::ranges::minmax(segment.points, {}, &GeoPoint::lon);
    const auto [south, north] = std::ranges::minmax(segment.points, {}, &GeoPoint::lat);
    if (north.lat < south_ || south.lat > north_) continue;
    for (const double turn : {-360.0, 0.0, 360.0}) {
      if (east.lon + turn < west_ || west.lon + turn > east_) continue;
      line.clear();
      for (const GeoPoint& point : segment.points) line.push_back(pixel({point.lat, point.lon + turn}));
      canvas.line(line, segment.lake ? 0.7 : 1.1, coast_colour);
    }
  }
  canvas.unclip();
}

void BoxPanel::graticule(Canvas& canvas) const {
  const double right = corner_.x + width_, bottom = corner_.y + height_;
  const double down = line_step(north_ - south_), across = line_step(east_ - west_);
  for (double lat = std::ceil(south_ / down) * down; lat <= north_ + 1e-9; lat += down) {
    const double y = pixel({lat, west_}).y;
    canvas.line(std::array{Pixel{corner_.x, y}, Pixel{right, y}}, 0.8, graticule_colour);
    canvas.text({corner_.x - 7.0, y + 4.5}, degrees(lat, 'N', 'S'), {13.0, false, label_colour, TextAlign::right});
  }
  for (double lon = std::ceil(west_ / across) * across; lon <= east_ + 1e-9; lon += across) {
    const double x = pixel({north_, lon}).x;
    canvas.line(std::array{Pixel{x, corner_.y}, Pixel{x, bottom}}, 0.8, graticule_colour);
    canvas.text({x, bottom + 17.0}, degrees(lon, 'E', 'W'), {13.0, false, label_colour, TextAlign::centre});
  }
  canvas.line(std::array{corner_, Pixel{right, corner_.y}, Pixel{right, bottom}, Pixel{corner_.x, bottom}, corner_},
              1.2, frame_colour);
}

}  // namespace hens
