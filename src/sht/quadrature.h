// Quadrature in colatitude: where a spherical grid has its rings, and what each ring weighs.
//
// A rule of n points integrates f over cos(theta) in [-1, 1]:
//   sum_k weight[k] f(theta[k])  ~  int_0^pi f sin(theta) dtheta.
// Both rules are symmetric about the equator to the last bit. Tables are made once, in double, and cast by whoever
// needs less. All functions are pure and thread-safe.
#pragma once

#include <vector>

#include "grid/grid_kind.h"

namespace hens::sht {

struct Quadrature {
  std::vector<double> colatitude;  // [n], radians, north to south, strictly increasing in [0, pi]
  std::vector<double> x;           // [n], cos(colatitude), from 1 down to -1; exactly 0 on the equator
  std::vector<double> weight;      // [n], positive, sums to 2
};

// Gauss-Legendre rule: no ring on the poles, exact for polynomials in cos(theta) up to degree 2n - 1.
// Requires n >= 1. Newton iteration on P_n from the asymptotic guess; Press et al., Numerical Recipes, 3rd ed.,
// section 4.6.
Quadrature gauss_legendre(int n);

// Clenshaw-Curtis rule on the equiangular grid theta_k = k pi / (n - 1): rings on both poles, exact up to degree n - 1.
// Requires n >= 2. Weights as the cosine series of Waldvogel, BIT Numerical Mathematics 46 (2006), equation 2.4.
Quadrature clenshaw_curtis(int n);

// The rule of a grid kind: Clenshaw-Curtis for equiangular, Gauss-Legendre for legendre_gauss.
Quadrature quadrature(GridKind kind, int nlat);

}  // namespace hens::sht
