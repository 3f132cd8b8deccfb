#include "engine/sfno/tables.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include <ATen/Parallel.h>
#include <c10/util/Half.h>

#include "sht/legendre.h"
#include "sht/quadrature.h"

namespace hens::engine {
namespace {

constexpr double pi = std::numbers::pi;

uint16_t half_bits(double value) { return c10::Half(static_cast<float>(value)).x; }

// sizes: x0 .. x3, x0 padded.
Table empty_table(int64_t x0, int64_t x1, int64_t x2, int64_t x3) {
  const int64_t row = (x0 + 63) / 64 * 64;
  Table table;
  table.operand.size = {x0, x1, x2, x3};
  table.operand.stride = {1, row, row * x1, row * x1 * x2};
  table.values.assign(static_cast<size_t>(row * x1 * x2 * x3), 0);
  return table;
}

uint16_t at(const Table& table, int64_t x0, int64_t x1, int64_t x2, int64_t x3) {
  const auto& stride = table.operand.stride;
  return table.values[static_cast<size_t>(x3 * stride[3] + x2 * stride[2] + x1 * stride[1] + x0)];
}
uint16_t& at(Table& table, int64_t x0, int64_t x1, int64_t x2, int64_t x3) {
  const auto& stride = table.operand.stride;
  return table.values[static_cast<size_t>(x3 * stride[3] + x2 * stride[2] + x1 * stride[1] + x0)];
}

double power_of_two_near(double value) { return std::exp2(std::round(std::log2(value))); }

// 1 / sqrt(nlon) or so: the Fourier sums of a field of variance 1 have variance 1.
double fourier_scale(const Grid& grid) { return power_of_two_near(1.0 / std::sqrt(grid.nlon)); }

// cos and sin of m lambda_j, the angle reduced in integers.
std::pair<double, double> wave(const Grid& grid, int m, int j) {
  const double angle = 2 * pi * (int64_t{m} * j % grid.nlon) / grid.nlon;
  return {std::cos(angle), std::sin(angle)};
}

// Calls use(m, P) for every order, P [degree m .. lmax - 1][northern row]. In parallel over the orders.
template <typename Use>
void for_each_order(const Sizes& sizes, const std::vector<double>& x, const Use& use) {
  at::parallel_for(0, sizes.orders, 1, [&](int64_t first, int64_t last) {
    std::vector<double> values;
    for (int m = static_cast<int>(first); m < last; ++m) {
      values.assign(static_cast<size_t>(sizes.lmax - m) * x.size(), 0.0);
      sht::legendre_of_order(m, sizes.lmax, x, values);
      use(m, values);
    }
  });
}

std::vector<double> northern_x(const Grid& grid, const sht::Quadrature& rule) {
  return {rule.x.begin(), rule.x.begin() + grid.northern()};
}

int degrees_of_parity(const Sizes& sizes) { return (sizes.lmax + 1) / 2; }

}  // namespace

AnalysisTables analysis_tables(const Sizes& sizes, const Grid& grid) {
  AnalysisTables tables;
  const double scale = fourier_scale(grid);
  tables.fourier = empty_table(grid.quads(), sizes.even_orders(), 4, 1);
  for (int m = 0; m < sizes.orders; ++m) {
    for (int j = 0; j < grid.quads(); ++j) {
      const auto [cosine, sine] = wave(grid, m, j);
      const double factor = has_two_points(j, grid.half()) ? scale / 2 : scale;
      at(tables.fourier, j, m / 2, 2 * (m % 2), 0) = half_bits(factor * cosine);
      at(tables.fourier, j, m / 2, 2 * (m % 2) + 1, 0) = half_bits(-factor * sine);
    }
  }

  const sht::Quadrature rule = sht::quadrature(grid.kind, grid.nlat);
  const std::vector<double> x = northern_x(grid, rule);
  std::vector<double> weight(x.size());
  double heaviest = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    weight[i] = rule.weight[i] * 2 * pi / grid.nlon / scale;
    if (static_cast<int>(2 * i + 1) == grid.nlat) weight[i] /= 2;  // the equator is its own mirror image
    heaviest = std::max(heaviest, weight[i]);
  }
  const double table_scale = power_of_two_near(1.0 / heaviest / std::sqrt(sizes.lmax / (2 * pi)));
  tables.legendre_scale = static_cast<float>(spectrum_scale / table_scale);
  tables.legendre = empty_table(grid.northern(), degrees_of_parity(sizes), 2, sizes.orders);
  for_each_order(sizes, x, [&](int m, const std::vector<double>& values) {
    for (int l = m; l < sizes.lmax; ++l) {
      for (size_t i = 0; i < x.size(); ++i) {
        const double value = values[static_cast<size_t>(l - m) * x.size() + i] * weight[i] * table_scale;
        at(tables.legendre, static_cast<int64_t>(i), (l - m) / 2, (l - m) % 2, m) = half_bits(value);
      }
    }
  });
  return tables;
}

SynthesisTables synthesis_tables(const Sizes& sizes, const Grid& grid) {
  SynthesisTables tables;
  tables.fourier = empty_table(sizes.even_orders(), grid.quads(), 4, 1);
  for (int m = 0; m < sizes.orders; ++m) {
    const bool alone = m == 0 || 2 * m == grid.nlon;  // not standing for -m too
    for (int j = 0; j < grid.quads(); ++j) {
      const auto [cosine, sine] = wave(grid, m, j);
      at(tables.fourier, m / 2, j, 2 * (m % 2), 0) = half_bits(alone ? cosine : 2 * cosine);
      at(tables.fourier, m / 2, j, 2 * (m % 2) + 1, 0) = half_bits(alone ? 0.0 : -2 * sine);
    }
  }
  const sht::Quadrature rule = sht::quadrature(grid.kind, grid.nlat);
  const std::vector<double> x = northern_x(grid, rule);
  tables.legendre = empty_table(degrees_of_parity(sizes), grid.northern(), 2, sizes.orders);
  for_each_order(sizes, x, [&](int m, const std::vector<double>& values) {
    for (int l = m; l < sizes.lmax; ++l) {
      for (size_t i = 0; i < x.size(); ++i) {
        at(tables.legendre, (l - m) / 2, static_cast<int64_t>(i), (l - m) % 2, m) =
            half_bits(values[static_cast<size_t>(l - m) * x.size() + i]);
      }
    }
  });
  return tables;
}

ActiveRows::ActiveRows(const Sizes& sizes, const Grid& grid, const Table& legendre) : all_(sizes.orders) {
  const auto& size = legendre.operand.size;
  const auto counts = [&](int m, int row) {
    for (int64_t q = 0; q < 2; ++q) {
      for (int64_t r = 0; r < size[0]; ++r) {
        if ((at(legendre, r, row, q, m) & 0x7fff) != 0) return true;
      }
    }
    return false;
  };
  for (int m = 0; m < sizes.orders; m += orders_together) {
    // The first of these orders reaches furthest towards the pole.
    int row = 0;
    while (row + 1 < grid.northern() && !counts(m, row)) ++row;
    first_.push_back(std::max(row / 8 * 8, first_.empty() ? 0 : first_.back()));
  }
}

int ActiveRows::orders(int northern_row) const {
  const auto end = std::upper_bound(first_.begin(), first_.end(), northern_row);
  return std::min(all_, static_cast<int>(end - first_.begin()) * orders_together);
}

}  // namespace hens::engine
