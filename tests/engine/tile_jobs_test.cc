// The tiles of each phase: every element of the output is made once, and what is left out are zeros.
#include "engine/tile_jobs.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include <c10/util/Half.h>
#include <gtest/gtest.h>

#include "engine/tables.h"

namespace hens::engine {
namespace {

// Large enough that high orders vanish near the poles: 120 orders on 121 x 240 and 60 x 120 points.
Sizes sizes() {
  Sizes sizes;
  sizes.outer = {GridKind::equiangular, 121, 240};
  sizes.inner = {GridKind::legendre_gauss, 120, 240};
  sizes.lmax = sizes.orders = 120;
  sizes.channels = 3, sizes.forcing = 1, sizes.embed = 150, sizes.hidden = 300, sizes.blocks = 2;
  return sizes;
}

uint16_t entry(const Table& table, int64_t x0, int64_t x1, int64_t x2, int64_t x3) {
  const auto& stride = table.operand.stride;
  return table.values.at(static_cast<size_t>(x0 + x1 * stride[1] + x2 * stride[2] + x3 * stride[3]));
}

class ActiveRowsTest : public testing::TestWithParam<bool> {
 protected:
  const Sizes sizes_ = sizes();
  const Grid grid_ = GetParam() ? sizes_.outer : sizes_.inner;
  const SynthesisTables synthesis_ = synthesis_tables(sizes_, grid_);
  const ActiveRows active_{sizes_, grid_, synthesis_.legendre};
};

TEST_P(ActiveRowsTest, LeavesOutZerosAlone) {
  int left_out = 0;
  for (int m = 0; m < sizes_.orders; ++m) {
    for (int row = 0; row < grid_.northern(); ++row) {
      // Both ways to ask agree.
      ASSERT_EQ(row >= active_.first_row(m), m < active_.orders(row)) << "order " << m << ", row " << row;
      if (row >= active_.first_row(m)) continue;
      ++left_out;
      for (int q = 0; q < 2; ++q) {
        for (int r = 0; r < sizes_.lmax / 2; ++r) {
          ASSERT_EQ(entry(synthesis_.legendre, r, row, q, m) & 0x7fff, 0) << "order " << m << ", row " << row;
        }
      }
    }
  }
  EXPECT_GT(left_out, 0) << "the grid is too coarse to test anything";
}

// What the analysis leaves out would hardly count: its tables hold numbers of size 1.
TEST_P(ActiveRowsTest, WhatTheAnalysisLeavesOutIsBelowRounding) {
  const AnalysisTables analysis = analysis_tables(sizes_, grid_);
  for (int m = 0; m < sizes_.orders; ++m) {
    for (int row = 0; row < active_.first_row(m); ++row) {
      for (int q = 0; q < 2; ++q) {
        for (int r = 0; r < sizes_.lmax / 2; ++r) {
          const float value = c10::Half(entry(analysis.legendre, row, r, q, m), c10::Half::from_bits());
          ASSERT_LT(std::abs(value), 1e-6F) << "order " << m << ", row " << row;
        }
      }
    }
  }
}

TEST_P(ActiveRowsTest, RowsAndOrdersComeInWholeStages) {
  for (int m = 0; m < sizes_.orders; ++m) {
    EXPECT_EQ(active_.first_row(m) % 8, 0);
    EXPECT_GE(active_.first_row(m), active_.first_row(std::max(0, m - 1)));
  }
  for (int row = 0; row < grid_.northern(); ++row) {
    const int orders = active_.orders(row);
    EXPECT_TRUE(orders == sizes_.orders || orders % tile_depth == 0) << orders;
  }
}

// What one transform reads, the other has written: Fourier coefficients of all active orders of a row, once.
TEST_P(ActiveRowsTest, CoefficientsThatAreReadWereWritten) {
  const int columns = 128;
  std::set<std::tuple<int, int, int>> written;  // northern row, [order part], column
  for (const TileJob& job : fourier_forward_jobs(sizes_, grid_, active_, columns)) {
    for (int row = 0; row < job.rows; ++row) {
      ASSERT_TRUE(written.emplace(job.plane, job.row + row, job.col).second) << "twice";
    }
  }
  for (const TileJob& job : legendre_forward_jobs(sizes_, grid_, active_, columns)) {
    const int position = sizes_.position(job.plane);
    for (int row = job.first_k; row < job.first_k + job.k[0]; ++row) {
      for (int part = 0; part < 2; ++part) ASSERT_TRUE(written.contains({row, 2 * position + part, 0}));
    }
    EXPECT_EQ(job.first_k + job.k[0], grid_.northern());
  }

  std::set<std::tuple<int, int>> made;  // northern row, position of the order
  for (const TileJob& job : legendre_inverse_jobs(sizes_, grid_, active_, columns)) {
    if (job.col != 0) continue;
    for (int row = 0; row < job.rows; ++row) ASSERT_TRUE(made.emplace(job.row + row, job.plane).second) << "twice";
  }
  for (const TileJob& job : fourier_inverse_jobs(sizes_, grid_, active_, columns)) {
    const int north = std::min(job.plane, grid_.nlat - 1 - job.plane);
    for (int parity = 0; parity < 2; ++parity) {
      const int first = parity == 0 ? 0 : sizes_.even_orders();
      // Stages are read whole: up to the end of the table, where the operand ends, too.
      const int read = (job.k[parity] + tile_depth - 1) / tile_depth * tile_depth / 2;
      const int all = parity == 0 ? sizes_.even_orders() : sizes_.odd_orders();
      for (int i = 0; i < std::min(read, all); ++i) ASSERT_TRUE(made.contains({north, first + i})) << "row " << north;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Grids, ActiveRowsTest, testing::Bool(),
                         [](const auto& info) { return info.param ? "equiangular" : "legendre_gauss"; });

// Two blocks share an operand: it must be the same place, for as many products, and no job may be lost.
TEST(InPairs, EveryJobOnceAndPairsShare) {
  const std::vector<TileJob> jobs = pointwise_jobs(5 * tile_rows + 17, 300, 128, {64, 80});
  for (const Shared shared : {Shared::a, Shared::b}) {
    const std::vector<TileJob> pairs = in_pairs(jobs, shared);
    ASSERT_EQ(pairs.size() % 2, 0U);
    std::map<std::pair<int, int>, int> seen;
    for (size_t i = 0; i < pairs.size(); i += 2) {
      const TileJob &one = pairs[i], &other = pairs[i + 1];
      EXPECT_GT(one.rows, 0);
      for (int s = 0; s < max_segments; ++s) {
        EXPECT_EQ(one.k[s], other.k[s]);
        const auto& a = shared == Shared::a ? one.a[s] : one.b[s];
        const auto& b = shared == Shared::a ? other.a[s] : other.b[s];
        for (int x = 0; x < 3; ++x) EXPECT_EQ(a[x], b[x]);
      }
      for (const TileJob& job : {one, other}) {
        if (job.rows > 0) ++seen[{job.row, job.col}];
      }
    }
    EXPECT_EQ(seen.size(), jobs.size());
    for (const auto& [place, count] : seen) EXPECT_EQ(count, 1) << place.first << ", " << place.second;
  }
}

}  // namespace
}  // namespace hens::engine
