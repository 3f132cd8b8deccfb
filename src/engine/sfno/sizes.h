// The engine's view of a network: its sizes, and the widths that its arrays are padded to.
//
// Channels are the contiguous dimension of every array, padded with zeros to multiples of 64, so that rows are whole
// 128-byte lines: bulk copies of rows that straddle lines run at half speed. Products are computed for `used` channels,
// a multiple of 16; the rest of the padding holds zeros, and meets zeros.
#pragma once

#include "engine/sfno/quads.h"
#include "package/package.h"

namespace hens::engine {

struct Grid {
  GridKind kind = GridKind::equiangular;
  int nlat = 0, nlon = 0;
  int half() const { return nlon / 2; }
  int quads() const { return quads_of(half()); }                // of a latitude
  int64_t rows() const { return int64_t{4} * nlat * quads(); }  // of a field in the order of quads.h
  int northern() const { return (nlat + 1) / 2; }  // rows down to the equator, which counts where there is one
  int64_t points() const { return int64_t{1} * nlat * nlon; }
};

struct Sizes {
  Grid outer, inner;
  int lmax = 0, orders = 0;  // degrees 0 .. lmax - 1, orders 0 .. orders - 1; orders <= lmax
  int channels = 0;          // of the state
  int forcing = 0;           // sun and static features
  bool sun = false;          // the first of the forcing
  int embed = 0, hidden = 0, blocks = 0;

  int width() const { return padded(embed); }
  int hidden_width() const { return padded(hidden); }
  int state_width() const { return channels + channels % 2; }  // forcing begins here in the network's input
  int input_width() const { return padded(state_width() + forcing); }
  int even_orders() const { return (orders + 1) / 2; }
  int odd_orders() const { return orders / 2; }
  // Fourier coefficients lie with the even orders first.
  int position(int order) const { return order % 2 == 0 ? order / 2 : even_orders() + order / 2; }

  int used_width() const { return used(embed); }
  int used_hidden() const { return used(hidden); }

  static int padded(int n) { return (n + 63) / 64 * 64; }
  static int used(int n) { return (n + 15) / 16 * 16; }
};

// Whether synthesis on the grid and analysis bring a spectrum back as it was: where the quadrature is exact for
// products of two of its degrees (Gauss: to degree 2 nlat - 1; Clenshaw-Curtis: nlat - 1), and the Nyquist order, of
// which a grid keeps the cosine alone, is not among its orders.
bool keeps_spectrum(const Sizes& sizes, const Grid& grid);

// Throws Error{bad_spec} naming what the fast engine cannot do: an odd number of longitudes, one grid outside and
// inside, a single block.
Sizes sizes_of(const ModelConfig& config);

}  // namespace hens::engine
