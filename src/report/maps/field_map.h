// One field as a small map for the page: the globe in Equal Earth or a box in its own frame, bands of colour,
// coastlines, graticule, and a colour bar with the units. Pure: from numbers to a picture.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "grid/lat_lon_grid.h"
#include "report/maps/canvas.h"
#include "report/maps/coastline.h"

namespace hens {

struct FieldScale {
  BandScale bands;
  bool below = false, above = false;  // whether values may lie beyond the ends: the bar's ends are arrows then
  std::string units;                  // stands under the bar
};

// Which kind of numbers a field has.
enum class FieldKind { value, spread, probability };

// Bands that hold all but a thousandth of the area of the fields together: probabilities from 0 to 1 by tenths, spreads
// and water from 0, temperatures from blue to red, winds and what else has signs symmetric about 0. NaN are left out.
// `quantity` and `units` as ChannelInfo has them.
FieldScale field_scale(FieldKind kind, const std::string& quantity, const std::string& units, const LatLonGrid& grid,
                       std::span<const std::vector<float>> fields);

// `field`: [lat, lon] on `grid`, NaN where a value is missing: blank. A grid of all latitudes and longitudes is drawn
// as the globe, 760 pixels wide; any other as a box at most 760 pixels wide and 640 high.
// `lines` are drawn onto the globe, each from point to point; a step of more than half the globe eastward or westward
// is one across 180 degrees.
using GeoLine = std::vector<GeoPoint>;
Picture draw_field_map(const LatLonGrid& grid, std::span<const float> field, const FieldScale& scale,
                       std::span<const CoastSegment> coastlines, std::span<const GeoLine> lines = {});

}  // namespace hens
