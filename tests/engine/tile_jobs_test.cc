// The tiles of each phase: every element of the output is made once, and what is left out are zeros.
#include "engine/sfno/tile_jobs.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>
#include <set>
#include <tuple>
#include <vector>

#include <c10/util/Half.h>
#include <gtest/gtest.h>

#include "engine/sfno/activation.cuh"
#include "engine/sfno/tables.h"

namespace hens::engine {
namespace {

// Large enough that high orders vanish near the poles: 120 orders on 121 x 240 and 120 x 240 points.
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
  std::set<std::tuple<int, int, int>> written;  // northern row, position of the order, column
  for (const TileJob& job : fourier_analysis_jobs(sizes_, grid_, active_, columns)) {
    for (int row = 0; row < job.rows; ++row) {
      ASSERT_TRUE(written.emplace(job.batch, job.row + row, job.col).second) << "twice";
    }
  }
  for (const TileJob& job : legendre_analysis_jobs(sizes_, grid_, active_, columns)) {
    const int position = sizes_.position(job.batch);
    for (int row = job.first_k; row < job.first_k + job.k[0]; ++row) {
      ASSERT_TRUE(written.contains({row, position, 0}));
    }
    EXPECT_EQ(job.first_k + job.k[0], grid_.northern());
  }

  std::set<std::tuple<int, int>> made;  // northern row, position of the order
  for (const TileJob& job : legendre_synthesis_jobs(sizes_, grid_, active_, columns)) {
    if (job.col != 0) continue;
    for (int row = 0; row < job.rows; ++row) ASSERT_TRUE(made.emplace(job.row + row, job.batch).second) << "twice";
  }
  for (const TileJob& job : fourier_synthesis_jobs(sizes_, grid_, active_, columns)) {
    const int north = std::min(job.batch, grid_.nlat - 1 - job.batch);
    for (int sum = 0; sum < 4; ++sum) {
      const int first = job.b[sum][0];
      EXPECT_EQ(first, sum < 2 ? 0 : sizes_.even_orders());
      // Half stages are multiplied whole: up to the end of the table, where the operand ends, too.
      const int read = (job.k[sum] + tile_depth / 2 - 1) / (tile_depth / 2) * (tile_depth / 2);
      const int all = sum < 2 ? sizes_.even_orders() : sizes_.odd_orders();
      for (int i = 0; i < std::min(read, all); ++i) ASSERT_TRUE(made.contains({north, first + i})) << "row " << north;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Grids, ActiveRowsTest, testing::Bool(),
                         [](const auto& info) { return info.param ? "equiangular" : "legendre_gauss"; });

// Each layer makes every element once; nothing is read before it is written, and the ring's rows are written again only
// when they have been read. Then any order of execution that keeps to the waits is right, and a card that takes jobs in
// the order of the list never waits for what comes later.
class ChainedJobsTest : public testing::TestWithParam<int> {};  // blocks at one time

TEST_P(ChainedJobsTest, WaitForAllThatTheyNeedAndForNothingLater) {
  constexpr int embed = 150, hidden = 300, columns = 128;
  for (const int tiles : {1, 2, 5, 18, 41, 700}) {
    const int64_t rows = int64_t{tiles} * tile_rows - 17;
    const ChainedJobs mlp =
        chained_jobs(rows, {{embed}, hidden, columns}, {{hidden, 96}, embed, columns}, 3 * GetParam(), Order::outwards);
    for (const std::vector<TileJob>& jobs : {mlp.jobs, in_pairs(mlp.jobs, Multicast::b)}) {
      std::map<int, int> done;                   // by counter: tiles so far
      std::map<int, int> written;                // by row in the ring: the row of U that it stands for
      std::set<std::tuple<int, int, int>> made;  // layer, row, column
      std::map<int, int> reads;                  // by row of the ring: second layer's column tiles that read it
      std::map<int, int> writer, reader;         // by row in the ring: the counter of who writes, who reads
      for (const TileJob& job : jobs) {
        if (job.rows == 0) continue;
        EXPECT_TRUE(job.awaited_tiles == 0 || done[job.awaited] == job.awaited_tiles) << "waits for a later job";
        const bool first = job.k[0] > 0;
        for (int row = 0; row < job.rows; ++row) {
          const int inside = first ? job.row + row : job.a[1][0] + row,
                    outside = first ? job.a[0][0] + row : job.row + row;
          ASSERT_LT(inside, mlp.ring_rows);
          ASSERT_LT(outside, rows);
          ASSERT_TRUE(made.emplace(first ? 0 : 1, outside, job.col).second) << "twice";
          if (!first) {
            ASSERT_EQ(job.k[2], 96);
            ASSERT_EQ(job.a[2][0] + row, outside) << "what comes beside the ring";
          }
          if (first) {
            if (written.contains(inside) && written[inside] != outside) {
              EXPECT_EQ(reads[inside], 2) << "overwritten before it was read";
              EXPECT_GT(job.awaited_tiles, 0);
              EXPECT_EQ(job.awaited, reader[inside]) << "does not wait for those who read";
              reads[inside] = 0;
            }
            written[inside] = outside, writer[inside] = job.done;
          } else {
            EXPECT_GT(job.awaited_tiles, 0);
            EXPECT_EQ(job.awaited, writer[inside]) << "does not wait for those who write";
            reader[inside] = job.done;
            EXPECT_EQ(written[inside], outside);
            EXPECT_EQ(job.awaited_tiles, done[job.awaited]);
            ++reads[inside];
          }
        }
        ++done[job.done];
      }
      EXPECT_EQ(made.size(), static_cast<size_t>(rows) * (2 + 3));
      EXPECT_LE(static_cast<int>(done.size()), mlp.counters);
      for (const TileJob& job : mlp.jobs) {
        ASSERT_LT(job.done, mlp.counters);
        ASSERT_LT(job.awaited, mlp.counters);
        if (job.k[0] == 0) {
          EXPECT_EQ(job.statistics_row, job.row / tile_rows);
        }
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Blocks, ChainedJobsTest, testing::Values(1, 8, 132), testing::PrintToStringParamName());

// Two blocks share an operand: it must be the same part of it, for as many products, and no job may be lost.
TEST(InPairs, EveryJobOnceAndPairsShare) {
  const std::vector<TileJob> jobs = pointwise_jobs(5 * tile_rows + 17, {{64, 80}, 300, 128}, Order::inwards);
  for (const Multicast shared : {Multicast::a, Multicast::b}) {
    const std::vector<TileJob> pairs = in_pairs(jobs, shared);
    ASSERT_EQ(pairs.size() % 2, 0U);
    std::map<std::pair<int, int>, int> seen;
    for (size_t i = 0; i < pairs.size(); i += 2) {
      const TileJob &one = pairs[i], &other = pairs[i + 1];
      EXPECT_GT(one.rows, 0);
      for (int s = 0; s < max_segments; ++s) {
        EXPECT_EQ(one.k[s], other.k[s]);
        const auto& a = shared == Multicast::a ? one.a[s] : one.b[s];
        const auto& b = shared == Multicast::a ? other.a[s] : other.b[s];
        for (int x = 0; x < 3; ++x) EXPECT_EQ(a[x], b[x]);
      }
      for (const TileJob& job : {one, other}) {
        if (job.rows > 0) ++seen[{job.row, job.col}];
      }
    }
    EXPECT_EQ(seen.size(), jobs.size());
    for (const auto& [tile, count] : seen) EXPECT_EQ(count, 1) << tile.first << ", " << tile.second;
  }
}

TEST(Gelu, IsTheExactOneButFor26Millionths) {
  double worst = 0, worst_tanh = 0;
  for (int i = -100000; i <= 100000; ++i) {
    const double x = i * 1e-4, exact = 0.5 * x * std::erfc(-x / std::numbers::sqrt2);
    const double usual = 0.5 * x * (1 + std::tanh(std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x)));
    worst = std::max(worst, std::abs(gelu(static_cast<float>(x)) - exact));
    worst_tanh = std::max(worst_tanh, std::abs(usual - exact));
  }
  EXPECT_LT(worst, 2.6e-5);
  EXPECT_GT(worst_tanh, 18 * worst);
  EXPECT_TRUE(std::isnan(gelu(NAN)));
}

// Every longitude has its row, and the folded values give the sums over the circle: cosines and sines of even and odd
// orders, each from one of them.
TEST(Quads, FourFoldedValuesGiveAllFourierSums) {
  for (const int nlon : {2, 4, 6, 10, 24, 36}) {
    const int half = nlon / 2;
    std::vector<double> x(static_cast<size_t>(nlon));
    for (int lon = 0; lon < nlon; ++lon) {
      const int row = in_quads(lon, half);
      ASSERT_LT(row, 4 * quads_of(half));
      EXPECT_EQ(longitude_of(row / 4, row % 4, half), lon);
      x[static_cast<size_t>(lon)] = std::sin(1.0 + 3.7 * lon * lon);
    }
    for (int m = 0; m <= half; ++m) {
      double cosine = 0, sine = 0, folded_cosine = 0, folded_sine = 0;
      const auto angle = [&](int lon) { return 2 * std::numbers::pi * m * lon / nlon; };
      for (int lon = 0; lon < nlon; ++lon) {
        cosine += x[static_cast<size_t>(lon)] * std::cos(angle(lon)),
            sine += x[static_cast<size_t>(lon)] * std::sin(angle(lon));
      }
      for (int quad = 0; quad < quads_of(half); ++quad) {
        const auto at = [&](int i) { return x[static_cast<size_t>(longitude_of(quad, i, half))]; };
        const double odd = m % 2 == 0 ? 1 : -1, weight = has_two_points(quad, half) ? 0.5 : 1;
        folded_cosine += weight * std::cos(angle(quad)) * (at(0) + odd * at(1) + at(2) + odd * at(3));
        folded_sine += weight * std::sin(angle(quad)) * (at(0) + odd * at(1) - at(2) - odd * at(3));
      }
      EXPECT_NEAR(folded_cosine, cosine, 1e-12) << m << " of " << nlon;
      EXPECT_NEAR(folded_sine, sine, 1e-12) << m << " of " << nlon;
    }
  }
}

}  // namespace
}  // namespace hens::engine
