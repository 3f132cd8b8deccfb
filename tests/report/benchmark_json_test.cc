// benchmark_results.json keeps the original's fields and meaning, and can be read back by the comparison.
#include "report/benchmark_json.h"

#include <limits>

#include <gtest/gtest.h>

#include "base/error.h"
#include "report/run_summary.h"
#include "support/example_manifest.h"

namespace hens {
namespace {

using Json = nlohmann::ordered_json;

TEST(BenchmarkResults, HasTheOriginalFieldsInTheirOrder) {
  const Json json = benchmark_results(test::example_manifest());
  EXPECT_EQ(json["platform"], "EC2");
  EXPECT_EQ(json["runtime"], "hens 0.1.0, LibTorch 2.11.0");
  EXPECT_EQ(json["instance_type"], "g6e.4xlarge");
  EXPECT_EQ(json["run_date"], "2026-01-01T00:00:00Z");
  EXPECT_EQ(json["nensemble"], 2);
  EXPECT_EQ(json["start_date"], "2024-01-01");
  EXPECT_EQ(json["total_time"], 150.0) << "both attempts";
  std::vector<std::string> keys;
  for (const auto& [key, value] : json.items()) keys.push_back(key);
  keys.resize(8);
  EXPECT_EQ(keys, (std::vector<std::string>{"platform", "runtime", "instance_type", "run_date", "nensemble",
                                            "start_date", "benchmarks", "total_time"}));
}

TEST(BenchmarkResults, HasMoneyAndEnergyWhereTheyAreKnown) {
  Manifest manifest = test::example_manifest();
  EXPECT_FALSE(benchmark_results(manifest).contains("energy_kwh"));
  manifest.spec.runtime.price_per_hour = 2.4;
  manifest.attempts[1].energy_joules = 36'000.0, manifest.attempts[1].work = {500, 20.0};
  const Json json = benchmark_results(manifest);
  EXPECT_DOUBLE_EQ(json["cost_per_member"].get<double>(), 0.1 / 8);
  EXPECT_DOUBLE_EQ(json["energy_kwh"].get<double>(), 0.01);
  EXPECT_EQ(json["energy_is_whole"], false);
  EXPECT_EQ(json["joules_per_member_step"], 72.0);
}

TEST(BenchmarkResults, TimesAreSumsOverAModelsMembers) {
  const Json lengths = benchmark_results(test::example_manifest())["benchmarks"];
  ASSERT_EQ(lengths.size(), 2U);
  EXPECT_EQ(lengths[0]["nsteps"], 4);
  EXPECT_EQ(lengths[0]["forecast_hours"], 24);
  EXPECT_EQ(lengths[0]["inference_times"], Json({20.0, 22.0}));
  EXPECT_EQ(lengths[0]["time_per_step"], Json({5.0, 5.5}));
  EXPECT_EQ(lengths[0]["time_per_member_step"], Json({2.5, 2.75}));
  EXPECT_EQ(lengths[0]["stages"]["perturbation"], Json({4.0, 4.0}));
  EXPECT_EQ(lengths[1]["forecast_hours"], 240);
  EXPECT_EQ(lengths[1]["inference_times"], Json({40.0, 42.0}));
}

TEST(BenchmarkResults, ALengthThatIsNotWholeIsNotCompared) {
  Manifest manifest = test::example_manifest();
  for (MemberEntry& entry : manifest.members) {
    if (entry.id.length == 1 && entry.id.model == 1 && entry.id.member == 0) entry.state = MemberState::failed;
  }
  const Json json = benchmark_results(manifest);
  ASSERT_EQ(json["benchmarks"].size(), 1U);
  EXPECT_EQ(json["benchmarks"][0]["nsteps"], 4);
  EXPECT_EQ(json["incomplete"][0]["nsteps"], 40);
  EXPECT_EQ(json["incomplete"][0]["members_complete"], Json({2, 1}));
  EXPECT_EQ(json["members_complete"], 7);
}

TEST(BenchmarkResults, CostStandsThereWhenThePriceIsKnown) {
  Manifest manifest = test::example_manifest();
  EXPECT_FALSE(benchmark_results(manifest).contains("cost"));
  manifest.spec.runtime.price_per_hour = 36.0;
  const Json json = benchmark_results(manifest);
  EXPECT_EQ(json["price_per_hour"], 36.0);
  EXPECT_EQ(json["cost"], 1.5) << "150 s at a cent a second";
}

TEST(BenchmarkResults, IsReadBackByTheComparison) {
  const BenchmarkFile file = parse_benchmark_file("x.json", benchmark_results(test::example_manifest()).dump());
  EXPECT_EQ(file.platform, "EC2");
  EXPECT_EQ(file.nensemble, 2);
  ASSERT_EQ(file.lengths.size(), 2U);
  EXPECT_EQ(file.lengths[1].inference_times, (std::vector<double>{40.0, 42.0}));
  EXPECT_EQ(file.total_time, 150.0);
}

TEST(RunSummary, RefusesEntriesOutsideTheSpecAndImpossibleTimes) {
  const auto broken = [](auto change) {
    Manifest manifest = test::example_manifest();
    change(manifest.members[3]);
    EXPECT_THROW(summarise_lengths(manifest), Error);
  };
  broken([](MemberEntry& entry) { entry.id.length = LengthIndex(2); });
  broken([](MemberEntry& entry) { entry.id.model = ModelIndex(-1); });
  broken([](MemberEntry& entry) { entry.time.total = -1.0; });
  broken([](MemberEntry& entry) { entry.time.steps = std::numeric_limits<double>::quiet_NaN(); });
  broken([](MemberEntry& entry) { entry.time.total = std::numeric_limits<double>::infinity(); });
}

TEST(RunSummary, PartsAndMeans) {
  const std::vector<LengthSummary> lengths = summarise_lengths(test::example_manifest());
  ASSERT_EQ(lengths.size(), 2U);
  EXPECT_TRUE(lengths[1].complete());
  EXPECT_EQ(lengths[1].mean_inference(), 41.0);
  EXPECT_EQ(lengths[1].mean_time_per_step(), 41.0 / 40.0);
  EXPECT_EQ(lengths[1].models[0].steps, 34.0);
}

// Three shards side by side took 3.5 s, and total_time said 9.7: it was the sum of theirs.
TEST(RunSummary, TimeOfAttemptsSideBySideCountsOnceForTheWallAndInFullForTheMachines) {
  Manifest manifest = test::example_manifest();
  manifest.spec.runtime.price_per_hour = 36.0;
  manifest.attempts = {test::example_attempt(1, 60.0), test::example_attempt(2, 60.0), test::example_attempt(3, 5.0)};
  manifest.attempts[0].started = "2026-01-01T00:00:30.500Z";
  manifest.attempts[1].started = "2026-01-01T00:00:00.000Z";
  manifest.attempts[2].started = "2026-01-01T00:00:10.000Z";
  EXPECT_EQ(run_time(manifest).wall, 90.5);
  EXPECT_EQ(run_time(manifest).machine, 125.0);
  EXPECT_EQ(run_time(manifest).open_ends, 0);
  const Json json = benchmark_results(manifest);
  EXPECT_EQ(json["total_time"], 90.5);
  EXPECT_EQ(json["machine_time"], 125.0);
  EXPECT_EQ(json["cost"], 1.25) << "all machines are to be paid";
}

TEST(RunSummary, AnAttemptWithoutAnEndCountsToItsLastCompleteMember) {
  Manifest manifest = test::example_manifest();
  test::kill(manifest.attempts[0]);
  EXPECT_EQ(attempt_seconds(manifest), (std::vector<double>{50.5, 90.0}));
  EXPECT_EQ(run_time(manifest).machine, 140.5);
  EXPECT_EQ(run_time(manifest).open_ends, 1);
  EXPECT_EQ(benchmark_results(manifest)["attempts"][0]["exit_code"], nullptr) << "0 would say that it is done";
  for (MemberEntry& entry : manifest.members) entry.attempt = 2;
  EXPECT_EQ(attempt_seconds(manifest), (std::vector<double>{0.0, 90.0}));
}

TEST(BenchmarkResults, OutputIsThatOfTheCompleteMembersWhateverBecameOfTheirAttempts) {
  Manifest manifest = test::example_manifest();
  test::kill(manifest.attempts[0]);
  EXPECT_EQ(benchmark_results(manifest)["output_bytes"], uint64_t{8} << 28);
}

}  // namespace
}  // namespace hens
