#include "sht/legendre.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>
#include <numbers>

namespace hens::sht {
namespace {

// sqrt((2m+1)!! / (4 pi (2m)!!)): what stands before sin(theta)^m in P_mm.
double sectoral_scale(int m) {
  double product = 1.0;
  for (int j = 1; j <= m; ++j) product *= (2 * j + 1.0) / (2 * j);
  return std::sqrt(product / (4.0 * std::numbers::pi));
}

// sin(theta)^m, zero where it would be subnormal: the recursion would only be slow there.
double sine_power(double x, int m) {
  const double power = std::pow(std::sqrt((1.0 - x) * (1.0 + x)), m);
  return power >= std::numeric_limits<double>::min() ? power : 0.0;
}

}  // namespace

void legendre_of_order(int m, int lmax, std::span<const double> x, std::span<double> out) {
  const size_t n = x.size();
  assert(0 <= m && m < lmax && out.size() == (lmax - m) * n);
  const double first = (m % 2 == 0 ? 1.0 : -1.0) * sectoral_scale(m);
  for (size_t k = 0; k < n; ++k) out[k] = first * sine_power(x[k], m);
  if (m + 1 < lmax) {
    const double scale = std::sqrt(2.0 * m + 3.0);
    for (size_t k = 0; k < n; ++k) out[n + k] = scale * x[k] * out[k];
  }
  for (int l = m + 2; l < lmax; ++l) {
    const double ll = static_cast<double>(l) * l, mm = static_cast<double>(m) * m, before = (l - 1.0) * (l - 1.0);
    const double a = std::sqrt((4.0 * ll - 1.0) / (ll - mm));
    const double b = std::sqrt((2.0 * l + 1.0) / (2.0 * l - 3.0) * (before - mm) / (ll - mm));
    double* p = out.data() + (l - m) * n;
    const double *p1 = p - n, *p2 = p1 - n;
    for (size_t k = 0; k < n; ++k) p[k] = a * x[k] * p1[k] - b * p2[k];
  }
}

std::vector<double> legendre_table(int mmax, int lmax, std::span<const double> x) {
  const size_t n = x.size();
  std::vector<double> table(static_cast<size_t>(mmax) * lmax * n);
  for (int m = 0; m < std::min(mmax, lmax); ++m) {
    const size_t first = (static_cast<size_t>(m) * lmax + m) * n;
    legendre_of_order(m, lmax, x, std::span(table).subspan(first, (lmax - m) * n));
  }
  return table;
}

}  // namespace hens::sht
