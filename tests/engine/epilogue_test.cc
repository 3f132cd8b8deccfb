// What an epilogue must offer, and what a new one gets: tiles of products, finished, here on the host.
#include "engine/gemm/epilogue.cuh"

#include <cmath>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "engine/gemm/host.cuh"
#include "engine/gemm/tile_jobs.h"

namespace hens::engine {
namespace {

using Single = TileShape<TileMode::single, false, Multicast::b, 128, 64>;
using Dual = TileShape<TileMode::dual, true, Multicast::a, 128, 64>;

// out[row][column] = factor[column] * sum + before[row][column], and the sums of both by column.
struct ScaleAndAdd {
  using Tiles = Single;
  using Element = __half;
  static constexpr bool statistics = true;
  __half* out;
  const float* factor;
  const __half* before;
  int columns;
  float* partial;
  HENS_HD Float8 channels(const TileJob&, int, int col) const { return load_float8(factor + col); }
  HENS_HD Half8 prefetch(const TileCoord& at) const { return load_half8(before + position(at)); }
  HENS_HD void finish(const TileCoord& at, const Float8& factors, const Half8& added, const Half8& acc,
                      Statistics& statistics) const {
    Float8 result = unpacked(acc);
    const Float8 more = unpacked(added);
    for (int i = 0; i < 8; ++i) result.v[i] = factors.v[i] * result.v[i] + more.v[i];
    add_to(statistics, result);
    store(out + position(at), packed(result));
  }
  HENS_HD int64_t position(const TileCoord& at) const {
    return static_cast<int64_t>(at.job.row + at.row) * columns + at.col;
  }
};

struct OfTwoAccumulators : ScaleAndAdd {
  using Tiles = Dual;
};
struct CombinesTwo : OfTwoAccumulators {
  void combine(int, float2&, float2&) const {}
};
struct InDouble : ScaleAndAdd {
  using Element = double;
};
struct WithoutATable {
  using Tiles = Single;
  using Element = float;
  static constexpr bool statistics = true;
  int columns;
  void finish(const TileCoord&, Nothing, Nothing, const float2&, Statistics&) const {}
};
struct WithAString : WithoutATable {
  static constexpr bool statistics = false;
  std::string name;
};
struct WithFourRowsOfFloats : WithoutATable {
  static constexpr bool statistics = false, four_rows = true;
};
struct TakesOtherChannels : ScaleAndAdd {
  double channels(const TileJob&, int, int) const { return 0; }
  void finish(const TileCoord&, const std::string&, const Half8&, const Half8&, Statistics&) const {}
};

TEST(EpilogueConcept, HoldsAStructToWhatKernelsAsk) {
  EXPECT_TRUE(Epilogue<ScaleAndAdd>);
  EXPECT_FALSE(Epilogue<OfTwoAccumulators>) << "two accumulators, and no combine()";
  EXPECT_TRUE(Epilogue<CombinesTwo>);
  EXPECT_FALSE(Epilogue<InDouble>) << "slots hold 16-bit or fp32 elements";
  EXPECT_FALSE(Epilogue<WithoutATable>) << "statistics, and no table for them";
  EXPECT_FALSE(Epilogue<WithAString>) << "a kernel's argument is copied bit by bit";
  EXPECT_FALSE(Epilogue<WithFourRowsOfFloats>) << "four rows at once are of 16-bit elements";
  EXPECT_FALSE(Epilogue<TakesOtherChannels>) << "finish() does not take what channels() gives";
  EXPECT_FALSE(Epilogue<int>);
  EXPECT_TRUE((TileEpilogue<Chain<ScaleAndAdd, ScaleAndAdd, 2>>));
}

// Rows and columns that are no multiple of a tile, two segments, several tiles: against sums in double.
TEST(EpilogueOnTheHost, FinishesEveryElementOnce) {
  constexpr int rows = tile_rows + 40, columns = 72, depth = 24;
  const Backend backend(Kernels::host, 0);
  const auto halves = [&](int64_t count, float scale) {
    std::vector<__half> values(static_cast<size_t>(count));
    for (int64_t i = 0; i < count; ++i) values[i] = __float2half_rn(scale * std::sin(0.37f * (i % 977) + scale));
    return values;
  };
  const std::vector<__half> a = halves(rows * depth, 1), b = halves(columns * depth, 0.5f),
                            before = halves(rows * columns, 2);
  std::vector<float> factor(columns);
  for (int n = 0; n < columns; ++n) factor[n] = 1 + 0.01f * n;
  const Segment segment{{a.data(), {depth, rows, 1, 1}, {1, depth, 0, 0}},
                        {b.data(), {depth, columns, 1, 1}, {1, depth, 0, 0}}};
  const std::vector<TileJob> jobs =
      pointwise_jobs(rows, {{depth, depth}, columns, Single::columns(Kernels::host)}, Order::inwards);
  const GemmPlan plan = plan_for<ScaleAndAdd>(backend, {segment, segment}, jobs);
  plan.expect({{a.data(), b.data()}, {a.data(), b.data()}});

  std::vector<__half> out(rows * columns);
  std::vector<float> partial(2 * columns * 2);  // [tile of rows][column][value, square]
  host::launch<Single>(plan.impl(), ScaleAndAdd{out.data(), factor.data(), before.data(), columns, partial.data()});

  for (int n = 0; n < columns; ++n) {
    double sum = 0, magnitude = 0;
    for (int r = 0; r < rows; ++r) {
      double product = 0;
      for (int k = 0; k < depth; ++k) {
        product += 2.0 * __half2float(a[r * depth + k]) * __half2float(b[n * depth + k]);
      }
      const double expected = factor[n] * product + __half2float(before[r * columns + n]);
      sum += expected, magnitude += std::abs(expected);
      // Two roundings to 16 bits, of the products and of the result: 2^-11 each, of numbers below 32.
      ASSERT_TRUE(std::abs(__half2float(out[r * columns + n]) - expected) < 32.0 / 1024) << r << ", " << n;
    }
    // The statistics are of the result before its own rounding.
    EXPECT_TRUE(std::abs(partial[2 * n] + partial[2 * (columns + n)] - sum) < magnitude / 1024 + 1e-3) << n;
  }
}

// How a kernel is launched belongs to the device that launches it.
TEST(LaunchSizes, AreFoundOnceByKernelAndBackend) {
  const Backend one(Kernels::host, 0), other(Kernels::host, 0);
  const int kernels[2] = {};
  int asked = 0;
  const auto find = [&] {
    ++asked;
    return LaunchSize{100 * asked, asked};
  };
  EXPECT_EQ(one.launch_size(&kernels[0], find).blocks, 1);
  EXPECT_EQ(one.launch_size(&kernels[1], find).blocks, 2);
  EXPECT_EQ(other.launch_size(&kernels[0], find).blocks, 3);
  EXPECT_EQ(one.launch_size(&kernels[0], find).shared_bytes, 100);
  EXPECT_EQ(asked, 3);
}

TEST(KernelSets, TheirTableIsInTheOrderOfTheirNames) {
  EXPECT_STREQ(kernel_set(Kernels::hopper).name, "hopper");
  EXPECT_STREQ(kernel_set(Kernels::ampere).name, "ampere");
  EXPECT_STREQ(kernel_set(Kernels::host).name, "host");
  EXPECT_TRUE(kernel_set(Kernels::hopper).runs_on(90) && !kernel_set(Kernels::hopper).runs_on(100));
  EXPECT_TRUE(kernel_set(Kernels::ampere).runs_on(120) && !kernel_set(Kernels::ampere).runs_on(75));
  EXPECT_FALSE(kernel_set(Kernels::host).on_gpu());
}

}  // namespace
}  // namespace hens::engine
