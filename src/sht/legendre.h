// Associated Legendre functions, orthonormal on the sphere, with the Condon-Shortley sign:
//
//   P_lm(x) = (-1)^m sqrt((2l+1)/(4 pi) (l-m)!/(l+m)!) P_l^m(x)   (P_l^m without the sign),
//
// so that P_lm(cos theta) exp(i m lambda) has norm 1 and P_11 = -sqrt(3/(8 pi)) sin(theta). Everything is in double.
// Pure and thread-safe.
#pragma once

#include <span>
#include <vector>

namespace hens::sht {

// Fills `out` [lmax - m, x.size()] with P_lm(x[k]) for l = m .. lmax - 1, one row a degree. Requires 0 <= m < lmax and
// |x| <= 1. Three-term recursion in l from P_mm (Abramowitz and Stegun 8.5.3, normalised). P_mm underflows to zero near
// the poles; up to lmax of about 1900 everything that does is negligible at every degree.
void legendre_of_order(int m, int lmax, std::span<const double> x, std::span<double> out);

// The full table [mmax, lmax, x.size()], zero where m > l.
std::vector<double> legendre_table(int mmax, int lmax, std::span<const double> x);

}  // namespace hens::sht
