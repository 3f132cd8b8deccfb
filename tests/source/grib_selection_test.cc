// Several messages for one channel and time: what is no state at one moment never takes a state's place, wherever it
// stands in the file, and what still competes must be the same.
#include <algorithm>

#include <fmt/format.h>

#include "source/grib_message.h"
#include "source/grib_parts.h"
#include "source/grib_writer.h"
#include "source/source_fixtures.h"

namespace hens {
namespace {

using test::error_text;
using test::GribWriter;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;

const Time midnight = parse_time("2024-01-01");
constexpr double state = 5.0, other = 9.0;  // m s-1

GribWriter wind() {
  GribWriter writer;
  writer.set("discipline", 0).set("parameterCategory", 2).set("parameterNumber", 2);
  writer.set("typeOfFirstFixedSurface", 103).set("scaleFactorOfFirstFixedSurface", 0);
  writer.set("scaledValueOfFirstFixedSurface", 10);
  return writer;
}

// The wind at 10 m in another product definition template, and what else makes it no state.
GribWriter product(long number, const std::vector<std::pair<const char*, long>>& keys = {}) {
  GribWriter writer;
  writer.set("productDefinitionTemplateNumber", number);
  writer.set("discipline", 0).set("parameterCategory", 2).set("parameterNumber", 2);
  writer.set("typeOfFirstFixedSurface", 103).set("scaleFactorOfFirstFixedSurface", 0);
  writer.set("scaledValueOfFirstFixedSurface", 10);
  for (const auto& [key, value] : keys) writer.set(key, value);
  return writer;
}

class GribSelection : public ::testing::Test {
 protected:
  State load(const std::string& bytes, const char* channel = "u10m") {
    const std::string name = fmt::format("file{}.grib2", files_made_++);
    test::write_bytes(files_ / name, bytes);
    source_ = files_.open(SourceKind::grib, {(files_ / name).string()});
    return source_->load(midnight, {channel}, equiangular_grid(5, 8));
  }
  // u10m of a file with `message` before and behind the state.
  void expect_state_beside(const std::string& message, const std::string& note) {
    for (const bool first : {true, false}) {
      const std::string wind_message = wind().message(state);
      const State loaded = load(first ? message + wind_message : wind_message + message);
      EXPECT_TRUE(std::ranges::all_of(loaded.values, [](float v) { return v == state; })) << note << first;
      EXPECT_THAT(source_->records().at(0).notes, Contains(HasSubstr(note)));
    }
  }
  // What nobody may take for a state is not there when it is alone.
  void expect_missing_alone(const std::string& message) {
    error_text([&] { load(message); }, ExitCode::missing_input);
  }
  test::FileSources files_;
  std::unique_ptr<Source> source_;
  int files_made_ = 0;
};

TEST_F(GribSelection, StatisticsOverTimeAreNoStates) {
  for (const long statistic :
       {0, 1, 2, 3, 4, 5, 6}) {  // mean, accumulation, maximum, minimum, difference, rms, deviation
    const std::string message = product(8, {{"typeOfStatisticalProcessing", statistic},
                                            {"yearOfEndOfOverallTimeInterval", 2024},
                                            {"monthOfEndOfOverallTimeInterval", 1},
                                            {"dayOfEndOfOverallTimeInterval", 1},
                                            {"lengthOfTimeRange", 0}})
                                    .message(other);
    expect_state_beside(message, "passed over 1 field of the file: statistic over the steps");
    expect_missing_alone(message);
  }
}

TEST_F(GribSelection, EnsembleStatisticsAreNoStates) {
  for (long derived = 0; derived <= 9; ++derived) {
    const std::string message = product(2, {{"derivedForecast", derived}}).message(other);
    expect_state_beside(message, "passed over 1 field of the file: ensemble ");
    expect_missing_alone(message);
  }
}

TEST_F(GribSelection, PercentilesAndProbabilitiesAreNoStates) {
  expect_state_beside(product(6, {{"percentileValue", 50}}).message(other), "percentile");
  expect_state_beside(product(5, {{"probabilityType", 1}}).message(0.5), "probability");
  expect_missing_alone(product(6, {{"percentileValue", 50}}).message(other));
}

TEST_F(GribSelection, ErrorsIncrementsAndClimatesAreNoStates) {
  for (const long process : {6, 7, 9, 18, 20}) {
    expect_state_beside(product(0, {{"typeOfGeneratingProcess", process}}).message(other), "passed over 1 field");
  }
}

TEST_F(GribSelection, ALayerOfHeightsIsNoHeight) {
  const std::string layer = product(0, {{"typeOfSecondFixedSurface", 103},
                                        {"scaleFactorOfSecondFixedSurface", 0},
                                        {"scaledValueOfSecondFixedSurface", 100}})
                                .message(other);
  EXPECT_TRUE(std::ranges::all_of(load(layer + wind().message(state)).values, [](float v) { return v == state; }));
  expect_missing_alone(layer);
}

TEST_F(GribSelection, MembersGiveWayToTheUnperturbedForecast) {
  const auto member = [](long number) {
    return product(1,
                   {{"typeOfEnsembleForecast", 3}, {"perturbationNumber", number}, {"numberOfForecastsInEnsemble", 30}})
        .message(other);
  };
  expect_state_beside(member(3), "passed over 1 field of the file: ensemble member");
  EXPECT_EQ(load(member(3)).values.front(), static_cast<float>(other)) << "a file of one member is that member's";
  EXPECT_EQ(load(member(3) + wind().message(state) + member(4)).values.front(), static_cast<float>(state));
  EXPECT_THAT(error_text([&] { load(member(3) + member(4)); }, ExitCode::bad_input),
              HasSubstr("for several ensemble members (3 and 4)"));
}

// As hens writes its members, and centres theirs.
TEST_F(GribSelection, AMemberAndALeadTimeAreChosen) {
  const auto member = [](long number, long hours, double value) {
    return product(1, {{"typeOfProcessedData", 4},
                       {"typeOfEnsembleForecast", 3},
                       {"perturbationNumber", number},
                       {"numberOfForecastsInEnsemble", 30},
                       {"forecastTime", hours},
                       {"dataDate", hours == 0 ? 20240101 : 20231231},
                       {"dataTime", hours == 0 ? 0 : 1800}})
        .message(value);
  };
  const std::string all = member(0, 0, 10) + member(1, 0, 11) + member(0, 6, 20) + member(1, 6, 21);
  test::write_bytes(files_ / "members.grib2", all);
  InitialConditionsSpec spec;
  spec.source = SourceKind::grib;
  spec.path = {(files_ / "members.grib2").string()};
  const auto first = [&](std::optional<int> number, std::optional<Duration> lead) {
    spec.member = number, spec.lead_time = lead;
    return files_.open(spec)->load(midnight, {"u10m"}, equiangular_grid(5, 8)).values.front();
  };
  EXPECT_EQ(first(0, {}), 10.0f) << "the latest cycle";
  EXPECT_EQ(first(1, {}), 11.0f);
  EXPECT_EQ(first(1, std::chrono::hours(6)), 21.0f);
  EXPECT_EQ(first(0, std::chrono::hours(6)), 20.0f);
  EXPECT_THAT(error_text([&] { first(2, {}); }, ExitCode::missing_input), HasSubstr("passed over 4: another member"));
  error_text([&] { first(1, std::chrono::hours(12)); }, ExitCode::missing_input);
  EXPECT_THAT(error_text([&] { first({}, {}); }, ExitCode::bad_input), HasSubstr("initial_conditions.member"))
      << "member 0 of perturbed ones is no control";
}

// Open data of IFS: heights in place of geopotential, packed by CCSDS, as an analysis or as a forecast of no hours.
TEST_F(GribSelection, OpenDataOfIfs) {
  for (const long kind : {0, 1}) {  // analysis, forecast
    const auto on_level = [&](long category, long number, long hectopascal) {
      GribWriter writer;
      writer.set("centre", 98).set("productionStatusOfProcessedData", 0).set("typeOfProcessedData", kind);
      writer.set("packingType", "grid_ccsds").set("bitsPerValue", 16);
      writer.set("discipline", 0).set("parameterCategory", category).set("parameterNumber", number);
      writer.set("typeOfFirstFixedSurface", 100).set("scaleFactorOfFirstFixedSurface", 0);
      writer.set("scaledValueOfFirstFixedSurface", hectopascal * 100).set("forecastTime", 0);
      return writer;
    };
    const std::string file = on_level(3, 5, 500).message(5500.0) + on_level(1, 0, 850).message(0.0078125) +
                             on_level(0, 0, 500).message(250.0);
    EXPECT_EQ(load(file, "z500").values.front(), static_cast<float>(5500.0 * 9.80665));
    EXPECT_EQ(load(file, "q850").values.front(), 0.0078125f);
    EXPECT_EQ(load(file, "t500").values.front(), 250.0f);
  }
}

TEST_F(GribSelection, Edition1KnowsItsRanges) {
  const auto message = [](long range, double value) {
    GribWriter writer("regular_ll_sfc_grib1");
    writer.set("table2Version", 2).set("indicatorOfParameter", 33).set("indicatorOfTypeOfLevel", 105);
    writer.set("level", 10).set("timeRangeIndicator", range);
    return writer.message(value);
  };
  EXPECT_EQ(load(message(0, state)).values.front(), static_cast<float>(state));
  EXPECT_EQ(load(message(10, state)).values.front(), static_cast<float>(state));
  for (const long range : {2, 3, 4, 5}) {
    EXPECT_EQ(load(message(range, other) + message(0, state)).values.front(), static_cast<float>(state)) << range;
    EXPECT_EQ(load(message(0, state) + message(range, other)).values.front(), static_cast<float>(state)) << range;
  }
}

TEST_F(GribSelection, CopiesAreOneAndDifferencesAreNamed) {
  const std::string one = wind().message(state), two = wind().message(other);
  EXPECT_EQ(load(one + one).values.front(), static_cast<float>(state));
  const std::string text = error_text([&] { load(one + two); }, ExitCode::bad_input);
  EXPECT_THAT(text, AllOf(HasSubstr("channel u10m at 2024-01-01T00:00:00Z is there twice with different values"),
                          HasSubstr("message at byte 0"), HasSubstr(fmt::format("message at byte {}", one.size()))));
}

TEST_F(GribSelection, FieldsOfOneMessageAreAllRead) {
  GribWriter northward = wind();
  northward.set("parameterNumber", 3);
  const std::string joined = test::join_fields({wind().message(state), northward.message(other)});
  EXPECT_EQ(load(joined, "u10m").values.front(), static_cast<float>(state));
  EXPECT_EQ(load(joined, "v10m").values.front(), static_cast<float>(other));
}

// Framing of untrusted bytes: a field list or an Error, whatever a section's length says.
TEST_F(GribSelection, DamagedSectionsAreErrors) {
  const std::string joined = test::join_fields({wind().message(state), wind().message(other)});
  const auto as_span = [](const std::string& bytes) { return std::as_bytes(std::span(bytes)); };
  ASSERT_EQ(split_grib_fields(as_span(joined), "file").size(), 2u);
  int refused = 0;
  for (size_t byte = 16; byte < joined.size() - 4; ++byte) {
    for (const int flip : {0x01, 0x80, 0xff}) {
      std::string damaged = joined;
      damaged[byte] = static_cast<char>(damaged[byte] ^ flip);
      try {
        for (const GribPart& part : split_grib_fields(as_span(damaged), "file")) {
          EXPECT_LE(part.bytes.size(), joined.size());
        }
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), ExitCode::bad_input);
        ++refused;
      }
    }
  }
  EXPECT_GT(refused, 20);
}

}  // namespace
}  // namespace hens
