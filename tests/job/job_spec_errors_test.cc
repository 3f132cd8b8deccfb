// What the reader says about wrong specs: everything at once, each problem with its place, what it is and what was
// expected.
#include <chrono>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "job/spec_text.h"

namespace hens {
namespace {

using test::minimal_spec;
using test::problems;
using test::problems_with;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(SpecErrors, ComeAllAtOnceInTheOrderOfTheFile) {
  const std::string text =
      "name: Test Job\n"
      "initial_conditions:\n"
      "  source: gsf\n"
      "  times: [2024-13-01]\n"
      "models: []\n"
      "ensemble: {members: 0}\n"
      "forcast:\n"
      "  steps: [4]\n"
      "output:\n"
      "  variables: [u10m, u10m]\n"
      "  every: 5h\n";
  EXPECT_EQ(
      problems(text, {"runtime.threads=many"}),
      "job.yaml:1:1: forecast.steps: is missing: expected steps: [40] or lead_time: 10d\n"
      "job.yaml:1:7: name: is 'Test Job', expected letters a-z, digits, _ and -, at most 64\n"
      "job.yaml:3:11: initial_conditions.source: is 'gsf', expected one of gfs, grib, netcdf, makani, zarr, analytic\n"
      "job.yaml:4:11: initial_conditions.times: is '2024-13-01', expected UTC times at 00, 06, 12 or 18 h, where GFS "
      "has analyses, as 2024-01-01T00:00:00Z\n"
      "job.yaml:5:9: models: is a list, expected a list with at least one value\n"
      "job.yaml:6:21: ensemble.members: is '0', expected a whole number from 1 to 100000\n"
      "job.yaml:7:1: forcast: is no key here (did you mean 'forecast'?); known are name, initial_conditions, models, "
      "ensemble, perturbation, forecast, regions, output, statistics, tracks, runtime, mirrors, report\n"
      "job.yaml:10:21: output.variables: names 'u10m' twice\n"
      "job.yaml:11:10: output.every: is '5h', expected a duration in whole multiples of 6h, at most 10000d, as 24h or "
      "10d\n"
      "<override runtime.threads=many>: runtime.threads: is 'many', expected a whole number from 0 to 1024");
}

TEST(SpecErrors, CountThemselves) {
  try {
    test::parse_with({"ensemble.members=0", "ensemble.seed=-1"});
    FAIL() << "parsed";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::bad_spec);
    EXPECT_THAT(error.what(), ::testing::StartsWith("the job spec has 2 problems:\n"));
  }
}

TEST(SpecErrors, NameWhatIsMissing) {
  EXPECT_EQ(
      problems("{}"),
      "job.yaml:1:1: name: is missing: expected a name for the job\n"
      "job.yaml:1:1: initial_conditions.times: is missing: expected at least one UTC time as 2024-01-01T00:00:00Z\n"
      "job.yaml:1:1: models: is missing: expected at least one model package: a folder, https://, s3://, hf:// or "
      "synth:mini?seed=102\n"
      "job.yaml:1:1: forecast.steps: is missing: expected steps: [40] or lead_time: 10d");
}

// A table of single mistakes: an override of the minimal spec, and a part of what is said.
struct Mistake {
  const char* override;
  const char* said;
};

void expect_one_problem_each(std::initializer_list<Mistake> mistakes) {
  for (const Mistake& mistake : mistakes) {
    const std::string said = problems_with({mistake.override});
    EXPECT_THAT(said, HasSubstr(mistake.said)) << mistake.override;
    EXPECT_THAT(said, Not(HasSubstr("\n"))) << mistake.override << ": one mistake, one problem";
  }
}

TEST(SpecMistake, Types) {
  expect_one_problem_each({Mistake{"name=[a]", "name: is a list, expected a single value"},
                           Mistake{"name=", "name: is nothing, expected a single value"},
                           Mistake{"ensemble=3", "ensemble: is '3', expected a mapping"},
                           Mistake{"forecast=[4]", "forecast: is a list, expected a mapping"},
                           Mistake{"initial_conditions=gfs", "initial_conditions: is 'gfs', expected a map"},
                           Mistake{"output=wind", "output: is 'wind', expected a mapping"},
                           Mistake{"output=[wind]", "output.0: is 'wind', expected a mapping"},
                           Mistake{"forecast.steps={a: 1}", "forecast.steps: is a mapping, expected a list"},
                           Mistake{"forecast.steps=[[4]]", "is a list, expected single values"},
                           Mistake{"models=[~]", "models: is nothing, expected single values"},
                           Mistake{"models=['']", "models: is '', expected text"},
                           Mistake{"perturbation.amplitude=3", "expected a mapping of channels"}});
}

// Values that some YAML reader takes for something else than they look like.
TEST(SpecMistake, YamlTraps) {
  expect_one_problem_each({Mistake{"output.initial_state=no", "output.initial_state: is 'no', expected true or false"},
                           Mistake{"output.initial_state=off", "expected true or false"},
                           Mistake{"output.initial_state='true'", "expected true or false"},
                           Mistake{"output.initial_state=True", "expected true or false"},
                           Mistake{"ensemble.members=010", "'010', expected a whole number"},
                           Mistake{"ensemble.members=0o10", "expected a whole number"},
                           Mistake{"ensemble.members=0x10", "expected a whole number"},
                           Mistake{"ensemble.members=1_000", "expected a whole number"},
                           Mistake{"ensemble.members=1:30", "expected a whole number"},
                           Mistake{"ensemble.members='2'", "expected a whole number"},
                           Mistake{"ensemble.members=2.0", "expected a whole number"},
                           Mistake{"ensemble.members=1e2", "expected a whole number"},
                           Mistake{"ensemble.members=Null", "is nothing"},
                           Mistake{"perturbation.noise.sigma=010", "expected a number from 0 to 100"},
                           Mistake{"perturbation.noise.sigma=1:30", "expected a number from 0 to 100"},
                           Mistake{"output.every=6", "output.every: is '6', expected a duration"}});
}

TEST(SpecMistake, Ranges) {
  expect_one_problem_each({Mistake{"ensemble.members=100001", "from 1 to 100000"},
                           Mistake{"ensemble.members=-1", "from 1 to"},
                           Mistake{"ensemble.members=99999999999999999999", "from 1 to 100000"},
                           Mistake{"ensemble.seed=-1", "from 0 to 18446744073709551615"},
                           Mistake{"ensemble.seed=18446744073709551616", "from 0 to 18446744073709551615"},
                           Mistake{"forecast.steps=[10001]", "from 1 to 10000"},
                           Mistake{"forecast.steps=[0]", "from 1 to 10000"},
                           Mistake{"forecast.steps=[4, 4]", "forecast.steps: names '4' twice"},
                           Mistake{"initial_conditions.gravity=.nan", "from 9.7 to 9.9"},
                           Mistake{"initial_conditions.gravity=nan", "from 9.7 to 9.9"},
                           Mistake{"perturbation.noise.sigma=.inf", "from 0 to 100"},
                           Mistake{"perturbation.noise.sigma=inf", "from 0 to 100"},
                           Mistake{"perturbation.noise.length_scale=1e999", "from 10000 to 2e+07"},
                           Mistake{"perturbation.integration_steps=41", "from 1 to 40"},
                           Mistake{"output.every=0h", "whole multiples of 6h"},
                           Mistake{"output.every=7h", "whole multiples of 6h"},
                           Mistake{"output.every=-6h", "whole multiples of 6h"},
                           Mistake{"report.map_leads=[24h, 1d]", "names '1d' twice"},
                           Mistake{"report.map_leads=[3h]", "whole multiples of 6h"},
                           Mistake{"runtime.writers=65", "from 0 to 64"},
                           Mistake{"runtime.price_per_hour=-1", "from 0 to 10000"}});
}

TEST(SpecMistake, Words) {
  expect_one_problem_each(
      {Mistake{"forecast.engine=quick", "expected one of auto, reference, fast"},
       Mistake{"forecast.precision=fp16", "expected one of fp32, tf32"},
       Mistake{"forecast.sun=real", "expected one of float32, float64"},
       Mistake{"output.format=zip", "expected one of zarr, netcdf"},
       Mistake{"output.compression=gzip", "expected one of none, lz4, zstd"},
       Mistake{"output={format: grib2, files: all}", "expected one of member, lead"},
       Mistake{"output={format: grib2, compression: zstd}", "is not used by format grib2, whose values are always"},
       Mistake{"output.files=lead", "is not used by format zarr"},
       Mistake{"output.bits=9", "is not used by format zarr"},
       Mistake{"output={format: netcdf, grib: {centre: 7}}", "is not used by format netcdf"},
       Mistake{"perturbation.method=noise", "expected one of none, correlated_spherical_gaussian, hemi"},
       Mistake{"perturbation.noise.method=white", "expected one of correlated_spherical_gaussian"},
       Mistake{"initial_conditions.product=1p00", "expected 0p25 (the bucket's) or 2p50 (a mirror's)"},
       Mistake{"runtime.device=gpu", "expected auto, cpu, cuda or cuda:K"},
       Mistake{"runtime.device='cuda:x'", "expected auto, cpu, cuda or cuda:K"},
       Mistake{"runtime.devices=[cuda]", "expected auto, or a list of cpu and cuda:K"},
       Mistake{"runtime.devices=[auto, cpu]", "expected auto alone"},
       Mistake{"runtime.devices=['cuda:0', cpu]", "one kind of device"},
       Mistake{"runtime.devices=['cuda:1', 'cuda:1']", "names 'cuda:1' twice"},
       Mistake{"mirrors.s3=ftp://host", "expected http://, https://, file:// or a folder"},
       Mistake{"name=-x", "expected letters a-z"},
       Mistake{"name=../x", "expected letters a-z"},
       Mistake{"output.name=a/b", "output.name: is 'a/b', expected letters a-z"},
       Mistake{"output.variables=[../u10m]", "output.variables: is '../u10m', expected channels"}});
}

TEST(SpecMistake, Amplitudes) {
  expect_one_problem_each(
      {Mistake{"perturbation.amplitude={z500: -1}", "perturbation.amplitude.z500: is '-1', expected a number"},
       Mistake{"perturbation.amplitude={z500: '1'}", "expected a number of at least 0"},
       Mistake{"perturbation.amplitude={z500: 0.35std}", "or a multiple of its standard deviation"},
       Mistake{"perturbation.amplitude={z500: inf std}", "or a multiple of its standard deviation"},
       Mistake{"perturbation.amplitude={z500: [1]}", "is a list, expected a number"},
       Mistake{"perturbation={method: hemispheric_centred_bred_vector, noise: {amplitude: {z500: 0}}, "
               "amplitude: {z500: 1}}",
               "perturbation.noise.amplitude: every amplitude is 0"},
       Mistake{"perturbation={method: correlated_spherical_gaussian, amplitude: {z500: 0}}",
               "perturbation.amplitude: every amplitude is 0"}});
}

TEST(SpecMistake, Layouts) {
  expect_one_problem_each(
      {Mistake{"output.layout=xarray", "output.layout: is 'xarray', expected one of hens, weatherbench, cf"},
       Mistake{"output.layout=cf", "output.layout: is cf, which is for format: netcdf, and the format is zarr"},
       Mistake{"output={format: netcdf, shard: false}", "output.shard: is false, and the format netcdf has no shards"},
       Mistake{"output.keep_bits=24", "output.keep_bits: is '24', expected a whole number from 1 to 23"},
       Mistake{"output.keep_bits=[9]", "output.keep_bits: is a list, expected"},
       Mistake{"output.keep_bits={u10m: 0}", "output.keep_bits.u10m: is '0', expected a whole number from 1 to 23"},
       Mistake{"output.keep_bits={u11m: 9}",
               "output.keep_bits.u11m: is no variable of this output (did you mean "
               "'u10m'?); expected one of them, or all"}});
}

TEST(SpecMistake, Together) {
  expect_one_problem_each(
      {Mistake{"forecast={steps: [4], lead_time: 10d}", "lead_time: says the same as steps: expected one of the two"},
       Mistake{"forecast={lead_time: 2501d}", "forecast.lead_time: is '2501d', expected a duration"},
       Mistake{"forecast={lead_time: 99999999999999999999d}", "expected a duration"},
       Mistake{"initial_conditions.source=grib", "path: is missing: expected the files that source grib"},
       Mistake{"initial_conditions.path=[a.grib]", "is not used by source analytic: leave it out"},
       Mistake{"initial_conditions.times=[2024-01-01, 2024-01-01T00:00:00Z]", "names '2024-01-01T00:00:00Z' twice"},
       Mistake{"models=[/a, /a]", "models: names '/a' twice"},
       Mistake{"output=[{name: a}, {name: b}, {name: a}]", "output.2.name: an earlier output has the name 'a'"},
       Mistake{"output=[]", "output: is an empty list"},
       Mistake{"output={every: 2d, initial_state: false}",
               "output.every: is 2d, so nothing of a forecast of 4 steps would be stored"}});
}

// Keys without effect were taken in silence, but for initial_conditions.path. Defaults may stand: the resolved spec
// spells them out.
TEST(SpecMistake, KeysWithoutEffect) {
  const std::string noise = "perturbation={method: correlated_spherical_gaussian, ";
  const std::string bred = "perturbation={method: hemispheric_centred_bred_vector, ";
  expect_one_problem_each(
      {Mistake{"initial_conditions.product=2p50", "initial_conditions.product: is not used by source analytic: leave"},
       Mistake{"initial_conditions.gravity=9.81", "initial_conditions.gravity: is not used by source analytic"},
       Mistake{"initial_conditions.check=finite", "initial_conditions.check: is not used by source analytic"},
       Mistake{"perturbation.integration_steps=2", "perturbation.integration_steps: is not used by method none"},
       Mistake{"perturbation.amplitude={z500: 3}", "perturbation.amplitude: is not used by method none"},
       Mistake{"perturbation.noise.amplitude={z500: 3}", "perturbation.noise.amplitude: is not used by method none"},
       Mistake{"perturbation.noise.sigma=5", "perturbation.noise.sigma: is not used by method none"},
       Mistake{"perturbation.noise.length_scale=1e6", "perturbation.noise.length_scale: is not used by method none"},
       Mistake{"perturbation.noise.time_scale=1d", "perturbation.noise.time_scale: is not used by method none"}});
  EXPECT_THAT(problems_with({noise + "integration_steps: 2}"}),
              HasSubstr("perturbation.integration_steps: is not used by method correlated_spherical_gaussian"));
  EXPECT_THAT(
      problems_with({noise + "amplitude: {z500: 3}, noise: {amplitude: {t850: 1}}}"}),
      HasSubstr("perturbation.noise.amplitude: is not used by method correlated_spherical_gaussian beside pertu"));
  EXPECT_EQ(problems_with({noise + "noise: {amplitude: {t850: 1}, sigma: 2, length_scale: 1e6, time_scale: 1d}}"}), "");
  EXPECT_EQ(problems_with({bred + "integration_steps: 2, amplitude: {z500: 3}, noise: {amplitude: {t850: 1}}}"}), "");
  EXPECT_EQ(problems_with({"initial_conditions.product=0p25", "perturbation.integration_steps=3",
                           "perturbation.amplitude={z500: 39.27}"}),
            "");
  for (const char* source : {"grib", "netcdf"}) {
    EXPECT_EQ(problems_with({std::string("initial_conditions.source=") + source, "initial_conditions.path=a",
                             "initial_conditions.gravity=9.8", "initial_conditions.check=finite"}),
              "");
  }
}

// Three members of a spec without a perturbation were three copies of one forecast, and nothing said so.
TEST(SpecMistake, MembersThatNothingPerturbs) {
  const std::string said = "ensemble.members: is 3, and nothing perturbs them, so that all would be the same";
  EXPECT_THAT(problems(minimal_spec("ensemble: {members: 3}\n")), HasSubstr("job.yaml:5:21: " + said));
  EXPECT_THAT(problems(minimal_spec("perturbation:\nensemble: {members: 3}\n")), HasSubstr(said));
  EXPECT_EQ(problems(minimal_spec("ensemble: {members: 3}\nperturbation: {method: none}\n")), "")
      << "copies are wanted";
  EXPECT_EQ(problems(minimal_spec("ensemble: {members: 1}\n")), "");
}

// These were found only when a run began.
TEST(SpecMistake, EngineThatTheDeviceDoesNotHave) {
  EXPECT_EQ(problems(minimal_spec("runtime: {device: cpu}\n"), {"forecast.engine=fast"}),
            "<override forecast.engine=fast>: forecast.engine: is fast, which runs on GPUs, and runtime.device is cpu: "
            "leave one of them out");
  EXPECT_THAT(problems_with({"forecast.engine=fast", "forecast.precision=tf32"}),
              HasSubstr("forecast.precision: is tf32"));
  EXPECT_EQ(problems_with({"forecast.engine=fast", "runtime.device=cuda"}), "");
}

// Seconds do not enter the names of markers and netCDF files, so that 00:00:00 and 00:00:20 overwrote each other; years
// before 1000 made a run.json that nobody could read, and xarray counts nanoseconds from 1970 in 64 bits.
TEST(SpecMistake, TimesThatNothingCouldName) {
  constexpr const char* wanted = "expected UTC times in whole minutes, of 1678 to 2261, as 2024-01-01T00:00:00Z";
  expect_one_problem_each({Mistake{"initial_conditions.times=[2024-01-01, 2024-01-01T00:00:20Z]", wanted},
                           Mistake{"initial_conditions.times=[0001-01-01]", wanted},
                           Mistake{"initial_conditions.times=[1677-12-31T23:59]", wanted},
                           Mistake{"initial_conditions.times=[2262-01-01]", wanted}});
  EXPECT_EQ(problems_with({"initial_conditions.times=[1678-01-01, 2261-12-31T23:59]"}), "");
}

// As Python's isoformat writes them.
TEST(SpecMistake, TimesWithAnOffset) {
  const JobSpec spec = test::parse_with({"initial_conditions.times=[2024-01-01T00:00:00+00:00, 2024-01-02T06:00+00]"});
  EXPECT_EQ(spec.initial_conditions.times, (std::vector{parse_time("2024-01-01"), parse_time("2024-01-02T06:00")}));
  expect_one_problem_each({Mistake{"initial_conditions.times=[2024-01-01T01:00:00+01:00]",
                                   "is '2024-01-01T01:00:00+01:00', expected UTC, in which it is 2024-01-01T00:00:00Z"},
                           Mistake{"initial_conditions.times=[2024-01-01, 2024-01-01T00:00:00+00:00]",
                                   "names '2024-01-01T00:00:00+00:00' twice"}});
}

// run.json is UTF-8: what lies in such a folder could not be named there.
TEST(SpecErrors, NameAFolderThatIsNotUtf8) {
  const auto said = [](const std::string& more) -> std::string {
    try {
      parse_job_spec("name: a\ninitial_conditions: {source: netcdf, times: 2024-01-01, path: " + more +
                         "}\nmodels: [\"synth:mini?seed=102\"]\nforecast: {steps: 4}\n",
                     "job.yaml", "/data/caf\xe9");
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_THAT(said("a.nc"), HasSubstr("job.yaml:2:63: initial_conditions.path: is relative to the folder "
                                      "'/data/caf\\xe9', whose name is not UTF-8"));
  EXPECT_EQ(said("/elsewhere/a.nc"), "");
}

// A folder's name has no fields of strftime.
TEST(JobSpec, PercentSignsOfTheFolderAreNoFields) {
  const JobSpec spec = parse_job_spec(
      "name: a\ninitial_conditions: {source: netcdf, times: 2024-01-01, path: '%Y.nc'}\n"
      "models: [m]\nforecast: {steps: 4}\n",
      "job.yaml", "/data/100%d");
  EXPECT_EQ(spec.initial_conditions.path, std::vector<std::string>{"/data/100%%d/%Y.nc"});
  EXPECT_EQ(spec.models, std::vector<std::string>{"/data/100%d/m"});
}

// An amplitude that was refused counted as none, so that a second, false problem was said.
TEST(SpecMistake, AmplitudeTooLarge) {
  EXPECT_EQ(
      problems_with({"perturbation={method: correlated_spherical_gaussian, amplitude: {z500: 1e30}}"}),
      "<override perturbation={method: correlated_spherical_gaussian, amplitude: {z500: 1e30}}>: "
      "perturbation.amplitude.z500: is '1e30', expected a number of at least 0 and at most 1e+09 in the channel's "
      "units, or a multiple of its standard deviation as '0.35 std'");
  EXPECT_THAT(
      problems_with({"perturbation={method: hemispheric_centred_bred_vector, noise: {amplitude: {z500: 1e30}}}"}),
      Not(HasSubstr("every amplitude is 0")));
}

// The place was that of the whole list, and the first problem hid the others.
TEST(SpecErrors, PointAtTheItemOfAList) {
  EXPECT_EQ(problems(minimal_spec("output:\n  variables: [u10m, T850, ../x]\n")),
            "job.yaml:6:21: output.variables: is 'T850', expected channels, as u10m or z500\n"
            "job.yaml:6:27: output.variables: is '../x', expected channels, as u10m or z500");
}

// Overrides of a key that is not there lost their place, and one that begins with % its value.
TEST(SpecErrors, NameTheOverrideThatBroughtAKey) {
  EXPECT_THAT(problems_with({"foo.bar=1"}), ::testing::StartsWith("<override foo.bar=1>: foo: is no key here"));
  EXPECT_THAT(problems_with({"ensemble.foo.bar=1"}),
              ::testing::StartsWith("<override ensemble.foo.bar=1>: ensemble.foo: is no key here"));
  EXPECT_THAT(problems_with({"ensemble.0.members=1"}),
              ::testing::StartsWith("<override ensemble.0.members=1>: ensemble.0: is no key here"));
  EXPECT_THAT(problems_with({"initial_conditions.path=%Y\x80"}), HasSubstr("byte 0x80"));
  EXPECT_THAT(problems_with({"initial_conditions.path=[%Y.grib]"}),
              HasSubstr("in quotes, and those that begin with %"));
}

TEST(SpecMistake, Overrides) {
  expect_one_problem_each({Mistake{"ensemble.member=3", "ensemble.member: is no key here (did you mean 'members'?)"},
                           Mistake{"ensemble.members.x=3", "ensemble.members.x"}, Mistake{"nonsense", "expected a.b=c"},
                           Mistake{"=3", "expected a.b=c"},
                           Mistake{"forecast.steps.1=3", "number of one of the list's 1 items"},
                           Mistake{"forecast.steps.x=3", "number of one of the list's 1 items"},
                           Mistake{"name.x=3", "would stand below the value 'test'"},
                           Mistake{"forecast.steps=[4", "is not YAML that hens reads"},
                           Mistake{"name=&a x", "anchors (&name) are not allowed"}});
}

TEST(SpecErrors, LimitTheWholePlan) {
  EXPECT_THAT(
      problems_with({"ensemble.members=100000", "perturbation.method=none",
                     "forecast.steps=[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,"
                     "21,22,23,24,25,26,27,28,29,30,31,32,33,34,35,36,37,38,39,40,41,42,"
                     "43,44,45,46,47,48,49,50,51]",
                     "models=[/a, /b]"}),
      HasSubstr("ensemble: makes 10200000 members over all models, times and lengths, expected at most 10000000"));
}

TEST(SpecErrors, FindDuplicateKeys) {
  EXPECT_EQ(problems(minimal_spec("ensemble: {members: 1, members: 3}\nname: again\n")),
            "job.yaml:5:24: members: is given twice; the first is at job.yaml:5:12\n"
            "job.yaml:6:1: name: is given twice; the first is at job.yaml:1:1");
}

TEST(SpecErrors, RefuseWhatASpecDoesNotNeedOfYaml) {
  EXPECT_EQ(problems(minimal_spec("ensemble: &e {members: 1}\n")),
            "job.yaml:5:11: anchors (&name) are not allowed: write the value out");
  EXPECT_THAT(problems(minimal_spec("ensemble: &e {members: 2}\nruntime: *e\n")), HasSubstr("job.yaml:6:10: aliases"));
  EXPECT_THAT(problems(minimal_spec("ensemble: {<<: {members: 2}}\n")), HasSubstr("ensemble.<<: is no key here"));
  EXPECT_THAT(problems(minimal_spec("ensemble: {members: !!int 2}\n")),
              HasSubstr("5:21: the tag 'tag:yaml.org,2002:int'"));
  EXPECT_THAT(problems(minimal_spec("ensemble: !!python/object/apply:os.system [ls]\n")), HasSubstr("the tag "));
  EXPECT_THAT(problems(minimal_spec("ensemble: ! {members: 2}\n")), HasSubstr("the tag '!'"));
  EXPECT_THAT(problems(minimal_spec("? [a, b]\n: c\n")), HasSubstr("a key must be a word, this is a list"));
  EXPECT_THAT(problems(minimal_spec("---\nname: second\n")), HasSubstr("job.yaml:6:1: a second document begins here"));
}

TEST(SpecErrors, SayWhereTheTextStopsBeingYaml) {
  EXPECT_THAT(problems("name: [a\n"), HasSubstr("is not YAML that hens reads"));
  EXPECT_THAT(problems("name: a\n\tmodels: b\n"), HasSubstr("job.yaml:"));
  EXPECT_THAT(problems("models: [synth:mini?seed=102]\n"),
              HasSubstr("put values with ? or : between [ ] or { } in quotes"));
  EXPECT_EQ(problems(""), "job.yaml: is nothing, expected a mapping: name, initial_conditions, models, ...");
  EXPECT_EQ(problems("- a\n"), "job.yaml:1:1: is a list, expected a mapping: name, initial_conditions, models, ...");
}

// yaml-cpp has other words for a tab: "illegal map value", "illegal block entry".
TEST(SpecErrors, CallATabATab) {
  const std::string tab = "a tab indents this line: YAML is indented by blanks";
  EXPECT_EQ(problems("name: a\nforecast:\n\tsteps: 4\n"), "job.yaml:3:1: " + tab);
  EXPECT_EQ(problems("name: a\nforecast:\n  steps: 4\n\tengine: fast\n"), "job.yaml:4:1: " + tab);
  EXPECT_EQ(problems("name: a\nforecast:\n  \tsteps: 4\n"), "job.yaml:3:3: " + tab);
  EXPECT_EQ(problems("name: a\nmodels:\n\t- b\n\t- c\n"), "job.yaml:3:1: " + tab);
  EXPECT_EQ(problems(minimal_spec("report: {maps: true,\n\tmap_leads: 1d}\n")), "") << "allowed between braces";
  EXPECT_EQ(problems(minimal_spec("ensemble:\t{members: 1}\t# one\n")), "") << "allowed between words";
}

TEST(SpecErrors, RefuseWhatIsNotText) {
  EXPECT_EQ(problems("name: a\nb\x80: c\n"), "job.yaml:2:2: byte 0x80 is not text: expected YAML in UTF-8");
  EXPECT_THAT(problems("\xff\xfen\0a\0m\0"), HasSubstr("byte 0xff is not text"));
  EXPECT_THAT(problems("name: \x1b[2J\n"), HasSubstr("1:7: byte 0x1b"));
  EXPECT_THAT(problems(std::string("name: \0", 7)), HasSubstr("byte 0x00"));
  EXPECT_THAT(problems("name: \xc0\xaf\n"), HasSubstr("byte 0xc0")) << "overlong";
  EXPECT_THAT(problems("name: \xed\xa0\x80\n"), HasSubstr("byte 0xed")) << "a surrogate";
  EXPECT_THAT(problems(minimal_spec("# \xc3\xa9 \xe2\x82\xac \xf0\x9f\x8c\x8d\n")), "") << "other languages are text";
  EXPECT_THAT(problems_with({"name=\x80"}), HasSubstr("byte 0x80"));
}

TEST(SpecErrors, DoNotPassControlCharactersOnToTheTerminal) {
  const std::string said = problems_with({"name=\"\\e[2J\""});
  EXPECT_THAT(said, HasSubstr("is '?[2J'"));
}

// Hostile texts end at once, with a short message: no recursion, no quadratic work, no flood of problems.
std::string repeated(const std::string& text, size_t bytes) {
  std::string all;
  while (all.size() + text.size() <= bytes) all += text;
  return all;
}

std::string many_keys() {
  std::string all;
  for (int k = 0; all.size() < 1'000'000; ++k) all += "k" + std::to_string(k) + ": 1\n";
  return all;
}

TEST(SpecErrors, EndSoonForHostileTexts) {
  constexpr size_t megabyte = 1'000'000;
  const std::string texts[] = {std::string(2 * megabyte, 'a'),
                               repeated("[", megabyte),
                               repeated("{", megabyte),
                               repeated("- ", megabyte),
                               repeated("? ", megabyte),
                               many_keys(),
                               "forecast: {steps: [" + repeated("x,", megabyte) + "x]}",
                               "forecast: {steps: [" + repeated("1,", megabyte) + "1]}",
                               "name: '" + std::string(megabyte, 'a') + "'",
                               std::string(megabyte, 'a') + ": b",
                               repeated("&a ", megabyte),
                               "a: &a [1]\nb: [" + repeated("*a,", megabyte) + "]"};
  for (const std::string& text : texts) {
    const auto start = std::chrono::steady_clock::now();
    const std::string said = problems(text);
    EXPECT_NE(said, "");
    EXPECT_LT(said.size(), 30'000u) << text.substr(0, 30);
    // Reading a megabyte takes a second or two; quadratic work would take minutes.
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(30)) << text.substr(0, 30);
  }
}

TEST(SpecErrors, NameTheLimitOfSizeAndDepth) {
  EXPECT_EQ(problems(std::string((1 << 20) + 1, '#')), "job.yaml: 1048577 bytes, at most 1048576 were expected");
  EXPECT_THAT(problems(std::string(40, '[') + std::string(40, ']')), HasSubstr("more than 32 levels deep"));
}

}  // namespace
}  // namespace hens
