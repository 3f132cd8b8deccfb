// What a right spec means: defaults, lists, durations, paths, overrides.
#include "job/job_spec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "job/spec_text.h"
#include "support/test_data.h"

namespace hens {
namespace {

using test::minimal_spec;
using test::parse;
using test::parse_with;
using ::testing::ElementsAre;

constexpr Time midnight{std::chrono::sys_days{std::chrono::January / 1 / 2024}};

TEST(JobSpec, HasTheStructsDefaultsForWhatItLeavesOut) {
  JobSpec expected;
  expected.name = "test";
  expected.initial_conditions.source = SourceKind::analytic;
  expected.initial_conditions.times = {midnight};
  expected.models = {"synth:mini?seed=102"};
  expected.forecast.steps = {4};
  expected.perturbation.amplitude = expected.perturbation.noise.amplitude;
  EXPECT_EQ(to_json(parse(minimal_spec())), to_json(expected));
}

TEST(JobSpec, ReadsEveryKey) {
  const JobSpec spec = parse(R"(
name: full_1-2
initial_conditions: {source: netcdf, times: [2024-01-01, 2024-01-02T06], path: [/data/%Y.nc]}
models: [/a, /b]
ensemble: {members: 7, seed: 18446744073709551615}
perturbation:
  method: hemispheric_centred_bred_vector
  integration_steps: 5
  amplitude: {all: 0.35 std, z500: 0}
  noise:
    {method: correlated_spherical_gaussian, amplitude: {t850: 1.5e-1}, sigma: 2, length_scale: 1e6, time_scale: 24h}
forecast: {steps: [4, 40], engine: reference, precision: tf32, sun: float64}
output:
  - {name: wind, variables: [u10m], format: netcdf, every: 1d, initial_state: false, compression: zstd}
  - {name: wind, variables: [v10m], format: zarr}
runtime:
  {device: "cuda:1", threads: 3, batch: 4, writers: 5, queue_fields: 6, full_verify: false, price_per_hour: 1.25}
mirrors: {s3: "http://localhost:1", hf: "https://mirror", https: ../here}
report: {maps: false, map_leads: [0h, 10d]}
)");
  EXPECT_EQ(spec.name, "full_1-2");
  EXPECT_EQ(spec.initial_conditions.source, SourceKind::netcdf);
  EXPECT_THAT(spec.initial_conditions.times, ElementsAre(midnight, midnight + std::chrono::hours(30)));
  EXPECT_THAT(spec.initial_conditions.path, ElementsAre("/data/%Y.nc"));
  EXPECT_THAT(spec.models, ElementsAre("/a", "/b"));
  EXPECT_EQ(spec.ensemble.members, 7);
  EXPECT_EQ(spec.ensemble.seed, 18446744073709551615u);
  EXPECT_EQ(spec.perturbation.method, PerturbationMethod::hemispheric_centred_bred_vector);
  EXPECT_EQ(spec.perturbation.integration_steps, 5);
  EXPECT_EQ(spec.perturbation.amplitude, (Amplitudes{{"all", {0.35, true}}, {"z500", {0.0, false}}}));
  EXPECT_EQ(spec.perturbation.noise.amplitude, (Amplitudes{{"t850", {0.15, false}}}));
  EXPECT_EQ(spec.perturbation.noise.sigma, 2.0);
  EXPECT_EQ(spec.perturbation.noise.length_scale, 1e6);
  EXPECT_EQ(spec.perturbation.noise.time_scale, std::chrono::hours(24));
  EXPECT_THAT(spec.forecast.steps, ElementsAre(4, 40));
  EXPECT_EQ(spec.forecast.precision, Precision::tf32);
  EXPECT_EQ(spec.forecast.sun, SunKind::float64);
  ASSERT_EQ(spec.output.size(), 2u);
  EXPECT_EQ(spec.output[0].name, "wind");
  EXPECT_THAT(spec.output[0].variables, ElementsAre("u10m"));
  EXPECT_EQ(spec.output[0].format, StoreFormat::netcdf);
  EXPECT_EQ(spec.output[0].every, std::chrono::days(1));
  EXPECT_FALSE(spec.output[0].initial_state);
  EXPECT_EQ(spec.output[0].compression, Compression::zstd);
  EXPECT_EQ(spec.output[1].format, StoreFormat::zarr);
  EXPECT_EQ(spec.runtime.device, "cuda:1");
  EXPECT_EQ(spec.runtime.threads, 3);
  EXPECT_EQ(spec.runtime.batch, 4);
  EXPECT_EQ(spec.runtime.writers, 5);
  EXPECT_EQ(spec.runtime.queue_fields, 6);
  EXPECT_FALSE(spec.runtime.full_verify);
  EXPECT_EQ(spec.runtime.price_per_hour, 1.25);
  EXPECT_EQ(spec.mirrors.s3, "http://localhost:1");
  EXPECT_EQ(spec.mirrors.hf, "https://mirror");
  EXPECT_EQ(spec.mirrors.https, "/here");
  EXPECT_FALSE(spec.report.maps);
  EXPECT_THAT(spec.report.map_leads, ElementsAre(Duration(0), std::chrono::days(10)));
}

TEST(JobSpec, ReadsTheKeysOfGfs) {
  const InitialConditionsSpec spec =
      parse_with({"initial_conditions={source: gfs, times: 2024-01-01, product: 2p50, gravity: 9.81}"})
          .initial_conditions;
  EXPECT_EQ(spec.product, "2p50");
  EXPECT_EQ(spec.gravity, 9.81);
}

TEST(JobSpec, TakesALeadTimeForItsSteps) {
  const std::string text = minimal_spec();
  const std::string lead = text.substr(0, text.find("forecast")) + "forecast: {lead_time: 10d}\n";
  EXPECT_THAT(parse(lead).forecast.steps, ElementsAre(40));
  EXPECT_EQ(forecast_hash(parse(lead)), forecast_hash(parse(text, {"forecast.steps=[40]"})));
}

TEST(JobSpec, TakesOneValueForAListOfOne) {
  const JobSpec spec = parse_with({"forecast.steps=8", "models=/a", "output.variables=t2m"});
  EXPECT_THAT(spec.forecast.steps, ElementsAre(8));
  EXPECT_THAT(spec.models, ElementsAre("/a"));
  EXPECT_THAT(spec.output.at(0).variables, ElementsAre("t2m"));
}

TEST(JobSpec, TakesAnEmptySectionForItsDefaults) {
  EXPECT_EQ(to_json(parse(minimal_spec("perturbation:\nruntime: {}\noutput: ~\nreport: null\n"))),
            to_json(parse(minimal_spec())));
}

TEST(JobSpec, GivesTheBredVectorTheNoisesAmplitudeUnlessItHasItsOwn) {
  const std::string bred = "perturbation.method=hemispheric_centred_bred_vector";
  const JobSpec same = parse_with({bred, "perturbation.noise.amplitude={t850: 1}"});
  EXPECT_EQ(same.perturbation.amplitude, (Amplitudes{{"t850", {1.0, false}}}));
  const JobSpec own = parse_with({bred, "perturbation.noise.amplitude={t850: 1}", "perturbation.amplitude={u10m: 2}"});
  EXPECT_EQ(own.perturbation.amplitude, (Amplitudes{{"u10m", {2.0, false}}}));
}

TEST(JobSpec, AnchorsRelativePathsAtItsFolder) {
  const JobSpec spec =
      parse_with({"models=[packages/a, ../b, /c, \"synth:mini?seed=1\", hf://x/y, file:///z, s3://b/k]",
                  "initial_conditions.source=grib", "initial_conditions.path=[a.grib, https://h/b.grib]"});
  EXPECT_THAT(spec.models,
              ElementsAre("/jobs/packages/a", "/b", "/c", "synth:mini?seed=1", "hf://x/y", "file:///z", "s3://b/k"));
  EXPECT_THAT(spec.initial_conditions.path, ElementsAre("/jobs/a.grib", "https://h/b.grib"));
}

TEST(JobSpec, LetsGfsAloneInsistOnItsAnalysisTimes) {
  EXPECT_NO_THROW(parse_with({"initial_conditions.times=[2024-01-01T05:30]"}));
  EXPECT_NO_THROW(parse_with({"initial_conditions.source=gfs", "initial_conditions.times=[2024-01-01T18]"}));
  EXPECT_THROW(parse_with({"initial_conditions.source=gfs", "initial_conditions.times=[2024-01-01T17]"}), Error);
}

TEST(JobSpec, TakesTheLastOfSeveralOverrides) {
  EXPECT_EQ(parse_with({"ensemble.seed=2", "ensemble.seed=3"}).ensemble.seed, 3u);
}

TEST(JobSpec, LetsOverridesReachIntoLists) {
  const std::string text = minimal_spec("output: [{name: a}, {name: b}]\n");
  const JobSpec spec = parse(text, {"output.1.variables=[t2m]", "output.0.format=netcdf", "forecast.steps.0=12"});
  EXPECT_THAT(spec.output.at(0).variables, ElementsAre("u10m", "v10m"));
  EXPECT_EQ(spec.output.at(0).format, StoreFormat::netcdf);
  EXPECT_THAT(spec.output.at(1).variables, ElementsAre("t2m"));
  EXPECT_THAT(spec.forecast.steps, ElementsAre(12));
}

// The README's forecast.lead_time=5d was refused for the steps that jobs/demo.yaml has.
TEST(JobSpec, LetsAnOverrideOfStepsOrLeadTimeReplaceTheOther) {
  EXPECT_THAT(parse_with({"forecast.lead_time=5d"}).forecast.steps, ElementsAre(20));
  EXPECT_THAT(parse_with({"forecast.lead_time=5d", "forecast.steps=[8]"}).forecast.steps, ElementsAre(8));
  EXPECT_THAT(parse_with({"forecast.steps=[8]", "forecast.lead_time=5d"}).forecast.steps, ElementsAre(20));
  EXPECT_THAT(parse_with({"forecast={lead_time: 1d}", "forecast.steps=[8]"}).forecast.steps, ElementsAre(8));
}

// docs/job_spec.md shows output.0.variables, and jobs/demo.yaml has one mapping for its outputs.
TEST(JobSpec, LetsOverridesNumberASingleOutput) {
  const JobSpec spec = parse(minimal_spec("output: {variables: [u10m], every: 12h}\n"),
                             {"output.0.variables=[t2m]", "output.0.format=netcdf"});
  ASSERT_EQ(spec.output.size(), 1u);
  EXPECT_THAT(spec.output[0].variables, ElementsAre("t2m"));
  EXPECT_EQ(spec.output[0].format, StoreFormat::netcdf);
  EXPECT_EQ(spec.output[0].every, std::chrono::hours(12));
}

// YAML takes a % in front for a directive, so that the path was nothing.
TEST(JobSpec, LetsAnOverrideBeginWithAStrftimeField) {
  EXPECT_THAT(
      parse_with({"initial_conditions.source=grib", "initial_conditions.path=%Y%m%d.grib"}).initial_conditions.path,
      ElementsAre("/jobs/%Y%m%d.grib"));
}

TEST(JobSpec, LetsOverridesMakeSectionsAndReplaceThem) {
  EXPECT_EQ(parse_with({"runtime.device=cpu"}).runtime.device, "cpu");
  const std::string text = minimal_spec("perturbation: {method: correlated_spherical_gaussian}\n");
  EXPECT_EQ(parse(text, {"perturbation=null"}).perturbation.method, PerturbationMethod::none);
  EXPECT_EQ(parse(text, {"perturbation={integration_steps: 3}"}).perturbation.method, PerturbationMethod::none);
}

TEST(JobSpec, SplitsOverridesAtTheFirstEqualsSign) {
  EXPECT_THAT(parse_with({"models=[\"synth:mini?seed=7\"]"}).models, ElementsAre("synth:mini?seed=7"));
  EXPECT_EQ(parse_with({"mirrors.hf=http://host/?a=b"}).mirrors.hf, "http://host/?a=b");
}

TEST(JobSpec, ReadsYamlAsVersion12DoesNotAsVersion11) {
  EXPECT_EQ(parse_with({"name=no"}).name, "no");  // 1.1: false
  EXPECT_EQ(parse_with({"name=0o17"}).name, "0o17");
  EXPECT_EQ(parse_with({"name=2024-01-01"}).name, "2024-01-01");
  EXPECT_EQ(parse("%YAML 1.2\n---\n" + minimal_spec() + "...\n").name, "test");
  EXPECT_EQ(parse("\xef\xbb\xbf" + minimal_spec()).name, "test") << "a byte order mark";
}

TEST(JobSpec, LoadsFromAFile) {
  const test::TemporaryFolder folder;
  publish_file(folder / "job.yaml", minimal_spec());
  const JobSpec spec = load_job_spec(folder / "job.yaml", {"models=[package]"});
  EXPECT_THAT(spec.models, ElementsAre((folder / "package").string()));
}

TEST(JobSpec, SaysWhenItsFileIsNotThere) {
  try {
    load_job_spec("/nowhere/job.yaml");
    FAIL() << "loaded";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::missing_input);
    EXPECT_THAT(error.what(), ::testing::HasSubstr("/nowhere/job.yaml"));
  }
}

// The specs that come with hens are right, and mean what their comments say.
TEST(JobSpec, ReadsTheSpecsInJobs) {
  const fs::path jobs = fs::path(HENS_SOURCE_DIR) / "jobs";
  int count = 0;
  for (const auto& entry : fs::directory_iterator(jobs)) {
    if (entry.path().extension() != ".yaml" || entry.path().filename() == "kustomization.yaml") continue;
    ++count;
    EXPECT_NO_THROW(load_job_spec(entry.path())) << entry.path();
  }
  EXPECT_GE(count, 3);

  const JobSpec demo = load_job_spec(jobs / "demo.yaml");
  EXPECT_EQ(demo.name, "demo");
  EXPECT_THAT(demo.models, ElementsAre("synth:mini?seed=102", "synth:mini?seed=103"));
  EXPECT_EQ(demo.ensemble.members, 2);
  EXPECT_THAT(demo.forecast.steps, ElementsAre(4, 40));
  EXPECT_EQ(demo.perturbation.noise.amplitude, (Amplitudes{{"z500", {39.27, false}}}));

  const JobSpec benchmark = load_job_spec(jobs / "benchmark.yaml");
  EXPECT_THAT(benchmark.forecast.steps, ElementsAre(4, 40, 400));
  EXPECT_EQ(benchmark.initial_conditions.source, SourceKind::gfs);
  EXPECT_EQ(benchmark.models.size(), 2u);
  EXPECT_NO_THROW(
      load_job_spec(jobs / "benchmark.yaml", {"initial_conditions.source=analytic", "models.0=synth:hens?seed=102",
                                              "models.1=synth:hens?seed=103", "forecast.steps=[4]"}))
      << "as its first comment says";
}

}  // namespace
}  // namespace hens
