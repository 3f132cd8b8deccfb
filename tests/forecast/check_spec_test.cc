// What `validate`, `run` and `fetch` refuse of a spec alike: words that only the models give a meaning.
#include "forecast/check_spec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "support/test_data.h"
#include "synth/synth.h"

namespace hens {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class CheckSpec : public ::testing::Test {
 protected:
  // What is said of a spec with `more` and overrides: its problems, a line each, without the line that counts them.
  std::string problems(const std::string& more, const std::vector<std::string>& overrides = {},
                       ExitCode code = ExitCode::bad_spec) {
    publish_file(folder_ / "job.yaml",
                 "name: test\n"
                 "initial_conditions: {source: analytic, times: [2024-01-01T00:00:00Z]}\n"
                 "forecast: {steps: [4]}\n" +
                     more);
    try {
      load_checked_spec(folder_ / "job.yaml", overrides);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), code) << error.what();
      const std::string all = error.what();
      return all.substr(all.find('\n') + 1);
    }
    return "";
  }
  std::string at(const std::string& place) const { return (folder_ / "job.yaml").string() + ":" + place + ": "; }

  const test::TemporaryFolder folder_;
};

constexpr const char* mini = "models: [\"synth:mini?seed=102\"]\n";

// They had no place, and came only once the reader found nothing else: T850, then u10, then wind.
TEST_F(CheckSpec, NamesEveryVariableAtItsPlace) {
  const std::string said =
      problems(mini + std::string("output:\n  - variables: [u10, u10m]\n  - {name: b, variables: [wind, T850]}\n"));
  EXPECT_THAT(said, HasSubstr(at("6:17") + "output.0.variables: channel 'u10' is not there"));
  EXPECT_THAT(said, HasSubstr(at("7:27") + "output.1.variables: channel 'wind' is not there"));
  EXPECT_THAT(said, HasSubstr(at("7:33") + "output.1.variables: is 'T850', expected channels"));
  EXPECT_THAT(problems(std::string("models: hf://a/b\noutput: {variables: wind}\n")),
              StartsWith(at("5:21") + "output.variables: 'wind' is not a channel"));
}

TEST_F(CheckSpec, DerivedVariablesAreVariablesWhereTheirInputsAre) {
  const std::string statistics = "output: []\nstatistics: [{variables: [ivt, r2m], quantiles: [0.5]}]\n";
  EXPECT_EQ(problems(mini + std::string("output: {variables: [u10m, ws10m, r850, sp_from_levels, heat_index]}\n")), "");
  EXPECT_EQ(problems(mini + statistics), "");
  EXPECT_EQ(problems("models: hf://a/b\n" + statistics), "") << "a model that is not here";
  const std::string said = problems(mini + std::string("output: {variables: [ws10m, ws51, thickness_1000_500]}\n"));
  EXPECT_THAT(said,
              HasSubstr(at("5:29") + "output.variables: 'ws51' is derived from u51 v51: of these the model has no "
                                     "u51 v51; its channels are u10m"));
  EXPECT_THAT(said, HasSubstr(at("5:35") + "output.variables: channel 'thickness_1000_500' is not there (did you mean "
                                           "'thickness_500_1000'?)"));
  EXPECT_THAT(problems("models: hf://a/b\noutput: []\nstatistics: [{variables: heatindex}]\n"),
              StartsWith(at("6:26") + "statistics.0.variables: 'heatindex' is not a channel, and no variable that is "
                                      "derived from channels (did you mean 'heat_index'?)"));
  // A state has no derived variables to be perturbed.
  EXPECT_THAT(problems(mini + std::string("perturbation:\n  method: correlated_spherical_gaussian\n"
                                          "  noise: {amplitude: {ws10m: 1}}\n")),
              HasSubstr("perturbation.noise.amplitude.ws10m: channel 'ws10m' is not there"));
}

// Only the run refused it, without a place.
TEST_F(CheckSpec, NamesChannelsOfAmplitudes) {
  const std::string bred = mini + std::string("perturbation:\n  method: hemispheric_centred_bred_vector\n");
  const std::string said = problems(bred + "  amplitude: {z502: 1}\n  noise: {amplitude: {z501: 5, all: 1}}\n");
  EXPECT_THAT(said, HasSubstr(at("7:21") + "perturbation.amplitude.z502: channel 'z502' is not there"));
  EXPECT_THAT(said, HasSubstr(at("8:29") + "perturbation.noise.amplitude.z501: channel 'z501' is not there"));
  EXPECT_THAT(problems(bred, {"perturbation.noise.amplitude={z501: 5}"}),
              StartsWith("<override perturbation.noise.amplitude={z501: 5}>: perturbation.noise.amplitude.z501: "));
  EXPECT_EQ(problems(bred + "  noise: {amplitude: {z500: 5, all: 0.1 std}}\n"), "");
}

// The run ended with 65, 64 or 78, as the scheme, the size or the seed was wrong, and validate took them all.
TEST_F(CheckSpec, NamesModelsThatAreNone) {
  const std::string said =
      problems("models: [az://bucket/x, \"synth:huge?seed=1\", \"synth:mini?sed=1\", \"synth:mini?seed=a\"]\n");
  EXPECT_THAT(said, HasSubstr(at("4:10") + "models: az://bucket/x/config.json: scheme 'az' is not known"));
  EXPECT_THAT(said, HasSubstr(at("4:25") + "models: 'synth:huge?seed=1' is no model package: expected synth:mini or"));
  EXPECT_THAT(said, HasSubstr(at("4:46") + "models: 'synth:mini?sed=1' is no model package"));
  EXPECT_THAT(said, HasSubstr("models: 'synth:mini?seed=a' is no model package"));
  EXPECT_THAT(problems("models: [\"synth:mini\", \"synth:hens\"]\n"), HasSubstr("models of one job share one grid"));
}

TEST_F(CheckSpec, ChecksAddressesOfAnalysesWithTheirTimesFilledIn) {
  const auto with = [&](const std::string& path) {
    return problems(mini, {"initial_conditions.source=grib", "initial_conditions.path=" + path});
  };
  EXPECT_THAT(with("az://b/%Y.grib"), HasSubstr("initial_conditions.path: az://b/1970.grib: scheme 'az' is not known"));
  EXPECT_EQ(with("file:///data/%Y.grib"), "");
}

TEST_F(CheckSpec, ModelsThatLieHereCountOnceTheSpecIsRight) {
  EXPECT_THAT(problems("models: nowhere\n", {}, ExitCode::missing_input), HasSubstr("nowhere/config.json"));
  EXPECT_THAT(problems("models: nowhere\noutput: {variables: wind}\n"), HasSubstr("'wind' is not a channel"));
  write_synthetic_package(folder_ / "package", synth_size("mini"), 1);
  EXPECT_EQ(problems("models: package\n"), "");
  EXPECT_THAT(problems("models: package\noutput: {variables: z501}\n"), HasSubstr("channel 'z501' is not there"));
}

}  // namespace
}  // namespace hens
