#include "sht/quadrature.h"

#include <cassert>
#include <cmath>
#include <numbers>

namespace hens::sht {
namespace {

struct LegendreValue {
  double p;   // P_n(x)
  double dp;  // its derivative
};

// Three-term recurrence, |x| < 1.
LegendreValue legendre(int n, double x) {
  double p = 1.0, previous = 0.0;
  for (int k = 1; k <= n; ++k) {
    const double next = ((2 * k - 1) * x * p - (k - 1) * previous) / k;
    previous = p;
    p = next;
  }
  return {p, n * (x * p - previous) / (x * x - 1.0)};
}

// Root number k of P_n, counted from the north pole (x near 1). The guess is good to 1 / n^4 and convergence quadratic:
// three steps reach the last bit for every n, the fourth is for safety.
double legendre_root(int n, int k) {
  double x = std::cos(std::numbers::pi * (k + 0.75) / (n + 0.5));
  for (int step = 0; step < 4; ++step) {
    const auto [p, dp] = legendre(n, x);
    x -= p / dp;
  }
  return x;
}

// Ring k and its mirror image. The equator is set exactly: odd functions vanish there, and they must in the tables too.
void set_pair(Quadrature& rule, int k, double colatitude, double x, double weight) {
  const int n = static_cast<int>(rule.x.size()), mirror = n - 1 - k;
  const bool equator = mirror == k;
  rule.colatitude[k] = equator ? std::numbers::pi / 2 : colatitude;
  rule.colatitude[mirror] = equator ? std::numbers::pi / 2 : std::numbers::pi - colatitude;
  rule.x[k] = equator ? 0.0 : x;
  rule.x[mirror] = equator ? 0.0 : -x;
  rule.weight[k] = rule.weight[mirror] = weight;
}

Quadrature empty_rule(int n) { return {std::vector<double>(n), std::vector<double>(n), std::vector<double>(n)}; }

double clenshaw_curtis_weight(int n, int k) {
  const int intervals = n - 1;
  double series = 1.0;
  for (int j = 1; 2 * j <= intervals; ++j) {
    const double nyquist = 2 * j == intervals ? 1.0 : 2.0;
    // The angle is reduced in integers first: the cosine of a large argument would lose its last digits.
    const int turn = static_cast<int>((2LL * j * k) % (2LL * intervals));
    series -= nyquist * std::cos(std::numbers::pi * turn / intervals) / (4.0 * j * j - 1.0);
  }
  return (k == 0 ? 1.0 : 2.0) * series / intervals;
}

}  // namespace

Quadrature gauss_legendre(int n) {
  assert(n >= 1);
  Quadrature rule = empty_rule(n);
  for (int k = 0; k < (n + 1) / 2; ++k) {
    const double x = 2 * k + 1 == n ? 0.0 : legendre_root(n, k);
    const double dp = legendre(n, x).dp;
    set_pair(rule, k, std::acos(x), x, 2.0 / ((1.0 - x * x) * dp * dp));
  }
  return rule;
}

Quadrature clenshaw_curtis(int n) {
  assert(n >= 2);
  Quadrature rule = empty_rule(n);
  for (int k = 0; k < (n + 1) / 2; ++k) {
    const double theta = std::numbers::pi * k / (n - 1);
    set_pair(rule, k, theta, std::cos(theta), clenshaw_curtis_weight(n, k));
  }
  return rule;
}

Quadrature quadrature(GridKind kind, int nlat) {
  return kind == GridKind::equiangular ? clenshaw_curtis(nlat) : gauss_legendre(nlat);
}

}  // namespace hens::sht
