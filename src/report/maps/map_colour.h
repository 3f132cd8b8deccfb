// Colours of the maps: scales whose lightness falls steadily from the lowest band to the highest, so that more looks
// like more to every eye and in print without colour. Made in OKLab (B. Ottosson, 2020), not from a table. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace hens {

struct Colour {
  double red = 0.0, green = 0.0, blue = 0.0;  // sRGB, 0 .. 1
  double alpha = 1.0;
};

struct OkLab {
  double lightness = 0.0, a = 0.0, b = 0.0;  // lightness 0 .. 1
};

OkLab to_oklab(const Colour& colour);
Colour from_oklab(const OkLab& lab);  // clipped to what a screen shows

// wind, spread, moisture, probability: lightness falls from nothing to much. height: it rises, since low is what is
// looked for. signs and temperature: light in the middle, blue below, red above.
enum class Palette { wind, spread, moisture, probability, height, signs, temperature };

// The palette at `position` in 0 .. 1 (clamped).
Colour palette_colour(Palette palette, double position);

// Bands of equal width: band i is [low + i step, low + (i + 1) step), the last one everything above.
struct BandScale {
  double step = 1.0;
  std::vector<Colour> bands;  // ascending
  double low = 0.0;

  // Band of `value`, a number; values below `low` are in the first.
  int band(double value) const;
  const Colour& colour(double value) const { return bands[band(value)]; }
};

// Round steps (1, 2, 2.5 or 5 times a power of ten) so that 8 to 16 bands reach `top`, and one band beyond.
// Requires top >= 0; 0 counts as 1.
BandScale make_scale(Palette palette, double top);

// Round steps so that 8 to 16 bands hold [low, high]; the outer ones hold what lies beyond, too. A palette of signs has
// its middle at 0. Requires numbers; low >= high counts as one unit around low.
BandScale make_range_scale(Palette palette, double low, double high);

// The value that a `fraction` of the globe's area lies below: rows weigh as the cosine of their latitude.
double area_quantile(std::span<const float> field, std::span<const double> lat, double fraction);

}  // namespace hens
