// The manifest and attempts' records: what goes in comes out, and damage is noticed.
#include "run/manifest.h"

#include <gtest/gtest.h>

#include "base/checksum.h"
#include "base/error.h"
#include "support/test_data.h"

namespace hens {
namespace {

JobSpec small_spec() {
  return parse_job_spec(R"(
name: small
initial_conditions: {source: analytic, times: [2024-01-01T00:00:00Z]}
models: ["synth:mini?seed=102"]
ensemble: {members: 2, seed: 7}
perturbation: {method: none}
forecast: {steps: [1]}
output: {variables: [u10m], format: zarr}
)",
                        "small.yaml", "/tmp");
}

Attempt some_attempt() {
  Attempt attempt;
  attempt.number = 3;
  attempt.started = "2024-01-01T00:00:00Z";
  attempt.hardware = {"a processor", 2, 23.5, "cpu", "", "", "local", "", "eu-west-1"};
  attempt.engine = "reference fp32";
  attempt.stages.seconds = {{"load", 0.25}, {"total", 1.5}};
  attempt.model_load_seconds = {0.25};
  attempt.sources = {{"s3://bucket/key", 123, "abc", {"q50 derived from relative humidity"}}};
  attempt.finished = "2024-01-01T00:00:01.500Z";
  attempt.failures = {{member_id(0, 0, 0, 1), {4, "u10m"}}};
  attempt.exit_code = 75;
  attempt.exit_reason = "stopped";
  return attempt;
}

Manifest some_manifest() {
  Manifest manifest;
  manifest.spec = small_spec();
  manifest.forecast_hash = forecast_hash(manifest.spec);
  manifest.model_names = {"synth_mini_seed102"};
  manifest.model_digests = {std::string(64, 'a')};
  manifest.device_kind = "cpu";
  manifest.grid = equiangular_grid(73, 144);
  manifest.attempts = {some_attempt()};
  manifest.complete = 1, manifest.failed = 1;
  manifest.member_table = {"members.csv", 123, "fed"};
  manifest.reports = {{"timing_report.txt", 10, "def"}};
  return manifest;
}

TEST(Manifest, ComesBackAsItWas) {
  const test::TemporaryFolder folder;
  const Manifest manifest = some_manifest();
  publish_file(folder / "run.json", manifest_text(manifest));
  const Manifest back = read_manifest(folder.path());
  EXPECT_EQ(manifest_text(back), manifest_text(manifest));
  EXPECT_EQ(back.grid, manifest.grid);
  EXPECT_EQ(back.complete, 1);
  EXPECT_EQ(back.failed, 1);
  EXPECT_EQ(back.member_table, manifest.member_table);
  EXPECT_EQ(back.attempts[0].exit_code, 75);
  EXPECT_EQ(back.attempts[0].sources[0].notes, manifest.attempts[0].sources[0].notes);
}

// A job in 5,000 shards has 5,000 records, in files of their own.
TEST(Manifest, RepeatsTheLastAttemptsAndNumbersTheOthers) {
  const test::TemporaryFolder folder;
  Manifest manifest = some_manifest();
  manifest.attempts.assign(5000, some_attempt());
  for (int k = 0; k < 5000; ++k) manifest.attempts[static_cast<size_t>(k)].number = k + 1;
  publish_file(folder / "run.json", manifest_text(manifest));
  EXPECT_LT(fs::file_size(folder / "run.json"), 400'000U);
  const Manifest back = read_manifest(folder.path());
  ASSERT_EQ(back.attempts.size(), attempts_in_manifest);
  EXPECT_EQ(back.attempts.back().number, 5000);
  ASSERT_EQ(back.earlier_attempts.size(), 5000 - attempts_in_manifest);
  EXPECT_EQ(back.earlier_attempts.front(), 1);
  EXPECT_EQ(back.earlier_attempts.back() + 1, back.attempts.front().number);
}

// As the versions before wrote it: their folders can be continued.
TEST(Manifest, OfAnEarlierVersionIsRead) {
  const test::TemporaryFolder folder;
  auto json = nlohmann::ordered_json::parse(manifest_text(some_manifest()));
  for (const char* key : {"digest", "members_planned", "members_failed", "member_table", "earlier_attempts"}) {
    json.erase(key);
  }
  json["members"] = nlohmann::ordered_json::parse(R"([{"length": 0, "model": 0, "time": 0, "member": 0}])");
  json["digest"] = sha256_hex(json.dump());
  publish_file(folder / "run.json", json.dump(1) + "\n");
  const Manifest back = read_manifest(folder.path());
  EXPECT_EQ(back.complete, 1);
  EXPECT_EQ(back.attempts.size(), 1U);
  EXPECT_TRUE(back.member_table.path.empty());
}

TEST(Manifest, EveryDamagedByteIsNoticed) {
  const test::TemporaryFolder folder;
  const std::string text = manifest_text(some_manifest());
  for (size_t at = 0; at < text.size(); at += 7) {
    std::string damaged = text;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x01);
    if (std::isspace(static_cast<unsigned char>(text[at])) && std::isspace(static_cast<unsigned char>(damaged[at])))
      continue;
    publish_file(folder / "run.json", damaged);
    EXPECT_THROW(read_manifest(folder.path()), Error) << "byte " << at << ": " << text.substr(at, 20);
  }
}

TEST(Attempt, ComesBackAsItWas) {
  const test::TemporaryFolder folder;
  const fs::path path = folder / "0003.json";
  publish_file(path, attempt_text(some_attempt()));
  EXPECT_EQ(attempt_text(read_attempt(path)), attempt_text(some_attempt()));
}

}  // namespace
}  // namespace hens
