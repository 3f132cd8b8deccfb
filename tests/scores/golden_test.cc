// Scores against arrays of Earth2Studio's statistics (tests/golden/README.md): 1e-12 everywhere, counts exact.
#include <algorithm>
#include <cmath>
#include <map>

#include <gtest/gtest.h>

#include "base/files.h"
#include "package/npy.h"
#include "scores/score_region.h"
#include "scores/score_sums.h"
#include "support/compare.h"
#include "support/test_data.h"

namespace hens {
namespace {

constexpr double tolerance = 1e-12;

fs::path golden(const std::string& name) { return test::data_root() / "golden/scores" / name; }
std::vector<double> values(const std::string& name) { return read_npy(golden(name + ".npy")).as<double>(); }

// An ensemble of the golden set, [member, lat, lon], as the sums take it.
struct Ensemble {
  std::vector<double> members, truth, climate, lat, weights;
  size_t size = 0;

  explicit Ensemble(const std::string& prefix = "")
      : members(values(prefix + "ensemble")),
        truth(values(prefix + "truth")),
        climate(values("climatology")),
        lat(values("lat")),
        weights(latitude_weights(lat)),
        size(members.size() / truth.size()) {}
  size_t points() const { return truth.size(); }
  std::vector<double> sorted(size_t point) const {
    std::vector<double> all;
    for (size_t m = 0; m < size; ++m) all.push_back(members[m * points() + point]);
    std::ranges::sort(all);
    return all;
  }
  double weight(size_t point) const { return weights[point / (points() / lat.size())]; }

  ScoreSums sums(const std::vector<Threshold>& thresholds, bool weighted = true, bool with_climate = true) const {
    ScoreSums sums({true, true, true, true, true, true, true, true}, thresholds);
    std::vector<int64_t> events(thresholds.size());
    std::vector<double> above(thresholds.size()), squares(size, 0.0);
    for (size_t p = 0; p < points(); ++p) {
      const std::vector<double> x = sorted(p);
      PointOutcome point{weighted ? weight(p) : 1.0, truth[p], static_cast<int64_t>(size), point_scores(x, truth[p])};
      for (size_t k = 0; k < thresholds.size(); ++k) {
        events[k] = count_events(x, thresholds[k]);
        above[k] = threshold_weighted_crps(x, truth[p], thresholds[k].value);
      }
      point.events = events, point.threshold_crps = above;
      point.climate = with_climate ? climate[p] : 0.0;
      point.outlier = point.scores.at_most == 0 || point.scores.below == point.members;
      sums.add(point);
      for (size_t m = 0; m < size; ++m) {
        const double error = members[m * points() + p] - truth[p];
        squares[m] += point.weight * error * error;
      }
    }
    sums.end_time(0, squares);
    return sums;
  }
};

std::map<std::string, double> by_name(const ScoreSums& sums) {
  std::map<std::string, double> named;
  for (const Score& score : sums.scores()) named[score.name] = score.value;
  return named;
}

// Of scalars.txt: index, name, value.
std::vector<double> scalars() { return values("scalars"); }

std::vector<Threshold> golden_thresholds() {
  std::vector<Threshold> thresholds;
  for (const double value : values("brier_thresholds")) thresholds.push_back({static_cast<float>(value)});
  return thresholds;
}

class ScoresGolden : public ::testing::Test {
 protected:
  void SetUp() override { HENS_REQUIRE_DATA("golden/scores/ensemble.npy"); }
};

TEST_F(ScoresGolden, LatitudeWeights) {
  EXPECT_TRUE(test::all_near(latitude_weights(values("lat")), values("lat_weight"), tolerance));
}

TEST_F(ScoresGolden, Maps) {
  const Ensemble ensemble;
  std::vector<double> crps, fair, mean, variance;
  std::vector<double> ranks;
  for (size_t p = 0; p < ensemble.points(); ++p) {
    const PointScores scores = point_scores(ensemble.sorted(p), ensemble.truth[p]);
    crps.push_back(scores.crps), fair.push_back(scores.fair_crps);
    mean.push_back(scores.mean), variance.push_back(scores.variance);
    ranks.push_back(static_cast<double>(scores.at_most));
  }
  EXPECT_TRUE(test::all_near(crps, values("crps_map"), tolerance));
  EXPECT_TRUE(test::all_near(fair, values("crps_fair_map"), tolerance));
  EXPECT_TRUE(test::all_near(mean, values("ensemble_mean"), tolerance));
  EXPECT_TRUE(test::all_near(variance, values("ensemble_variance_ddof1"), tolerance));
  EXPECT_EQ(ranks, values("ranks"));
}

TEST_F(ScoresGolden, Scalars) {
  const Ensemble ensemble;
  const std::vector<double> expected = scalars();
  const auto weighted = by_name(ensemble.sums({})), plain = by_name(ensemble.sums({}, false));
  EXPECT_NEAR(weighted.at("crps"), expected[0], tolerance);
  EXPECT_NEAR(plain.at("crps"), expected[1], tolerance);
  EXPECT_NEAR(weighted.at("crps_fair"), expected[2], tolerance);
  EXPECT_NEAR(weighted.at("rmse"), expected[4], tolerance);
  EXPECT_NEAR(plain.at("rmse"), expected[5], tolerance);
  EXPECT_NEAR(weighted.at("mae"), expected[6], tolerance);
  EXPECT_NEAR(weighted.at("spread_skill"), expected[8], tolerance);
  EXPECT_NEAR(plain.at("spread_skill"), expected[9], tolerance);
  EXPECT_NEAR(weighted.at("spread"), expected[12], tolerance);
  EXPECT_NEAR(weighted.at("spread_skill_corrected"), expected[13], tolerance);
  EXPECT_NEAR(weighted.at("acc"), expected[14], tolerance);
  EXPECT_NEAR(by_name(ensemble.sums({}, true, false)).at("acc"), expected[15], tolerance);
  EXPECT_NEAR(plain.at("acc"), expected[16], tolerance);
}

// The best member is at least as good as member 0, whose error the golden data have.
TEST_F(ScoresGolden, BestMember) {
  const Ensemble ensemble;
  const ScoreSums sums = ensemble.sums({});
  ASSERT_EQ(sums.best_members().size(), 1u);
  EXPECT_LE(sums.best_members()[0].rmse, scalars()[7]);
  double squares = 0.0, weight = 0.0;
  for (size_t p = 0; p < ensemble.points(); ++p) {
    const double x = ensemble.members[sums.best_members()[0].member * ensemble.points() + p];
    squares += ensemble.weight(p) * (x - ensemble.truth[p]) * (x - ensemble.truth[p]);
    weight += ensemble.weight(p);
  }
  EXPECT_NEAR(sums.best_members()[0].rmse, std::sqrt(squares / weight), tolerance);
}

TEST_F(ScoresGolden, RankHistogram) {
  const std::vector<double> expected = values("rank_histogram");  // centres, counts
  const ScoreSums sums = Ensemble().sums({});
  ASSERT_NE(sums.ranks(), nullptr);
  const size_t ranks = expected.size() / 2;
  EXPECT_EQ(sums.ranks()->expected(),
            std::vector<double>(expected.begin() + static_cast<std::ptrdiff_t>(ranks), expected.end()));
  const double outliers = (expected[ranks] + expected.back()) / static_cast<double>(sums.points());
  EXPECT_NEAR(by_name(sums).at("outlier_share"), outliers, tolerance);
}

TEST_F(ScoresGolden, TiedRanks) {
  const ScoreSums sums = Ensemble("tied_").sums({});
  ASSERT_NE(sums.ranks(), nullptr);
  EXPECT_TRUE(test::all_near(sums.ranks()->expected(), values("tied_rank_histogram_expected"), tolerance));
  const std::vector<double> upper = values("tied_rank_histogram_no_randomisation");
  const std::vector<double> counts(sums.ranks()->upper().begin(), sums.ranks()->upper().end());
  EXPECT_EQ(counts, std::vector<double>(upper.begin() + static_cast<std::ptrdiff_t>(upper.size() / 2), upper.end()));
}

TEST_F(ScoresGolden, TiedCrps) {
  const Ensemble ensemble("tied_");
  std::vector<double> crps;
  for (size_t p = 0; p < ensemble.points(); ++p)
    crps.push_back(point_scores(ensemble.sorted(p), ensemble.truth[p]).crps);
  EXPECT_TRUE(test::all_near(crps, values("tied_crps_map"), tolerance));
}

TEST_F(ScoresGolden, Brier) {
  const std::vector<Threshold> thresholds = golden_thresholds();
  const Ensemble ensemble;
  std::vector<double> weighted, plain;
  for (const Threshold& threshold : thresholds) {
    weighted.push_back(by_name(ensemble.sums({threshold})).at("brier" + threshold_text(threshold)));
    plain.push_back(by_name(ensemble.sums({threshold}, false)).at("brier" + threshold_text(threshold)));
  }
  EXPECT_TRUE(test::all_near(weighted, values("brier_lat_weighted"), tolerance));
  EXPECT_TRUE(test::all_near(plain, values("brier_no_weights"), tolerance));
}

// Members and truth of halves: 9.0 itself is the event.
TEST_F(ScoresGolden, BrierTellsAtLeastFromAbove) {
  const Ensemble ensemble("tied_");
  const double expected = values("tied_brier_9")[0];
  EXPECT_NEAR(by_name(ensemble.sums({{9.0f}}, false)).at("brier>=9"), expected, tolerance);
  EXPECT_GT(std::abs(by_name(ensemble.sums({{9.0f, Exceedance::above}}, false)).at("brier>9") - expected), 1e-4);
}

// Murphy's identity, and the CRPS as an integral of Brier scores over thresholds.
TEST_F(ScoresGolden, PartsOfBrierAddUp) {
  const ScoreSums sums = Ensemble().sums(golden_thresholds());
  for (const EventScores& events : sums.events()) {
    const BrierScore brier = events.brier();
    EXPECT_NEAR(brier.score, brier.reliability - brier.resolution + brier.uncertainty, tolerance);
    const double area = events.roc_area();
    EXPECT_TRUE(area > 0.5 && area <= 1.0) << area;
  }
}

}  // namespace
}  // namespace hens
