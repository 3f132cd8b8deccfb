// The order of points in the engine's fields: by latitude and quad, the four points that lie alike about the meridians
// of 0, 90, 180 and 270 degrees.
//
// Quad j < quads of a latitude with nlon = 2 half longitudes holds the points j, half + j, nlon - j and half - j. Of
// its values x0 .. x3 the Fourier sums over longitude need
//   c0 = x0 + x1 + x2 + x3   cosines of even orders      c2 = x0 - x1 + x2 - x3   cosines of odd orders
//   c1 = x0 + x1 - x2 - x3   sines of even orders        c3 = x0 - x1 - x2 + x3   sines of odd orders
// since cos and sin of m lambda are even or odd about each of these meridians: a quarter of the circle has all, and the
// sums cost a quarter. A field in this form is called folded. Being linear, what acts on channels alone (the
// decoder's first layer) acts on folded fields as well.
//
// Quad 0, and the last where half is even, has two points only, each twice: sums over quads count it half.
#pragma once

#include <cstdint>

#include "engine/device/host_device.h"

namespace hens::engine {

HENS_HD int quads_of(int half) { return half / 2 + 1; }
HENS_HD bool has_two_points(int quad, int half) { return quad == 0 || 2 * quad == half; }

// Longitude of point i = 0 .. 3.
HENS_HD int longitude_of(int quad, int i, int half) {
  if (i < 2) return i * half + quad;
  if (i == 3) return half - quad;
  return quad == 0 ? 0 : 2 * half - quad;
}

// Where a longitude lies in its latitude's row of quads: 4 quad + i.
HENS_HD int in_quads(int lon, int half) {
  const int i = lon >= half ? 1 : 0, from_meridian = lon - i * half;
  if (2 * from_meridian <= half) return 4 * from_meridian + i;
  return 4 * (half - from_meridian) + (i == 0 ? 3 : 2);
}

}  // namespace hens::engine
