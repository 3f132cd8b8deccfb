// The comparison reproduces what the original benchmark published, and refuses what it cannot compare.
#include "report/compare.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "support/test_data.h"

namespace hens {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::ordered_json;

Json length_json(int nsteps, std::vector<double> times, std::vector<double> per_step) {
  return {{"nsteps", nsteps}, {"forecast_hours", nsteps * 6}, {"inference_times", times}, {"time_per_step", per_step}};
}

// The times that the original benchmark measured in December 2025.
Json databricks() {
  return {{"platform", "Databricks"},
          {"runtime", "DBR 16.4 ML"},
          {"instance_type", "g6e.4xlarge"},
          {"run_date", "2025-12-07T23:55:28"},
          {"nensemble", 2},
          {"start_date", "2024-01-01"},
          {"benchmarks",
           {length_json(4, {43.79, 36.47}, {10.95, 9.12}), length_json(40, {114.86, 115.44}, {2.87, 2.89}),
            length_json(400, {904.74, 905.77}, {2.26, 2.26})}},
          {"total_time", 2416.12}};
}

Json ec2() {
  Json json = databricks();
  json["platform"] = "EC2";
  json.erase("runtime");
  json["benchmarks"] = {length_json(4, {35.93, 33.73}, {8.98, 8.43}), length_json(40, {122.41, 122.41}, {3.06, 3.06}),
                        length_json(400, {1007.14, 1007.24}, {2.52, 2.52})};
  json["total_time"] = 2502.88;
  return json;
}

BenchmarkFile file(const Json& json, const std::string& name = "a.json") {
  return parse_benchmark_file(name, json.dump());
}

Comparison published() { return compare_platforms({file(databricks(), "databricks.json"), file(ec2(), "ec2.json")}); }

template <typename Call>
std::string bad_input_message(Call call) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::bad_input);
    return error.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return "";
}

TEST(Compare, TextIsThePublishedTables) {
  EXPECT_EQ(comparison_text(published()), R"(Summary
Platform    NSTEPS=400 Time  Per-Step    Total Time      Winner
----------  ---------------  ----------  --------------  ----------
Databricks  905.26s          2.26s/step  2416s (40 min)  10% faster
EC2         1007.19s         2.52s/step  2503s (42 min)

Detailed Results by NSTEPS
NSTEPS  Forecast  Databricks M0  Databricks M1    EC2 M0    EC2 M1
------  --------  -------------  -------------  --------  --------
     4  24 hours         43.79s         36.47s    35.93s    33.73s
    40  10 days         114.86s        115.44s   122.41s   122.41s
   400  100 days        904.74s        905.77s  1007.14s  1007.24s

Per-Step Analysis
NSTEPS  Databricks Avg/Step  EC2 Avg/Step  Notes
------  -------------------  ------------  ---------------------
     4               10.04s         8.71s  High startup overhead
    40                2.88s         3.06s  Overhead amortizing
   400                2.26s         2.52s  True inference speed

Variance Analysis (Model 0 vs Model 1)
NSTEPS  Databricks Variance    EC2 Variance
------  -------------------  --------------
     4          7.32s (20%)      2.20s (6%)
    40          0.58s (<1%)      0.00s (0%)
   400          1.03s (<1%)  0.10s (<0.01%)

Key finding: Databricks is 10% faster at NSTEPS=400.
)");
}

TEST(Compare, MarkdownHasThePublishedRows) {
  const std::string text = comparison_markdown(published());
  for (const char* row :
       {"| **Databricks** | 905.26s | 2.26s/step | 2416s (40 min) | **10% faster** |",
        "| EC2 | 1007.19s | 2.52s/step | 2503s (42 min) |  |", "| 4 | 24 hours | 43.79s | 36.47s | 35.93s | 33.73s |",
        "| 400 | 100 days | 904.74s | 905.77s | 1007.14s | 1007.24s |",
        "| 4 | 10.04s | 8.71s | High startup overhead |", "| 40 | 0.58s (<1%) | 0.00s (0%) |",
        "| 400 | 1.03s (<1%) | 0.10s (<0.01%) |"}) {
    EXPECT_THAT(text, HasSubstr(row));
  }
}

TEST(Compare, JsonHasTheNumbersUnrounded) {
  const Json json = comparison_json(published());
  EXPECT_EQ(json["summary"]["winner"], "Databricks");
  EXPECT_EQ(json["summary"]["nsteps"], 400);
  EXPECT_NEAR(json["summary"]["faster"].get<double>(), 1.0 - 905.255 / 1007.19, 1e-12);
  EXPECT_NEAR(json["per_step"][0]["time_per_step"]["Databricks"].get<double>(), 10.035, 1e-12);
  EXPECT_NEAR(json["variance"][0]["fraction"]["EC2"].get<double>(), 2.2 / 33.73, 1e-12);
  EXPECT_EQ(json["detailed"][1]["inference_times"]["EC2"], Json({122.41, 122.41}));
  EXPECT_FALSE(json.contains("cost"));
  EXPECT_TRUE(json["notes"].empty());
}

TEST(Compare, OrderOfFilesDoesNotChangeTheWinner) {
  const Comparison comparison = compare_platforms({file(ec2()), file(databricks())});
  EXPECT_EQ(comparison.winner, 1);
  EXPECT_DOUBLE_EQ(comparison.faster, published().faster);
}

TEST(Compare, WinnerOfThreeIsMeasuredAgainstTheRunnerUp) {
  Json third = ec2();
  third["platform"] = "Kubernetes";
  third["benchmarks"] = {length_json(400, {2000, 2000}, {5, 5})};
  const Comparison comparison = compare_platforms({file(ec2()), file(third), file(databricks())});
  EXPECT_EQ(comparison.winner, 2);
  EXPECT_NEAR(comparison.faster, 1.0 - 905.255 / 1007.19, 1e-12);
  const std::string markdown = comparison_markdown(comparison);
  EXPECT_THAT(markdown, HasSubstr("| 4 | 8.71s |  | 10.04s | High startup overhead |"))
      << "blank where a file lacks it";
  EXPECT_THAT(markdown, HasSubstr("| 40 | 10 days | 122.41s | 122.41s |  |  | 114.86s | 115.44s |"));
}

TEST(Compare, SummaryIsTheLongestLengthThatAllHave) {
  Json shorter = ec2();
  shorter["benchmarks"].erase(2);
  const Comparison comparison = compare_platforms({file(databricks()), file(shorter)});
  EXPECT_EQ(comparison.lengths[comparison.summary].nsteps, 40);
  EXPECT_EQ(comparison.lengths.size(), 3U);
}

TEST(Compare, EqualTimesHaveNoWinner) {
  Json same = databricks();
  same["platform"] = "Other";
  const Comparison comparison = compare_platforms({file(databricks()), file(same)});
  EXPECT_FALSE(comparison.winner);
  EXPECT_TRUE(comparison_json(comparison)["summary"]["winner"].is_null());
  EXPECT_THAT(comparison_text(comparison), HasSubstr("same time at NSTEPS=400"));
}

TEST(Compare, SamePlatformsAreToldApart) {
  Json larger = databricks(), again = databricks();
  larger["instance_type"] = "p5.48xlarge";
  EXPECT_EQ(compare_platforms({file(databricks()), file(larger)}).names,
            (std::vector<std::string>{"Databricks g6e.4xlarge", "Databricks p5.48xlarge"}));
  EXPECT_EQ(compare_platforms({file(databricks()), file(again)}).names,
            (std::vector<std::string>{"Databricks g6e.4xlarge #1", "Databricks g6e.4xlarge #2"}));
}

TEST(Compare, CostIsShownWhereAPriceIsKnown) {
  Json priced = databricks();
  priced["price_per_hour"] = 3.6;
  const Comparison comparison = compare_platforms({file(priced), file(ec2())});
  // 904.74 + 905.77 s and 2416.12 s at 0.001 USD a second.
  EXPECT_THAT(comparison_markdown(comparison), HasSubstr("| Databricks | g6e.4xlarge | $3.60/h | $1.81 | $2.42 |"));
  const Json cost = comparison_json(comparison)["cost"];
  EXPECT_NEAR(cost["Databricks"]["summary"].get<double>(), 1.81051, 1e-9);
  EXPECT_FALSE(cost.contains("EC2"));
  EXPECT_NEAR(cost["Databricks"]["total"].get<double>(), 2.41612, 1e-9);
  priced["machine_time"] = 5000.0;  // of shards side by side, all of which are to be paid
  const Comparison of_shards = compare_platforms({file(priced), file(ec2())});
  EXPECT_NEAR(comparison_json(of_shards)["cost"]["Databricks"]["total"].get<double>(), 5.0, 1e-9);
}

TEST(Compare, SaysWhereRunsAreNotLikeForLike) {
  Json more = ec2();
  more["nensemble"] = 4;
  const Comparison comparison = compare_platforms({file(databricks()), file(more)});
  ASSERT_EQ(comparison.notes.size(), 1U);
  EXPECT_EQ(comparison.notes[0], "Not like for like: nensemble differs (Databricks 2, EC2 4).");
}

TEST(Compare, NoCommonLengthIsNamed) {
  Json other = ec2();
  other["benchmarks"] = {length_json(8, {16, 16}, {2, 2})};
  const std::string message =
      bad_input_message([&] { compare_platforms({file(databricks(), "x.json"), file(other, "y.json")}); });
  EXPECT_THAT(message, HasSubstr("x.json has 4, 40, 400"));
  EXPECT_THAT(message, HasSubstr("y.json has 8"));
}

struct BadCase {
  const char* pointer;  // what is replaced
  Json value;           // discarded: erase
  const char* key;      // what the message names
};

TEST(Compare, EveryBadKeyIsNamedWithItsFile) {
  const Json erased(Json::value_t::discarded);
  const std::vector<BadCase> cases{
      {"/platform", erased, "platform: is missing"},
      {"/platform", "", "platform"},
      {"/platform", "two\nlines", "platform"},
      {"/platform", 7, "platform"},
      {"/total_time", erased, "total_time: is missing"},
      {"/total_time", "2416", "total_time"},
      {"/total_time", 0, "total_time"},
      {"/nensemble", 0, "nensemble"},
      {"/nensemble", 2.5, "nensemble"},
      {"/benchmarks", erased, "benchmarks: is missing"},
      {"/benchmarks", Json::array(), "benchmarks"},
      {"/benchmarks", 3, "benchmarks"},
      {"/benchmarks/1", 3, "benchmarks[1]"},
      {"/benchmarks/1/nsteps", erased, "benchmarks[1].nsteps: is missing"},
      {"/benchmarks/1/nsteps", -4, "benchmarks[1].nsteps"},
      {"/benchmarks/1/nsteps", 400, "benchmarks"},
      {"/benchmarks/1/forecast_hours", "long", "benchmarks[1].forecast_hours"},
      {"/benchmarks/1/inference_times", Json::array(), "benchmarks[1].inference_times"},
      {"/benchmarks/1/inference_times/0", nullptr, "benchmarks[1].inference_times[0]"},
      {"/benchmarks/1/inference_times/0", -1.0, "benchmarks[1].inference_times[0]"},
      {"/benchmarks/1/time_per_step", erased, "benchmarks[1].time_per_step: is missing"},
      {"/benchmarks/1/time_per_step", Json({2.87}), "benchmarks[1].time_per_step"},
      {"/benchmarks/1/time_per_step/0", 28.7, "benchmarks[1].time_per_step"},
      {"/price_per_hour", -1, "price_per_hour"},
  };
  for (const BadCase& bad : cases) {
    Json json = databricks();
    const Json::json_pointer pointer(bad.pointer);
    bad.value.is_discarded() ? json.at(pointer.parent_pointer()).erase(pointer.back()),
        void()               : void(json[pointer] = bad.value);
    const std::string message = bad_input_message([&] { file(json, "bad.json"); });
    EXPECT_THAT(message, HasSubstr(std::string("bad.json: ") + bad.key)) << bad.pointer;
  }
}

TEST(Compare, WhatIsNoJsonObjectIsRefused) {
  for (const char* text : {"", "[]", "{\"platform\": NaN}", "{", "\xff\xfe", "nonsense"}) {
    EXPECT_THAT(bad_input_message([&] { parse_benchmark_file("x.json", text); }),
                HasSubstr("x.json: is not a JSON object"));
  }
  EXPECT_THROW(read_benchmark_file("/nowhere/x.json"), Error);
}

TEST(Compare, TheOriginalFilesGiveThePublishedFigures) {
  HENS_REQUIRE_DATA("data/benchmark_results/ec2.json");
  const auto folder = test::data_root() / "data/benchmark_results";
  const Comparison comparison =
      compare_platforms({read_benchmark_file(folder / "databricks.json"), read_benchmark_file(folder / "ec2.json")});
  EXPECT_EQ(comparison_text(comparison), comparison_text(published()));
}

TEST(Comparison, NamesCardsAndHowMany) {
  Json one = ec2(), two = ec2();
  one["gpu"] = two["gpu"] = "NVIDIA H200";
  one["device"] = "cuda:0", two["device"] = "cuda:0, cuda:1", two["total_time"] = 1300.0;
  const Comparison comparison = compare_platforms({file(one), file(two, "b.json")});
  EXPECT_EQ(comparison.names,
            (std::vector<std::string>{"EC2 g6e.4xlarge NVIDIA H200", "EC2 g6e.4xlarge 2 x NVIDIA H200"}));
  const std::string text = comparison_text(comparison);
  EXPECT_THAT(text, HasSubstr("GPUs"));
  EXPECT_THAT(text, HasSubstr("what several GPUs save is in Total Time"));
  const Json json = comparison_json(comparison);
  EXPECT_EQ(json["platforms"][1]["gpus"], 2);
  EXPECT_EQ(json["platforms"][1]["gpu"], "NVIDIA H200");
  EXPECT_THAT(comparison_text(published()), testing::Not(HasSubstr("GPUs"))) << "files that name none";
}

TEST(Compare, PageHoldsTheTablesAndNoForeignMarkup) {
  Json foreign = ec2();
  foreign["platform"] = "<b>EC2</b>";
  const std::string page =
      comparison_html(compare_platforms({file(databricks(), "databricks.json"), file(foreign, "ec2.json")}));
  for (const char* text :
       {"905.26s", "2.52s/step", "10% faster", "Key finding: Databricks is 10% faster at NSTEPS=400.",
        "Variance Analysis (Model 0 vs Model 1)", "400 steps, 100 days", "default-src 'none'"}) {
    EXPECT_THAT(page, HasSubstr(text));
  }
  // A bar a platform and length.
  size_t bars = 0;
  for (size_t at = page.find("<rect class=\"a\""); at != std::string::npos; at = page.find("<rect class=\"a\"", at + 1))
    ++bars;
  EXPECT_EQ(bars, 6u);
  EXPECT_EQ(page.find("<b>EC2"), std::string::npos);
  EXPECT_THAT(page, HasSubstr("&lt;b&gt;EC2&lt;/b&gt;"));
  EXPECT_EQ(page.find("http://"), std::string::npos);
  EXPECT_EQ(page.find("src="), std::string::npos);
}

}  // namespace
}  // namespace hens
