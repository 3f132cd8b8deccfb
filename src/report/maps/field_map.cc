#include "report/maps/field_map.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "report/maps/box_panel.h"
#include "report/maps/map_panel.h"

namespace hens {
namespace {

constexpr int picture_width = 760, left = 52, right = 14, top = 10, foot = 30, bar_height = 64, tallest_box = 520;
constexpr double outside = 0.0005;  // of the area, at either end of a scale

const Colour ink{0.12, 0.14, 0.17}, paper{1.0, 1.0, 1.0}, edge{0.36, 0.38, 0.42};

bool is_globe(const LatLonGrid& grid) {
  return grid.nlon() > 1 && grid.lat.front() - grid.lat.back() > 179.9 &&
         std::abs((grid.lon.back() - grid.lon.front()) * grid.nlon() / (grid.nlon() - 1) - 360.0) < 1e-3;
}

struct Range {
  double low = 0.0, high = 0.0;  // of all but a thousandth of the area
  double lowest = 0.0, highest = 0.0;
  bool any = false;
};

// By rows, so that what is missing has no weight.
Range range_of(const LatLonGrid& grid, std::span<const std::vector<float>> fields) {
  Range range;
  for (const std::vector<float>& field : fields) {
    std::vector<float> values;
    std::vector<double> lat;
    for (size_t k = 0; k < field.size(); ++k) {
      if (!std::isfinite(field[k])) continue;
      values.push_back(field[k]);
      lat.push_back(grid.lat[k / grid.lon.size()]);
    }
    if (values.empty()) continue;
    const double low = area_quantile(values, lat, outside), high = area_quantile(values, lat, 1.0 - outside);
    const auto [lowest, highest] = std::ranges::minmax(values);
    range.low = range.any ? std::min(range.low, low) : low;
    range.high = range.any ? std::max(range.high, high) : high;
    range.lowest = range.any ? std::min<double>(range.lowest, lowest) : lowest;
    range.highest = range.any ? std::max<double>(range.highest, highest) : highest;
    range.any = true;
  }
  return range;
}

Palette palette_of(const std::string& quantity, const std::string& units, const Range& range) {
  if (quantity == "u" || quantity == "v" || quantity == "w" || quantity.starts_with("u1") ||
      quantity.starts_with("v1")) {
    return Palette::signs;
  }
  if (units == "K" || units == "degC")
    return range.low > 100.0 || units == "degC" ? Palette::temperature : Palette::height;
  if (quantity == "q" || quantity == "r" || quantity.starts_with("tcw") || units == "kg m-2") return Palette::moisture;
  if (units == "m s-1") return range.low < 0.0 ? Palette::signs : Palette::wind;
  return range.low < 0.0 && range.high > 0.0 ? Palette::signs : Palette::height;
}

void draw_bar(Canvas& canvas, const FieldScale& scale, double y) {
  const double height = 16.0, tip = 14.0, from = left + 10.0 + tip, to = picture_width - right - 10.0 - tip;
  const std::vector<Colour>& bands = scale.bands.bands;
  const auto count = static_cast<double>(bands.size());
  const auto at = [&](size_t k) { return from + (to - from) * static_cast<double>(k) / count; };
  for (size_t k = 0; k < bands.size(); ++k) {
    canvas.area(
        std::array{Pixel{at(k), y}, Pixel{at(k + 1), y}, Pixel{at(k + 1), y + height}, Pixel{at(k), y + height}},
        bands[k]);
  }
  std::vector<Pixel> around{{from, y}, {to, y}};
  if (scale.above) {
    canvas.area(std::array{Pixel{to - 0.5, y}, Pixel{to + tip, y + 0.5 * height}, Pixel{to - 0.5, y + height}},
                bands.back());
    around.push_back({to + tip, y + 0.5 * height});
  }
  around.insert(around.end(), {{to, y + height}, {from, y + height}});
  if (scale.below) {
    canvas.area(std::array{Pixel{from + 0.5, y}, Pixel{from - tip, y + 0.5 * height}, Pixel{from + 0.5, y + height}},
                bands.front());
    around.push_back({from - tip, y + 0.5 * height});
  }
  around.push_back(around.front());
  canvas.line(around, 1.0, edge);
  const size_t every = bands.size() > 12 ? 2 : 1;
  for (size_t k = 0; k <= bands.size(); k += every) {
    const double value = scale.bands.low + static_cast<double>(k) * scale.bands.step;
    canvas.text({at(k), y + height + 16.0},
                fmt::format("{:g}", std::abs(value) < 1e-9 * scale.bands.step ? 0.0 : value),
                {13.0, false, ink, TextAlign::centre});
  }
  canvas.text({0.5 * (from + to), y + height + 35.0}, scale.units, {14.0, false, ink, TextAlign::centre});
}

double west_or_east(double lon) { return lon - 360.0 * std::floor((lon + 180.0) / 360.0); }  // -180 .. 180

// Cut where it leaves the map at 180 degrees.
void draw_line(Canvas& canvas, const MapPanel& globe, const GeoLine& line) {
  const Colour colour{ink.red, ink.green, ink.blue, 0.6};
  std::vector<Pixel> piece;
  double before = 0.0;
  for (const GeoPoint& point : line) {
    const double lon = west_or_east(point.lon);
    if (!piece.empty() && std::abs(lon - before) > 180.0) {
      if (piece.size() > 1) canvas.line(piece, 1.0, colour);
      piece.clear();
    }
    piece.push_back(globe.pixel({point.lat, lon}));
    before = lon;
  }
  if (piece.size() > 1) canvas.line(piece, 1.0, colour);
}

}  // namespace

FieldScale field_scale(FieldKind kind, const std::string& quantity, const std::string& units, const LatLonGrid& grid,
                       std::span<const std::vector<float>> fields) {
  if (kind == FieldKind::probability) {
    BandScale bands{0.1, {}, 0.0};
    for (int k = 0; k < 10; ++k) bands.bands.push_back(palette_colour(Palette::probability, k / 9.0));
    return {bands, false, false, "probability"};
  }
  Range range = range_of(grid, fields);
  Palette palette = kind == FieldKind::spread ? Palette::spread : palette_of(quantity, units, range);
  const bool from_zero = palette == Palette::spread || palette == Palette::wind || palette == Palette::moisture;
  if (from_zero) range.low = 0.0;
  if (from_zero && !(range.high > 0.0)) range.high = 1.0;
  FieldScale scale{make_range_scale(palette, range.low, range.high), false, false, units};
  const BandScale& bands = scale.bands;
  scale.below = range.any && !from_zero && range.lowest < bands.low;
  scale.above = range.any && range.highest > bands.low + bands.step * static_cast<double>(bands.bands.size());
  return scale;
}

Picture draw_field_map(const LatLonGrid& grid, std::span<const float> field, const FieldScale& scale,
                       std::span<const CoastSegment> coastlines, std::span<const GeoLine> lines) {
  const int width = picture_width - left - right;
  if (is_globe(grid)) {
    const MapPanel globe({left, top}, width);
    Canvas canvas(picture_width, top + globe.height() + foot + bar_height, paper);
    globe.fill(canvas, grid, field, scale.bands);
    globe.graticule(canvas);
    globe.coastlines(canvas, coastlines);
    for (const GeoLine& line : lines) draw_line(canvas, globe, line);
    globe.frame(canvas);
    draw_bar(canvas, scale, top + globe.height() + foot);
    return canvas.result();
  }
  const BoxPanel size(grid, {left, top}, width, tallest_box);
  const BoxPanel box(grid, {left + 0.5 * (width - size.width()) - (width - size.width()) % 2 * 0.5, top}, width,
                     tallest_box);
  Canvas canvas(picture_width, top + box.height() + foot + bar_height, paper);
  box.fill(canvas, grid, field, scale.bands);
  box.coastlines(canvas, coastlines);
  box.graticule(canvas);
  draw_bar(canvas, scale, top + box.height() + foot);
  return canvas.result();
}

}  // namespace hens
