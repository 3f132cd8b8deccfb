// What a job is said to cost: counted by hand, and the report as a spec that says the same.
#include "job/validate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "job/spec_text.h"
#include "job/work_plan.h"
#include "job/yaml_text.h"

namespace hens {
namespace {

using Json = nlohmann::ordered_json;
using test::parse_with;
using ::testing::HasSubstr;

JobSpec bred_job() {
  return parse_with(
      {"models=[/a, /b]", "initial_conditions.times=[2024-01-01, 2024-01-02, 2024-01-03]", "ensemble.members=5",
       "forecast.steps=[4, 40]", "perturbation={method: hemispheric_centred_bred_vector, integration_steps: 3}",
       "output=[{name: wind}, {name: daily, variables: [t2m], format: netcdf, every: 24h, initial_state: false}]"});
}

const PlanSizes mini{73, 144, 74, 100'000, 32};

TEST(Validate, CountsWork) {
  const Json json = validation_json(bred_job());
  // 2 models x 3 times x 5 members; the control and 3 pairs bred for 3 steps, for each model, time and length.
  EXPECT_EQ(json["lengths"], Json::parse(R"([
      {"steps": 4, "lead_hours": 24, "members": 30, "member_steps": 120, "breeding_steps": 72},
      {"steps": 40, "lead_hours": 240, "members": 30, "member_steps": 1200, "breeding_steps": 72}])"));
  EXPECT_EQ(json["members"], plan_members(bred_job()).size());
  EXPECT_EQ(json["member_steps"], 1320);
  EXPECT_EQ(json["breeding_steps"], 144);
}

TEST(Validate, CountsBreedingOnlyWhereItIs) {
  PerturbationSpec spec;
  EXPECT_EQ(breeding_steps(spec, {4}), 0);
  spec.method = PerturbationMethod::correlated_spherical_gaussian;
  EXPECT_EQ(breeding_steps(spec, {4}), 0);
  spec.method = PerturbationMethod::hemispheric_centred_bred_vector;
  spec.integration_steps = 5;
  EXPECT_EQ(breeding_steps(spec, {1}), 5 * (1 + 1));
  EXPECT_EQ(breeding_steps(spec, {2}), 5 * (1 + 1));
  EXPECT_EQ(breeding_steps(spec, {3}), 5 * (1 + 2));
}

// A shard: L chunks of a field and its CRC-32C, an index of L pairs of uint64, the index's CRC-32C.
TEST(Validate, KnowsTheBytesOfAShard) {
  EXPECT_EQ(member_file_bytes(721 * 1440, StoreFormat::zarr, 41, 2), 41 * (721 * 1440 * 4 + 4) + 41 * 16 + 4);
  EXPECT_EQ(member_file_bytes(mini.points(""), StoreFormat::netcdf, 10, 3), 10 * 3 * 73 * 144 * 4);
  EXPECT_EQ(member_file_bytes(mini.points(""), StoreFormat::grib2, 10, 3), 10 * 3 * (73 * 144 * 3 + 500));
}

TEST(Validate, CountsFilesAndBytes) {
  const Json json = validation_json(bred_job(), mini);
  const int64_t short_shard = member_file_bytes(mini.points(""), StoreFormat::zarr, 5, 2);
  const int64_t long_shard = member_file_bytes(mini.points(""), StoreFormat::zarr, 41, 2), field = 73 * 144 * 4;
  ASSERT_EQ(json["stores"].size(), 8u);
  EXPECT_EQ(
      json["stores"][0],
      (Json{{"path", "nsteps_0004/wind_0.zarr"}, {"format", "zarr"}, {"files", 30}, {"bytes", 30 * short_shard}}));
  EXPECT_EQ(json["stores"][1],
            (Json{{"path", "nsteps_0004/daily_0.netcdf"}, {"format", "netcdf"}, {"files", 15}, {"bytes", 15 * field}}));
  EXPECT_EQ(
      json["stores"][7],
      (Json{{"path", "nsteps_0040/daily_1.netcdf"}, {"format", "netcdf"}, {"files", 15}, {"bytes", 15 * 10 * field}}));
  EXPECT_EQ(json["files"], 4 * 45);
  EXPECT_EQ(json["bytes"], 2 * (30 * (short_shard + long_shard) + 15 * 11 * field));
}

// A thousand members, ten days, two variables of both models: as many files as members and variables, not leads.
TEST(Validate, FilesDoNotGrowWithLeads) {
  for (const char* steps : {"forecast.steps=[40]", "forecast.steps=[400]"}) {
    EXPECT_EQ(validation_json(parse_with({"ensemble.members=1000", "perturbation.method=none", steps}))["files"], 2000);
  }
}

// A thousand members, two variables, 41 leads: a file each.
TEST(Validate, CountsAFileAFieldWithoutShards) {
  const Json json = validation_json(parse_with(
      {"ensemble.members=1000", "perturbation.method=none", "forecast.steps=[40]", "output={shard: false}"}));
  EXPECT_EQ(json["files"], 82'000);
  EXPECT_EQ(json["bytes"], 82'000LL * 721 * 1440 * 4);
}

TEST(Validate, SaysTheErrorOfRounding) {
  const JobSpec spec = parse_with({"output={variables: [u10m, z500, t2m], keep_bits: {z500: 12, t2m: 23, all: 9}}"});
  const Json json = validation_json(spec);
  EXPECT_EQ(json["stores"][0]["keep_bits"], Json::parse(R"({"u10m": {"bits": 9, "relative_error": 0.0009765625},
                                                            "z500": {"bits": 12, "relative_error": 0.0001220703125}})"));
  EXPECT_THAT(validation_report(spec), HasSubstr("z500 to 12 bits, relative error at most 0.000122"));
  EXPECT_THAT(validation_report(parse_with({})), ::testing::Not(HasSubstr("Rounded")));
}

// The measured peaks at full size: 24.8 GiB of the reference network; of the fast engine on an H200 10.1 GiB where
// nothing is bred and 12.9 GiB with three cycles. A few percent decide nothing, a quarter would.
TEST(Validate, EstimatesTheMemoryOfTheFullModel) {
  const auto gib = [](const std::vector<std::string>& overrides) {
    return static_cast<double>(estimate_memory(parse_with(overrides), {}).total()) / (1 << 30);
  };
  const std::string breeds = "perturbation.method=hemispheric_centred_bred_vector", none = "perturbation.method=none";
  EXPECT_NEAR(gib({none, "forecast.engine=reference"}), 24.8 + 0.6, 0.05 * 24.8) << "with the analysis and the member";
  EXPECT_NEAR(gib({none}), 10.1, 0.05 * 10.1);
  EXPECT_NEAR(gib({breeds}), 12.9, 0.05 * 12.9);
  const MemoryEstimate reference = estimate_memory(parse_with({none, "forecast.precision=tf32"}), {});
  EXPECT_EQ(reference.engine, EngineKind::reference);
  EXPECT_NEAR(static_cast<double>(reference.weights), 8.9e9, 0.02 * 8.9e9) << "the checkpoint's tensors";
}

TEST(Validate, TellsHoursOnlyWithASpeed) {
  EXPECT_TRUE(validation_json(bred_job())["hours"].is_null());
  EXPECT_THAT(validation_report(bred_job()), ::testing::Not(HasSubstr("Time at")));
  const MachineRate rate{.ms_per_member_step = 250.0, .source = "given"};
  EXPECT_NEAR(validation_json(bred_job(), {}, rate)["hours"].get<double>(), (1320 + 144) * 0.25 / 3600, 1e-12);
  EXPECT_TRUE(validation_json(bred_job(), {}, rate)["kwh"].is_null());
  EXPECT_TRUE(validation_json(bred_job(), {}, rate)["cost"].is_null());
  EXPECT_THAT(validation_report(bred_job(), {}, rate),
              HasSubstr("# Time at 250 ms a member-step (given): 6.10 min on one device,"));
}

TEST(Validate, TellsTimesInAUnitThatShowsThem) {
  const auto told = [](double ms) {
    return validation_report(bred_job(), {}, MachineRate{.ms_per_member_step = ms, .source = "given"});
  };
  EXPECT_THAT(told(5.0), HasSubstr(": 7.32 s on one device"));  // 1464 steps
  EXPECT_THAT(told(100.0), HasSubstr(": 2.44 min on one device"));
  EXPECT_THAT(told(5000.0), HasSubstr(": 2.03 h on one device"));
  EXPECT_THAT(told(500000.0), HasSubstr(": 203 h on one device"));
}

TEST(Validate, TellsEnergyAndMoneyOfSeveralDevices) {
  JobSpec spec = bred_job();
  spec.runtime.price_per_hour = 32.0;
  const MachineRate rate{250.0, 20.0, "a card", 4};
  const Json json = validation_json(spec, {}, rate);
  const double hours = (1320 + 144) * 0.25 / 3600;
  EXPECT_NEAR(json["wall_hours"].get<double>(), hours / 4, 1e-12);
  EXPECT_NEAR(json["cost"].get<double>(), hours / 4 * 32, 1e-12);
  EXPECT_NEAR(json["kwh"].get<double>(), 1320 * 20.0 / 3.6e6, 1e-12);
  const std::string report = validation_report(spec, {}, rate);
  EXPECT_THAT(report, HasSubstr(": 6.10 min on one device, 1.53 min on 4,"));
  EXPECT_THAT(report, HasSubstr("# Energy of the cards: 0.01 kWh, 0.0001 a member\n"));
  EXPECT_THAT(report, HasSubstr("# Cost at $32/h: $0.81, $0.0136 a member\n"));
  EXPECT_EQ(to_json(test::parse(report)), to_json(spec));
}

// Whoever keeps the report keeps the job.
TEST(Validate, ReportIsASpecThatSaysTheSame) {
  for (const JobSpec& spec : {bred_job(), test::parse(test::minimal_spec())}) {
    EXPECT_EQ(to_json(test::parse(validation_report(spec, {}, MachineRate{300.0}))), to_json(spec));
  }
}

TEST(Validate, ReportHasTheTables) {
  const std::string report = validation_report(bred_job(), mini);
  EXPECT_THAT(report, HasSubstr("# Work: 2 model(s) x 3 initial time(s) x 5 member(s) for each length\n"));
  EXPECT_THAT(report, HasSubstr("#         40      10d         30           1200               72\n"));
  EXPECT_THAT(report, HasSubstr("#   nsteps_0004/daily_0.netcdf        15     41.1 KiB    615.9 KiB\n"));
  EXPECT_THAT(report, HasSubstr("uncompressed; the models' grid is 73 x 144"));
  EXPECT_THAT(report, HasSubstr("estimated: "));
  EXPECT_THAT(report, HasSubstr(forecast_hash(bred_job())));
}

// `validate --json` printed nothing of a wrong spec.
TEST(Validate, TellsProgramsWhatIsWrong) {
  Problems problems;
  problems.add({"<override a=1>"}, "a", "is no key here");
  problems.add({"job.yaml", 3, 7}, "b.c", "is '1', expected more");
  EXPECT_EQ(problems_json(problems), Json::parse(R"({"problems": [
      {"file": "job.yaml", "line": 3, "column": 7, "key": "b.c", "message": "is '1', expected more"},
      {"file": "<override a=1>", "line": null, "column": null, "key": "a", "message": "is no key here"}]})"));
}

TEST(YamlText, QuotesWhatSomeReaderWouldTakeForSomethingElse) {
  const Json json = {
      {"words", {"gfs", "no", "on", "null", "y", "1:30", "010", "1e3", "6h", "2024-01-01", "", "a: b", "a#b"}},
      {"odd", "\xc3\xa9\t\"\\"}};
  EXPECT_EQ(
      yaml_text(json),
      "words: [gfs, \"no\", \"on\", \"null\", \"y\", \"1:30\", \"010\", \"1e3\", 6h, \"2024-01-01\", \"\", \"a: b\", "
      "\"a#b\"]\nodd: \"\xc3\xa9\\t\\\"\\\\\"\n");
}

TEST(YamlText, PutsMappingsInBlocksAndShortListsOnALine) {
  const Json json = {
      {"a", {{"b", 1}, {"c", {{"d", 2.5}}}}}, {"list", {1, 2}}, {"empty", Json::object()}, {"none", nullptr}};
  EXPECT_EQ(yaml_text(json), "a:\n  b: 1\n  c:\n    d: 2.5\nlist: [1, 2]\nempty: {}\nnone: null\n");
}

}  // namespace
}  // namespace hens
