#include "report/maps/map_colour.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <numbers>
#include <utility>

namespace hens {
namespace {

double linear(double channel) {
  return channel <= 0.04045 ? channel / 12.92 : std::pow((channel + 0.055) / 1.055, 2.4);
}

double companded(double channel) {
  const double clipped = std::clamp(channel, 0.0, 1.0);
  return clipped <= 0.0031308 ? 12.92 * clipped : 1.055 * std::pow(clipped, 1.0 / 2.4) - 0.055;
}

// Colours through which a palette runs, evenly spaced; lightness falls from each to the next.
struct Anchor {
  double lightness, chroma, hue;  // OKLab in polar form, hue in degrees
};

const std::vector<Anchor>& anchors(Palette palette) {
  // Calm air is nearly white, a breeze blue to green, fresh winds yellow (bright, or it were olive), gales amber to
  // red, storms purple.
  static const std::vector<Anchor> wind{
      {0.980, 0.008, 230}, {0.935, 0.040, 225}, {0.890, 0.072, 200}, {0.865, 0.095, 155}, {0.845, 0.140, 105},
      {0.750, 0.155, 68},  {0.640, 0.175, 38},  {0.520, 0.185, 15},  {0.415, 0.170, -18}, {0.310, 0.140, -55}};
  static const std::vector<Anchor> spread{{0.980, 0.008, 110}, {0.900, 0.060, 150}, {0.780, 0.090, 185},
                                          {0.640, 0.095, 220}, {0.480, 0.110, 255}, {0.310, 0.120, 285}};
  static const std::vector<Anchor> moisture{{0.980, 0.010, 95},  {0.900, 0.070, 115}, {0.780, 0.110, 150},
                                            {0.630, 0.105, 195}, {0.470, 0.110, 240}, {0.310, 0.120, 275}};
  static const std::vector<Anchor> probability{{0.985, 0.004, 90}, {0.920, 0.070, 95}, {0.820, 0.130, 75},
                                               {0.680, 0.165, 45}, {0.510, 0.165, 15}, {0.330, 0.130, -25}};
  static const std::vector<Anchor> height{{0.310, 0.110, 290}, {0.440, 0.110, 255}, {0.580, 0.100, 220},
                                          {0.720, 0.105, 175}, {0.840, 0.120, 130}, {0.950, 0.090, 105}};
  static const std::vector<Anchor> signs{{0.360, 0.130, 260}, {0.560, 0.120, 250}, {0.780, 0.075, 235},
                                         {0.970, 0.006, 100}, {0.800, 0.090, 50},  {0.600, 0.150, 35},
                                         {0.400, 0.140, 20}};
  static const std::vector<Anchor> temperature{
      {0.330, 0.130, 300}, {0.450, 0.140, 270}, {0.620, 0.120, 245}, {0.800, 0.080, 215}, {0.930, 0.050, 150},
      {0.920, 0.090, 100}, {0.810, 0.130, 75},  {0.660, 0.165, 45},  {0.500, 0.165, 25},  {0.340, 0.120, 5}};
  switch (palette) {
    case Palette::wind:
      return wind;
    case Palette::spread:
      return spread;
    case Palette::moisture:
      return moisture;
    case Palette::probability:
      return probability;
    case Palette::height:
      return height;
    case Palette::signs:
      return signs;
    case Palette::temperature:
      break;
  }
  return temperature;
}

// The smallest of 1, 2, 2.5 and 5 times a power of ten of which 16 are at least `range`.
double round_step(double range) {
  const double power = std::pow(10.0, std::floor(std::log10(range / 16.0)));
  for (const double factor : {1.0, 2.0, 2.5, 5.0}) {
    if (range <= 16.0 * factor * power) return factor * power;
  }
  return 10.0 * power;
}

}  // namespace

OkLab to_oklab(const Colour& colour) {
  const double r = linear(colour.red), g = linear(colour.green), b = linear(colour.blue);
  const double l = std::cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const double m = std::cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const double s = std::cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return {0.2104542553 * l + 0.7936177850 * m - 0.0040720468 * s,
          1.9779984951 * l - 2.4285922050 * m + 0.4505937099 * s,
          0.0259040371 * l + 0.7827717662 * m - 0.8086757660 * s};
}

Colour from_oklab(const OkLab& lab) {
  const auto cube = [](double x) { return x * x * x; };
  const double l = cube(lab.lightness + 0.3963377774 * lab.a + 0.2158037573 * lab.b);
  const double m = cube(lab.lightness - 0.1055613458 * lab.a - 0.0638541728 * lab.b);
  const double s = cube(lab.lightness - 0.0894841775 * lab.a - 1.2914855480 * lab.b);
  return {companded(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
          companded(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
          companded(-0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s)};
}

Colour palette_colour(Palette palette, double position) {
  const std::vector<Anchor>& colours = anchors(palette);
  const double along = std::clamp(position, 0.0, 1.0) * static_cast<double>(colours.size() - 1);
  const auto left = std::min(static_cast<size_t>(along), colours.size() - 2);
  const Anchor &from = colours[left], &to = colours[left + 1];
  const double w = along - static_cast<double>(left);
  const double chroma = std::lerp(from.chroma, to.chroma, w);
  const double hue = std::lerp(from.hue, to.hue, w) * std::numbers::pi / 180.0;
  return from_oklab({std::lerp(from.lightness, to.lightness, w), chroma * std::cos(hue), chroma * std::sin(hue)});
}

int BandScale::band(double value) const {
  const double index = std::floor((value - low) / step);
  return static_cast<int>(std::clamp(index, 0.0, static_cast<double>(bands.size() - 1)));
}

BandScale make_scale(Palette palette, double top) {
  assert(top >= 0.0);
  const double reach = top > 0.0 ? top : 1.0;
  const double step = round_step(reach);
  const int count = std::max(8, static_cast<int>(std::ceil(reach / step - 1e-9))) + 1;
  BandScale scale{step, {}};
  for (int i = 0; i < count; ++i) scale.bands.push_back(palette_colour(palette, static_cast<double>(i) / (count - 1)));
  return scale;
}

BandScale make_range_scale(Palette palette, double low, double high) {
  // Two values that a float does not tell apart are one.
  const double least = std::max(1e-30, 1e-6 * std::max(std::abs(low), std::abs(high)));
  if (!(high - low > least)) low -= std::max(0.5, least), high += std::max(0.5, least);
  if (palette == Palette::signs) high = std::max(std::abs(low), std::abs(high)), low = -high;
  // Edges at whole steps may take one more band on either side.
  double step = round_step((high - low) * 16.0 / 15.0);
  auto first = std::floor(low / step + 1e-9), last = std::ceil(high / step - 1e-9);
  if (last - first > 16.0)
    step = round_step(16.1 * step), first = std::floor(low / step), last = std::ceil(high / step);
  const int count = std::max(1, static_cast<int>(last - first));
  BandScale scale{step, {}, first * step};
  for (int i = 0; i < count; ++i) scale.bands.push_back(palette_colour(palette, (i + 0.5) / count));
  return scale;
}

double area_quantile(std::span<const float> field, std::span<const double> lat, double fraction) {
  assert(!field.empty() && field.size() % lat.size() == 0);
  const size_t nlon = field.size() / lat.size();
  std::vector<std::pair<float, double>> weighted;
  weighted.reserve(field.size());
  double total = 0.0;
  for (size_t i = 0; i < field.size(); ++i) {
    const double weight = std::max(0.0, std::cos(lat[i / nlon] * std::numbers::pi / 180.0));
    weighted.emplace_back(field[i], weight);
    total += weight;
  }
  std::sort(weighted.begin(), weighted.end());
  double below = 0.0;
  for (const auto& [value, weight] : weighted) {
    below += weight;
    if (below >= fraction * total) return value;
  }
  return weighted.back().first;
}

}  // namespace hens
