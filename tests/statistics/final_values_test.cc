#include "statistics/final_values.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <random>

#include <gtest/gtest.h>

#include "base/files.h"
#include "support/test_data.h"

namespace hens {
namespace {

constexpr FixedPoint wind{0.0, 65'536.0};

struct Sums {
  int64_t members = 0, sum = 0;
  Wide squares = 0;
  std::map<int32_t, uint32_t> bins;
};

Sums sums_of(const std::vector<float>& values, FixedPoint fixed, Lattice lattice) {
  Sums sums;
  for (const float x : values) {
    const int64_t q = fixed_of(fixed, x);
    ++sums.members, sums.sum += q, sums.squares += static_cast<Wide>(q * q);
    ++sums.bins[bin_of(lattice, x)];
  }
  return sums;
}

double quantile(const Sums& sums, Lattice lattice, double level) {
  const int32_t first = sums.bins.begin()->first;
  std::vector<uint32_t> counts(static_cast<size_t>(sums.bins.rbegin()->first - first + 1), 0);
  for (const auto& [bin, count] : sums.bins) counts[static_cast<size_t>(bin - first)] = count;
  return quantile_of(lattice, first, counts, level);
}

TEST(Mean, IsTheExactFraction) {
  EXPECT_EQ(mean_of(wind, 2, 3), 1.5 / 65'536.0);
  EXPECT_EQ(mean_of({250.0, 32'768.0}, 4, 2), 250.0 + 0.5 / 32'768.0);
  EXPECT_TRUE(std::isnan(mean_of(wind, 0, 0)));
}

// A spread of one unit of the lattice on the largest values there are: nothing cancels.
TEST(Deviation, DoesNotCancel) {
  const int64_t q = (1 << 24) - 1;
  const Wide a = static_cast<Wide>(q * q), b = static_cast<Wide>((q - 1) * (q - 1));
  EXPECT_DOUBLE_EQ(deviation_of({0.0, 1.0}, 2, q + q - 1, a + b), std::sqrt(0.5));
  EXPECT_EQ(deviation_of({0.0, 1.0}, 3, 3 * q, 3 * a), 0.0);
  constexpr int64_t many = 8'000'000;  // half at q, half at q - 1
  EXPECT_DOUBLE_EQ(deviation_of({0.0, 1.0}, many, many / 2 * (2 * q - 1), (a + b) * (many / 2)),
                   std::sqrt(0.25 * many / (many - 1)));
  EXPECT_TRUE(std::isnan(deviation_of(wind, 1, 5, 25)));
}

TEST(Quantile, IsInsideOfItsBin) {
  const Lattice half{0.5};
  EXPECT_EQ(quantile_of(half, 4, std::vector<uint32_t>{10}, 0.5), 2.25);
  EXPECT_TRUE(std::isnan(quantile_of(half, 4, std::vector<uint32_t>{0, 0}, 0.5)));
  const std::vector<uint32_t> gap{5, 0, 0, 5};
  EXPECT_LE(quantile_of(half, 0, gap, 0.5), 0.5);
  EXPECT_GE(quantile_of(half, 0, gap, 0.51), 1.5);
}

// Whatever the values: at most one width from the order statistic, and quantiles rise with their level.
TEST(Quantile, IsAtMostAWidthFromItsOrderStatistic) {
  std::mt19937 random(3);
  for (const double spread : {0.1, 1.0, 10.0}) {
    for (const int members : {1, 2, 3, 17, 100, 5000}) {
      std::vector<float> values(static_cast<size_t>(members));
      std::gamma_distribution<float> gamma(0.7f, static_cast<float>(spread));
      for (float& x : values) x = gamma(random) - 1.0f;
      const Lattice lattice{0.25};
      const Sums sums = sums_of(values, wind, lattice);
      std::ranges::sort(values);
      double before = -1e9;
      for (const double level : {0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99}) {
        const auto rank = static_cast<size_t>(std::max(1.0, std::ceil(level * members)));
        const double made = quantile(sums, lattice, level);
        EXPECT_TRUE(std::abs(made - values[rank - 1]) <= lattice.width + 1e-9)
            << members << " members, level " << level;
        EXPECT_GE(made, before);
        before = made;
      }
    }
  }
}

// With four bins a standard deviation the interpolation's error of a normal distribution is far below a width. 0.03:
// sampling of 20,000 members at 1 % gives 0.026 of a standard deviation.
TEST(Quantile, FollowsASmoothDistribution) {
  std::mt19937 random(5);
  std::normal_distribution<float> normal(10.0f, 1.0f);
  std::vector<float> values(20'000);
  for (float& x : values) x = normal(random);
  const Lattice lattice{0.25};
  const Sums sums = sums_of(values, wind, lattice);
  std::ranges::sort(values);
  for (const double level : {0.01, 0.1, 0.5, 0.9, 0.99}) {
    const double exact = values[static_cast<size_t>(std::ceil(level * 20'000)) - 1];
    EXPECT_TRUE(std::abs(quantile(sums, lattice, level) - exact) <= 0.03) << level;
  }
}

class Golden : public testing::Test {
 protected:
  std::vector<double> load(const std::string& name) {
    return read_npy(test::data_root() / "golden/scores" / (name + ".npy"));
  }
  // The values of all members at point p, in single precision as forecasts are.
  std::vector<float> at(const std::vector<double>& ensemble, size_t p) {
    std::vector<float> values;
    for (size_t m = 0; m < 20; ++m) values.push_back(static_cast<float>(ensemble[m * points + p]));
    return values;
  }
  static std::vector<double> read_npy(const fs::path& path);
  static constexpr size_t points = 37 * 72;
};

std::vector<double> Golden::read_npy(const fs::path& path) {
  const std::string text = read_file(path);
  uint16_t header = 0;
  std::memcpy(&header, text.data() + 8, sizeof header);
  const size_t begin = 10u + header;
  EXPECT_NE(text.find("'<f8'"), std::string::npos) << path;
  std::vector<double> values((text.size() - begin) / sizeof(double));
  std::memcpy(values.data(), text.data() + begin, values.size() * sizeof(double));
  return values;
}

TEST_F(Golden, MomentsProbabilitiesAndQuantilesAreThoseOfTheScores) {
  HENS_REQUIRE_DATA("golden/scores/ensemble.npy");
  const std::vector<double> ensemble = load("ensemble"), mean = load("ensemble_mean");
  const std::vector<double> deviation = load("ensemble_std_ddof1"), thresholds = load("brier_thresholds");
  const std::vector<double> probability = load("exceedance_probability"), quantiles = load("quantiles_linear");
  const std::vector<double> levels = load("quantile_levels");
  const Lattice lattice{0.25};
  for (size_t p = 0; p < points; ++p) {
    std::vector<float> values = at(ensemble, p);
    const Sums sums = sums_of(values, wind, lattice);
    // Each value is rounded to 2^-16, so is off by 2^-17 at most, and by as much again as float32 of up to 128 m s-1.
    constexpr double rounding = 2.0 / 131'072.0;
    ASSERT_TRUE(std::abs(mean_of(wind, sums.members, sums.sum) - mean[p]) <= rounding);
    // A deviation moves by no more than the root of 20/19 times what its values move by.
    ASSERT_TRUE(std::abs(deviation_of(wind, sums.members, sums.sum, sums.squares) - deviation[p]) <= 1.03 * rounding);
    for (size_t k = 0; k < 3; ++k) {
      const auto threshold = static_cast<float>(thresholds[k]);
      const auto events = std::ranges::count_if(values, [&](float x) { return x >= threshold; });
      ASSERT_EQ(probability_of(sums.members, static_cast<uint64_t>(events)), probability[k * points + p]);
    }
    // numpy's `linear` lies between two neighbouring order statistics; ours at most a width from one of them.
    std::ranges::sort(values);
    for (size_t k = 0; k < levels.size(); ++k) {
      const double place = levels[k] * 19.0;
      const auto low = static_cast<size_t>(place), high = std::min<size_t>(low + 1, 19);
      const double made = quantile(sums, lattice, levels[k]);
      ASSERT_TRUE(made >= values[low] - lattice.width && made <= values[high] + lattice.width) << levels[k];
      ASSERT_TRUE(quantiles[k * points + p] >= values[low] - rounding &&
                  quantiles[k * points + p] <= values[high] + rounding);
    }
  }
}

}  // namespace
}  // namespace hens
