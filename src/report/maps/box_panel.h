// A box of the globe on a picture, in a frame of its own: equirectangular, true to scale at its middle parallel. Where
// MapPanel is the globe, this is a region.
#pragma once

#include <span>

#include "grid/lat_lon_grid.h"
#include "report/maps/canvas.h"
#include "report/maps/coastline.h"
#include "report/maps/map_projection.h"

namespace hens {

class BoxPanel {
 public:
  // The box from the first to the last row and column of `grid`, whose longitudes ascend, as large as fits into `width`
  // x `height` pixels below and right of `corner`. Of one row or column: a degree around it.
  BoxPanel(const LatLonGrid& grid, Pixel corner, int width, int height);

  int width() const { return width_; }
  int height() const { return height_; }
  Pixel pixel(GeoPoint point) const;

  // Where a value is missing (NaN), the panel stays white.
  void fill(Canvas& canvas, const LatLonGrid& grid, std::span<const float> field, const BandScale& scale) const;
  void coastlines(Canvas& canvas, std::span<const CoastSegment> segments) const;
  // Round meridians and parallels, the frame, and labels left of and below it.
  void graticule(Canvas& canvas) const;

 private:
  Pixel corner_;
  double north_, south_, west_, east_;
  int width_, height_;
};

}  // namespace hens
