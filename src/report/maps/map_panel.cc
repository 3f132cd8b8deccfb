#include "report/maps/map_panel.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "base/parallel.h"
#include "report/maps/streamlines.h"

namespace hens {
namespace {

const Colour coast_colour{0.16, 0.17, 0.20};
const Colour lake_colour{0.16, 0.17, 0.20, 0.7};
const Colour graticule_colour{0.25, 0.27, 0.32, 0.22};
const Colour frame_colour{0.25, 0.27, 0.30};
const Colour label_colour{0.36, 0.38, 0.42};
const Colour stream_colour{0.10, 0.12, 0.20, 0.78};

constexpr int samples = 3;  // per pixel and direction, so that bands have smooth edges

// Catmull-Rom weights of the four neighbours of a point `t` of the way from the second to the third.
std::array<double, 4> cubic_weights(double t) {
  const double t2 = t * t, t3 = t2 * t;
  return {-0.5 * t + t2 - 0.5 * t3, 1.0 - 2.5 * t2 + 1.5 * t3, 0.5 * t + 2.0 * t2 - 1.5 * t3, -0.5 * t2 + 0.5 * t3};
}

struct ByteSum {
  double red = 0.0, green = 0.0, blue = 0.0;
  int count = 0;

  void add(const Colour& colour) {
    red += colour.red, green += colour.green, blue += colour.blue;
    ++count;
  }
  void store(uint8_t* rgb) const {
    const auto byte = [&](double sum) {
      return static_cast<uint8_t>(std::lround(255.0 * (count == 0 ? 1.0 : sum / count)));
    };
    rgb[0] = byte(red), rgb[1] = byte(green), rgb[2] = byte(blue);
  }
};

std::string parallel_label(int lat) {
  return lat == 0 ? "0°" : fmt::format("{}°{}", std::abs(lat), lat > 0 ? "N" : "S");
}
std::string meridian_label(int lon) {
  return lon == 0 ? "0°" : fmt::format("{}°{}", std::abs(lon), lon > 0 ? "E" : "W");
}

}  // namespace

FieldSampler::FieldSampler(const LatLonGrid& grid, std::span<const float> field)
    : grid_(grid),
      field_(field),
      row_step_(grid.nlat() > 1 ? (grid.lat.front() - grid.lat.back()) / (grid.nlat() - 1) : 1.0),
      column_step_(360.0 / grid.nlon()) {
  const double step = grid.nlon() > 1 ? (grid.lon.back() - grid.lon.front()) / (grid.nlon() - 1) : 1.0;
  closed_ = std::abs(step * grid.nlon() - 360.0) < 1e-6 * 360.0;
  if (!closed_) column_step_ = step;
}

double FieldSampler::at(GeoPoint point) const {
  const int nlat = grid_.nlat(), nlon = grid_.nlon();
  const double row = std::clamp((grid_.lat.front() - point.lat) / row_step_, 0.0, static_cast<double>(nlat - 1));
  double column = (point.lon - grid_.lon.front()) / column_step_;
  if (!closed_) column = std::clamp(column, 0.0, static_cast<double>(nlon - 1));
  const int i = static_cast<int>(row), j = static_cast<int>(std::floor(column));
  const auto down = cubic_weights(row - i), across = cubic_weights(column - j);
  double sum = 0.0;
  for (int a = 0; a < 4; ++a) {
    const float* values = field_.data() + static_cast<size_t>(std::clamp(i + a - 1, 0, nlat - 1)) * nlon;
    double along = 0.0;
    for (int b = 0; b < 4; ++b) along += across[b] * values[wrapped(j + b - 1)];
    sum += down[a] * along;
  }
  if (std::isfinite(sum)) return sum;
  // Beside missing values the nearest one counts, so that what is missing is no wider than it is.
  const auto nearest_row = static_cast<size_t>(std::clamp(static_cast<int>(std::lround(row)), 0, nlat - 1));
  return field_[nearest_row * nlon + wrapped(static_cast<int>(std::lround(column)))];
}

int FieldSampler::wrapped(int column) const {
  const int nlon = grid_.nlon();
  return closed_ ? (column % nlon + nlon) % nlon : std::clamp(column, 0, nlon - 1);
}

MapPanel::MapPanel(Pixel corner, int width)
    : corner_(corner), width_(width), scale_(width / (2.0 * equal_earth::half_width)) {
  for (int lat = -90; lat <= 90; ++lat) outline_.push_back(pixel({static_cast<double>(lat), 180.0}));
  for (int lat = 90; lat >= -90; --lat) outline_.push_back(pixel({static_cast<double>(lat), -180.0}));
}

int MapPanel::height_of(int width) {
  return static_cast<int>(std::ceil(width * equal_earth::half_height / equal_earth::half_width));
}

Pixel MapPanel::pixel(GeoPoint point) const {
  const PlanePoint plane = equal_earth::project(point);
  return {corner_.x + scale_ * (plane.x + equal_earth::half_width),
          corner_.y + scale_ * (equal_earth::half_height - plane.y)};
}

std::optional<GeoPoint> MapPanel::geo(Pixel pixel) const {
  return equal_earth::unproject({(pixel.x - corner_.x) / scale_ - equal_earth::half_width,
                                 equal_earth::half_height - (pixel.y - corner_.y) / scale_});
}

void MapPanel::fill(Canvas& canvas, const LatLonGrid& grid, std::span<const float> field,
                    const BandScale& scale) const {
  const FieldSampler sampler(grid, field);
  Picture picture{width_, height(), std::vector<uint8_t>(static_cast<size_t>(width_) * height() * 3)};
  parallel_for(picture.height, [&](int64_t first, int64_t last) {
    std::vector<ByteSum> sums(width_);
    for (int64_t y = first; y < last; ++y) {
      std::fill(sums.begin(), sums.end(), ByteSum{});
      for (int sub = 0; sub < samples; ++sub) {
        const double plane_y = equal_earth::half_height - (static_cast<double>(y) + (sub + 0.5) / samples) / scale_;
        if (std::abs(plane_y) > equal_earth::half_height) continue;
        const double lat = equal_earth::latitude(plane_y);
        const double degree = scale_ * equal_earth::degree_width(lat);
        for (int x = 0; x < width_ * samples; ++x) {
          const double lon = ((x + 0.5) / samples - 0.5 * width_) / degree;
          // A pixel beyond the outline takes the colour at it: the clip blends it there.
          const double value = sampler.at({lat, std::clamp(lon, -180.0, 180.0)});
          if (!std::isnan(value)) sums[x / samples].add(scale.colour(value));
        }
      }
      for (int x = 0; x < width_; ++x) sums[x].store(&picture.rgb[(static_cast<size_t>(y) * width_ + x) * 3]);
    }
  });
  canvas.clip(outline_);
  canvas.picture(corner_, picture);
  canvas.unclip();
}

void MapPanel::coastlines(Canvas& canvas, std::span<const CoastSegment> segments) const {
  std::vector<Pixel> line;
  for (const CoastSegment& segment : segments) {
    line.clear();
    for (const GeoPoint& point : segment.points) line.push_back(pixel(point));
    canvas.line(line, segment.lake ? 0.7 : 1.1, segment.lake ? lake_colour : coast_colour);
  }
}

void MapPanel::graticule(Canvas& canvas) const {
  for (int lon = -150; lon <= 150; lon += 30) {
    std::vector<Pixel> meridian;
    for (int lat = -90; lat <= 90; lat += 2) {
      meridian.push_back(pixel({static_cast<double>(lat), static_cast<double>(lon)}));
    }
    canvas.line(meridian, 0.8, graticule_colour);
  }
  for (int lat = -60; lat <= 60; lat += 30) {
    const auto degrees = static_cast<double>(lat);
    canvas.line(std::array{pixel({degrees, -180.0}), pixel({degrees, 180.0})}, 0.8, graticule_colour);
  }
}

void MapPanel::frame(Canvas& canvas) const {
  std::vector<Pixel> closed = outline_;
  closed.push_back(outline_.front());
  canvas.line(closed, 1.6, frame_colour);
  for (int lat = -60; lat <= 60; lat += 30) {
    const Pixel end = pixel({static_cast<double>(lat), -180.0});
    canvas.text({end.x - 7.0, end.y + 5.0 - lat / 12.0}, parallel_label(lat),
                {14.0, false, label_colour, TextAlign::right});
  }
  for (int lon = -120; lon <= 120; lon += 60) {
    const Pixel end = pixel({-90.0, static_cast<double>(lon)});
    canvas.text({end.x, end.y + 19.0}, meridian_label(lon), {14.0, false, label_colour, TextAlign::centre});
  }
}

void MapPanel::streamlines(Canvas& canvas, const LatLonGrid& grid, std::span<const float> u,
                           std::span<const float> v) const {
  const FieldSampler east(grid, u), north(grid, v);
  const auto wind = [&](Pixel at) -> std::optional<PlaneWind> {
    const std::optional<GeoPoint> point = geo(at);
    // Meridians crowd at the poles: there a direction on the map says nothing.
    if (!point || std::abs(point->lat) > 86.0) return std::nullopt;
    const double du = east.at(*point), dv = north.at(*point);
    const double speed = std::hypot(du, dv);
    if (!(speed > 0.0)) return std::nullopt;
    // A hundredth of a degree along the wind, as the map shows it.
    const double step = 0.01 / speed;
    const Pixel there =
        pixel({point->lat + step * dv, point->lon + step * du / std::cos(point->lat * std::acos(-1.0) / 180.0)});
    const Pixel here = pixel(*point);
    const double length = std::hypot(there.x - here.x, there.y - here.y);
    return PlaneWind{(there.x - here.x) / length, (there.y - here.y) / length, speed};
  };
  for (const Streamline& line : trace_streamlines(wind, {corner_, width_, height(), 15.0})) {
    draw_streamline(canvas, line, stream_colour);
  }
}

}  // namespace hens
