// One globe on a picture: where it lies, what fills it, and its lines.
//
// A panel turns degrees into pixels (Equal Earth, centred on 0 N 0 E) and draws filled bands, coastlines, graticule,
// outline and streamlines onto a canvas. Fields are [lat, lon] on a global grid, rows north to south.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "grid/lat_lon_grid.h"
#include "report/maps/canvas.h"
#include "report/maps/coastline.h"
#include "report/maps/map_projection.h"

namespace hens {

// A field between its grid points: cubic (Catmull-Rom) eastward, where a grid of all longitudes closes on itself, and
// southward; else the end rows and columns repeat. Beside a missing value (NaN) the nearest grid point's counts. Views;
// both must outlive it.
class FieldSampler {
 public:
  FieldSampler(const LatLonGrid& grid, std::span<const float> field);
  double at(GeoPoint point) const;

 private:
  const LatLonGrid& grid_;
  std::span<const float> field_;
  int wrapped(int column) const;

  double row_step_, column_step_;  // degrees; grids of hens are equiangular
  bool closed_ = true;             // whether its columns go all around the globe
};

class MapPanel {
 public:
  // The globe's outline fits the box of `width` pixels whose top left corner is `corner`.
  MapPanel(Pixel corner, int width);

  static int height_of(int width);
  int width() const { return width_; }
  int height() const { return height_of(width_); }
  Pixel corner() const { return corner_; }

  Pixel pixel(GeoPoint point) const;
  std::optional<GeoPoint> geo(Pixel pixel) const;
  const std::vector<Pixel>& outline() const { return outline_; }

  // Where a value is missing (NaN), the panel stays white.
  void fill(Canvas& canvas, const LatLonGrid& grid, std::span<const float> field, const BandScale& scale) const;
  void coastlines(Canvas& canvas, std::span<const CoastSegment> segments) const;
  // Meridians and parallels every 30 degrees, the outline, and labels outside it.
  void graticule(Canvas& canvas) const;
  void frame(Canvas& canvas) const;
  // Evenly spaced streamlines of (u, v) with arrow heads, wider where the wind is stronger.
  void streamlines(Canvas& canvas, const LatLonGrid& grid, std::span<const float> u, std::span<const float> v) const;

 private:
  Pixel corner_;
  int width_;
  double scale_;  // pixels per unit of the projection's plane
  std::vector<Pixel> outline_;
};

}  // namespace hens
