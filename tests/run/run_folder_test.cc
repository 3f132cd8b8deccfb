// What a run's folder promises: other runs are refused, damage withdraws a member, attempts are numbered.
#include "run/run_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "support/test_data.h"

namespace hens {
namespace {

RunIdentity identity_with(const std::vector<std::string>& overrides = {}, char digest = '0',
                          const std::string& device = "cpu") {
  const JobSpec spec = parse_job_spec(R"(
name: folder
initial_conditions: {source: analytic, times: [2024-01-01T00:00:00Z]}
models: [toy]
ensemble: {members: 2}
perturbation: {method: none}
forecast: {steps: [1]}
output: {variables: [u10m], format: zarr}
)",
                                      "folder.yaml", "/tmp", overrides);
  return {spec, {"toy"}, {std::string(64, digest)}, device, equiangular_grid(5, 8)};
}

// Writes and completes one member.
void complete_member(RunFolder& folder, const MemberId& task) {
  const auto stores = open_stores(folder.root(), folder.identity().spec, folder.identity().facts());
  const auto writer = stores[0].store->member(task.time, task.member);
  const std::vector<float> field(40, 1.0f + task.member);
  for (int lead = 0; lead < 2; ++lead) writer->append(0, lead, field);
  std::vector<StoredFile> files = writer->finish();
  for (StoredFile& file : files) file.path = (stores[0].folder / file.path).string();
  folder.complete(task, files, {});
}

std::string refusal(const fs::path& root, const RunIdentity& identity) {
  try {
    RunFolder(root, identity, Log::none());
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::bad_spec);
    return error.what();
  }
  return "not refused";
}

TEST(RunFolder, RefusesAnotherRunAndNamesTheField) {
  const test::TemporaryFolder temporary;
  RunFolder(temporary.path(), identity_with(), Log::none()).begin_attempt({});
  EXPECT_NE(refusal(temporary.path(), identity_with({"ensemble.seed=3"})).find("ensemble.seed is 0 there and 3 here"),
            std::string::npos);
  EXPECT_NE(refusal(temporary.path(), identity_with({}, '1')).find("models[0]"), std::string::npos);
  EXPECT_NE(refusal(temporary.path(), identity_with({}, '0', "cuda")).find("device"), std::string::npos);
  EXPECT_EQ(refusal(temporary.path(), identity_with({"runtime.writers=1"})), "not refused") << "speed is no identity";
}

TEST(RunFolder, DamageWithdrawsJustTheMemberConcerned) {
  const test::TemporaryFolder temporary;
  RunFolder folder(temporary.path(), identity_with(), Log::none());
  const std::vector<MemberId> plan = plan_members(folder.identity().spec);
  EXPECT_EQ(folder.pending(plan, true), plan);
  for (const MemberId& task : plan) complete_member(folder, task);
  EXPECT_TRUE(folder.pending(plan, true).empty());
  EXPECT_TRUE(folder.all_complete());

  const Marker marker = read_marker(folder.root() / marker_name(folder.identity().spec, plan[1]));
  const fs::path damaged = folder.root() / marker.files.at(0).path;
  std::string bytes = read_file(damaged);
  bytes[10] = static_cast<char>(bytes[10] ^ 1);
  publish_file(damaged, bytes);
  EXPECT_TRUE(folder.pending(plan, false).empty()) << "sizes alone cannot tell";
  EXPECT_EQ(folder.pending(plan, true), std::vector<MemberId>{plan[1]});
  EXPECT_FALSE(folder.all_complete()) << "from then on no reader may count the member as complete";
}

TEST(RunFolder, AttemptsAreNumberedAndADamagedRecordComesBackFromTheManifest) {
  const test::TemporaryFolder temporary;
  const auto begin = [&] { return RunFolder(temporary.path(), identity_with(), Log::none()).begin_attempt({}); };
  EXPECT_EQ(begin(), 1);
  EXPECT_EQ(begin(), 2);
  const std::string record = read_file(temporary / "attempts/0002.json");
  publish_file(temporary / "attempts/0002.json", "{}");
  RunFolder(temporary.path(), identity_with(), Log::none()).mend_records();
  EXPECT_EQ(read_file(temporary / "attempts/0002.json"), record);
  EXPECT_EQ(begin(), 3);
  EXPECT_EQ(merged_manifest(temporary.path()).attempts.size(), 3u);
}

TEST(RunFolder, AttemptsOfShardsNeverShareANumber) {
  const auto begin = [](const test::TemporaryFolder& folder, int shard) {
    return RunFolder(folder.path(), identity_with(), Log::none()).begin_attempt({}, {{}, shard, 3});
  };
  const test::TemporaryFolder shared, own;
  EXPECT_EQ(begin(shared, 0), 1);
  EXPECT_EQ(begin(shared, 0), 4);
  EXPECT_EQ(begin(shared, 2), 6);
  EXPECT_EQ(begin(shared, 1), 8);
  EXPECT_EQ(begin(own, 2), 3) << "also in a folder of its own, which may be copied into the others' later";
  EXPECT_EQ(begin(own, 2), 6);
}

TEST(RunFolder, ADamagedManifestIsMadeAnewFromTheMarkers) {
  const test::TemporaryFolder temporary;
  RunFolder folder(temporary.path(), identity_with(), Log::none());
  folder.begin_attempt({});
  complete_member(folder, plan_members(folder.identity().spec)[0]);
  publish_file(temporary / "run.json", "{\"kind\":");
  EXPECT_THROW(read_manifest(temporary.path()), Error);
  RunFolder again(temporary.path(), identity_with(), Log::none());
  again.begin_attempt({});
  EXPECT_EQ(read_manifest(temporary.path()).complete, 1);
}

Attempt ended_with(ExitCode code) {
  Attempt attempt;
  attempt.finished = "2024-01-01T00:00:01.000Z";
  attempt.exit_code = static_cast<int>(code);
  return attempt;
}

// A mistake in the spec that showed only after the folder was taken locked it: the corrected spec was refused.
TEST(RunFolder, ARunThatFailedBeforeAnyMemberWasCompleteGivesWay) {
  const RunIdentity wrong = identity_with({"ensemble.seed=3", "output.variables=[v10m]"});
  const test::TemporaryFolder temporary;
  {
    RunFolder folder(temporary.path(), wrong, Log::none());
    folder.pending(plan_members(wrong.spec), true);
    folder.begin_attempt({});
    EXPECT_NE(refusal(temporary.path(), identity_with()), "not refused") << "it may still run";
    folder.end_attempt(ended_with(ExitCode::bad_spec));
  }
  EXPECT_TRUE(fs::exists(temporary / "hens_0.zarr/v10m"));
  RunFolder folder(temporary.path(), identity_with(), Log::none());
  EXPECT_FALSE(fs::exists(temporary / "hens_0.zarr/v10m")) << "its metadata would belong to nothing";
  folder.pending(plan_members(folder.identity().spec), true);
  EXPECT_EQ(folder.begin_attempt({}), 1);
  complete_member(folder, plan_members(folder.identity().spec)[0]);
  folder.end_attempt(ended_with(ExitCode::interrupted));
  EXPECT_NE(refusal(temporary.path(), wrong), "not refused") << "this one has a complete member";
}

// Only the process that gave a member up knew of it: `hens status` showed it as not done yet.
TEST(RunFolder, AFailedMemberStandsInTheMergeUntilItIsCompleted) {
  const test::TemporaryFolder temporary;
  RunFolder folder(temporary.path(), identity_with(), Log::none());
  const std::vector<MemberId> plan = plan_members(folder.identity().spec);
  folder.begin_attempt({});
  complete_member(folder, plan[0]);
  folder.record_failed({plan[1], {1, "u10m"}});
  folder.end_attempt(ended_with(ExitCode::members_failed));
  EXPECT_EQ(merged_manifest(temporary.path()).failed, 1);
  const MemberEntry failed = merged_manifest(temporary.path()).members.at(1);
  EXPECT_EQ(failed.state, MemberState::failed);
  EXPECT_EQ(failed.attempt, 1);
  EXPECT_EQ(failure_text(failed.failure.value()), "not finite at step 1 (u10m)");
  complete_member(folder, plan[1]);
  const MemberEntry completed = merged_manifest(temporary.path()).members.at(1);
  EXPECT_EQ(completed.state, MemberState::complete);
  EXPECT_FALSE(completed.failure);
}

TEST(RunFolder, AnAttemptHasNoExitCodeBeforeItsEnd) {
  const test::TemporaryFolder temporary;
  RunFolder folder(temporary.path(), identity_with(), Log::none());
  folder.begin_attempt({});
  EXPECT_FALSE(merged_manifest(temporary.path()).attempts[0].exit_code) << "0 would say that it is done";
  folder.end_attempt(ended_with(ExitCode::ok));
  EXPECT_EQ(merged_manifest(temporary.path()).attempts[0].exit_code, 0);
}

TEST(RunFolder, TheManifestKnowsWhenMembersWereCompleteAndTheirBytes) {
  const test::TemporaryFolder temporary;
  RunFolder folder(temporary.path(), identity_with(), Log::none());
  const Moment before = moment_now();
  complete_member(folder, plan_members(folder.identity().spec)[0]);
  const std::vector<MemberEntry> members = folder.manifest().members;
  ASSERT_EQ(members.size(), 1U) << "what is not done yet is not listed";
  EXPECT_GE(members[0].finished.value(), before);
  EXPECT_LE(members[0].finished.value(), moment_now());
  const uint64_t two_fields = 2 * 40 * sizeof(float);
  EXPECT_GT(members[0].bytes, two_fields) << "with checksums and index";
}

// Every shard read all markers and wrote all of run.json: 12 s of overhead for 20 members of 100,000.
TEST(RunFolder, AProcessOfFewMembersLeavesTheViewsToTheLast) {
  const test::TemporaryFolder temporary(test::ram_disk());
  const RunIdentity identity = identity_with({"ensemble.members=2100"});
  const std::vector<MemberId> plan = plan_members(identity.spec);
  const auto work = [&](size_t first, size_t last) {
    RunFolder folder(temporary.path(), identity, Log::none());
    const std::vector<MemberId> own(plan.begin() + static_cast<std::ptrdiff_t>(first),
                                    plan.begin() + static_cast<std::ptrdiff_t>(last));
    folder.pending(own, true);
    folder.begin_attempt({});
    for (const MemberId& task : own) folder.complete(task, {}, {});
    folder.end_attempt(ended_with(ExitCode::ok));
    return folder.all_complete();
  };
  EXPECT_FALSE(work(0, 2090)) << "2090 of its own: reading as many markers again is nothing beside";
  EXPECT_EQ(read_manifest(temporary.path()).complete, 2090);
  const std::string before = read_file(temporary / "run.json");
  EXPECT_FALSE(work(2090, 2091));
  EXPECT_EQ(read_file(temporary / "run.json"), before) << "one member does not pay for 2091 markers";
  EXPECT_EQ(merged_manifest(temporary.path()).complete, 2091) << "but it is known at once";
  EXPECT_FALSE(work(2091, 2092));
  EXPECT_FALSE(work(2092, 2099));
  EXPECT_TRUE(work(2099, 2100)) << "the last one pays";
  const Manifest manifest = read_manifest(temporary.path());
  EXPECT_EQ(manifest.complete, 2100);
  EXPECT_EQ(manifest.attempts.size(), 5U);
  const std::string table = read_file(temporary / "members.csv");
  EXPECT_EQ(std::count(table.begin(), table.end(), '\n'), 2101) << "a header and the members";
  EXPECT_TRUE(table.starts_with("nsteps,model,time,member,state,")) << table.substr(0, 60);
  EXPECT_NE(table.find("\n1,0,2024-01-01T00:00:00Z,2099,complete,5,"), std::string::npos);
}

// A failed member never gets a marker: whoever finishes after it would have waited for that in vain.
TEST(RunFolder, WithAFailedMemberTheLastOneStillWritesTheViews) {
  const test::TemporaryFolder temporary(test::ram_disk());
  const RunIdentity identity = identity_with({"ensemble.members=2100"});
  const std::vector<MemberId> plan = plan_members(identity.spec);
  {
    RunFolder folder(temporary.path(), identity, Log::none());
    folder.pending({plan[0]}, true);
    folder.begin_attempt({});
    folder.record_failed({plan[0], {1, "u10m"}});
    for (size_t k = 1; k < 2099; ++k) folder.complete(plan[k], {}, {});
    folder.end_attempt(ended_with(ExitCode::members_failed));
    EXPECT_EQ(read_manifest(temporary.path()).complete, 0);
  }
  RunFolder folder(temporary.path(), identity, Log::none());
  folder.pending({plan[2099]}, true);
  folder.begin_attempt({});
  folder.complete(plan[2099], {}, {});
  folder.end_attempt(ended_with(ExitCode::ok));
  EXPECT_EQ(read_manifest(temporary.path()).complete, 2099);
  EXPECT_EQ(read_manifest(temporary.path()).failed, 1);
}

// A later attempt made run.json anew without the reports, and `hens verify` then did not look at them.
TEST(RunFolder, ALaterAttemptKeepsTheListOfReports) {
  const test::TemporaryFolder temporary;
  RunFolder folder(temporary.path(), identity_with(), Log::none());
  folder.begin_attempt({});
  const std::vector<StoredFile> reports{{"timing_report.txt", 3, "abc"}};
  {
    const RunLock lock(temporary.path());
    publish_views(temporary.path(), folder.manifest(), reports);
  }
  folder.end_attempt(ended_with(ExitCode::ok));
  RunFolder(temporary.path(), identity_with(), Log::none()).begin_attempt({});
  EXPECT_EQ(read_manifest(temporary.path()).reports, reports);
}

// Only its own member is lost, and made again.
TEST(RunFolder, AMarkerOfImpossibleTimesCountsAsNone) {
  const test::TemporaryFolder temporary;
  RunFolder folder(temporary.path(), identity_with(), Log::none());
  const std::vector<MemberId> plan = plan_members(folder.identity().spec);
  folder.begin_attempt({});
  for (const MemberId& task : plan) complete_member(folder, task);
  const fs::path path = temporary.path() / marker_name(folder.identity().spec, plan[1]);
  const Marker good = read_marker(path);
  for (const char* timing : {"[]", "{\"steps\": \"long\"}", "{\"steps\": -1}", "{\"steps\": null}"}) {
    Marker marker = good;
    marker.timing = nlohmann::ordered_json::parse(timing);
    publish_marker(path, marker);
    EXPECT_EQ(folder.manifest().complete, 1) << timing;
    EXPECT_EQ(folder.pending(plan, true), std::vector<MemberId>{plan[1]}) << timing;
  }
}

// The whole lists of outputs were printed, twice.
TEST(RunFolder, NamesTheKeyOfAnOutputThatDiffers) {
  const test::TemporaryFolder temporary;
  RunFolder(temporary.path(), identity_with(), Log::none()).begin_attempt({});
  try {
    RunFolder(temporary.path(), identity_with({"output.compression=zstd"}), Log::none());
    FAIL() << "another run was not refused";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("\n  output.0.compression is \"none\" there and \"zstd\" here\n"));
  }
}

}  // namespace
}  // namespace hens
