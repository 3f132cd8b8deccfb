// Where the rows of a grid lie.
#pragma once

namespace hens {

// equiangular: latitudes evenly spaced with both poles. legendre_gauss: at the zeros of the Legendre polynomial.
enum class GridKind { equiangular, legendre_gauss };

}  // namespace hens
