// The timing report has every row, and fits a terminal whatever names it is given.
#include "report/timing_report.h"

#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "report/table.h"
#include "support/example_manifest.h"

namespace hens {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

int longest_line(const std::string& text) {
  std::istringstream lines(text);
  int longest = 0;
  for (std::string line; std::getline(lines, line);) longest = std::max(longest, display_width(line));
  return longest;
}

TEST(TimingReport, NamesJobMachineAndSoftware) {
  const std::string text = timing_report(test::example_manifest());
  for (const char* line :
       {"Job           example\n", "Platform      EC2, g6e.4xlarge, us-west-2\n",
        "Device        cuda:0, NVIDIA L40S, driver 570.1\n", "Host          Example CPU, 16 cores, 128 GiB\n",
        "Software      hens 0.1.0, LibTorch 2.11.0\n", "Engine        reference fp32\n",
        "Members       8 of 8 complete\n", "Grid          19 x 36\n", "Peak memory   12.0 GiB host, 20.0 GiB GPU\n"}) {
    EXPECT_THAT(text, HasSubstr(line));
  }
  EXPECT_THAT(text, Not(HasSubstr("Cost")));
}

TEST(TimingReport, TellsMoneyAndEnergyAMember) {
  Manifest manifest = test::example_manifest();
  manifest.spec.runtime.price_per_hour = 2.4;
  EXPECT_THAT(timing_report(manifest), HasSubstr("Cost          $0.1000 at $2.4000/h, $0.0125 a member\n"));
  EXPECT_THAT(timing_report(manifest), Not(HasSubstr("Energy")));
  for (Attempt& attempt : manifest.attempts) attempt.energy_joules = 36'000.0, attempt.work = {500, 20.0};
  EXPECT_THAT(timing_report(manifest),
              HasSubstr("Energy        0.0200 kWh of the GPUs, 0.0025 kWh a member, 72.0 J a member-step\n"));
  manifest.attempts[0].energy_joules.reset();
  EXPECT_THAT(timing_report(manifest), HasSubstr("Energy        at least 0.0100 kWh"));
}

TEST(TimingReport, HasARowForEachLengthAndModelAndTheirMean) {
  const std::string text = timing_report(test::example_manifest());
  // NSTEPS, forecast, model, members, inference, per step, per member-step, parts.
  EXPECT_THAT(text, ContainsRegex(" 4  24 hours  M0 +2/2 +20.00 +5.000 +2.500 +4.000 +14.00 +1.000\n"));
  EXPECT_THAT(text, ContainsRegex(" 4  24 hours  M1 +2/2 +22.00 +5.500 +2.750 "));
  EXPECT_THAT(text, ContainsRegex(" 4  24 hours  mean +21.00 +5.250 +2.625 "));
  EXPECT_THAT(text, ContainsRegex("40  10 days   M0 +2/2 +40.00 +1.000 +0.500 "));
  EXPECT_THAT(text, ContainsRegex("40  10 days   mean +41.00 "));
}

TEST(TimingReport, HasAColumnForEachAttemptsStages) {
  const std::string text = timing_report(test::example_manifest());
  EXPECT_THAT(text, ContainsRegex("Stage +Attempt 1 +Attempt 2 +Sum\n"));
  EXPECT_THAT(text, ContainsRegex("analysis +1.500 +1.500 +3.000\n"));
  EXPECT_THAT(text, ContainsRegex("total +60.00 +90.00 +150.00\n"));
  EXPECT_THAT(text, ContainsRegex("2 +2026-01-02T00:00:00Z +2026-01-02T01:00:00Z +shard 1/2 +cuda:0 +0 done\n"));
}

// They stood in the order of the alphabet: the report knew other names than run_job gives them.
TEST(TimingReport, HasTheStagesInTheOrderOfARun) {
  Manifest manifest = test::example_manifest();
  const std::vector<std::string> stages{"stage_models",   "verify",  "load",          "analysis", "breeding_control",
                                        "load_reference", "members", "finish_output", "total"};
  for (const std::string& stage : stages) manifest.attempts.back().stages.seconds[stage] = 1;
  const std::string text = timing_report(manifest);
  for (size_t at = text.find("Stage "), k = 0; k < stages.size(); ++k) {
    at = text.find("\n" + stages[k] + " ", at);
    ASSERT_NE(at, std::string::npos) << stages[k] << " is not behind its predecessor in\n" << text;
  }
}

TEST(TimingReport, LeavesBlanksWhereMembersAreMissing) {
  Manifest manifest = test::example_manifest();
  for (MemberEntry& entry : manifest.members) {
    if (entry.id.length == 1 && entry.id.model == 0) entry.state = MemberState::pending;
  }
  manifest.members.back().state = MemberState::failed;
  const std::string text = timing_report(manifest);
  EXPECT_THAT(text, ContainsRegex("40  10 days   M0 +0/2\n"));
  EXPECT_THAT(text, ContainsRegex("40  10 days   M1 +1/2 +21.00 +0.525 "));
  EXPECT_THAT(text, HasSubstr("5 of 8 complete, 1 failed"));
  EXPECT_THAT(text, Not(ContainsRegex("40  10 days   mean")));
}

TEST(TimingReport, GivesTheCostAtAPrice) {
  Manifest manifest = test::example_manifest();
  manifest.spec.runtime.price_per_hour = 36.0;
  EXPECT_THAT(timing_report(manifest), HasSubstr("Cost          $1.5000 at $36.0000/h, $0.1875 a member\n"));
}

TEST(TimingReport, NeverGoesBeyondHundredColumns) {
  Manifest manifest = test::example_manifest();
  const std::string long_name(200, 'x');
  manifest.spec.name = long_name;
  manifest.model_names = {long_name, long_name};
  for (int number = 3; number <= 9; ++number) manifest.attempts.push_back(test::example_attempt(number, 123456.0));
  for (Attempt& attempt : manifest.attempts) {
    attempt.selection = attempt.exit_reason = attempt.hardware.gpu = attempt.hardware.host_cpu = long_name;
    attempt.stages.seconds[long_name] = 1e6;
  }
  for (MemberEntry& entry : manifest.members) entry.time.total = entry.time.steps = 1e6;
  EXPECT_LE(longest_line(timing_report(manifest)), 100);
  manifest.attempts.resize(6);
  EXPECT_LE(longest_line(timing_report(manifest)), 100);
}

TEST(TimingReport, StandsWithoutAnyAttempt) {
  Manifest manifest = test::example_manifest();
  manifest.attempts.clear();
  EXPECT_THAT(timing_report(manifest), HasSubstr("8 of 8 complete"));
}

// A killed attempt read as ended with 0, and counted as no time, no cost and no bytes.
TEST(TimingReport, SaysWhereNoEndIsRecorded) {
  Manifest manifest = test::example_manifest();
  manifest.spec.runtime.price_per_hour = 36.0;
  test::kill(manifest.attempts[0]);
  const std::string text = timing_report(manifest);
  EXPECT_THAT(text, HasSubstr("Total time    at least 141s (2 min); no end is recorded of 1 attempt\n"));
  EXPECT_THAT(text, HasSubstr("Machine time  at least 141s (2 min)\n"));
  EXPECT_THAT(text, ContainsRegex("1 +2026-01-01T00:00:00Z +shard 0/2 +cuda:0 +no end recorded\n"));
  EXPECT_THAT(text, ContainsRegex("total +50.50 +90.00 +140.50\n"));
  EXPECT_THAT(text, HasSubstr("Cost          at least $1.4050 at $36.0000/h, $0.1756 a member\n"));
  EXPECT_THAT(text, HasSubstr("Output        2.00 GiB, "));
}

TEST(TimingReport, NamesAnEndInAShortWord) {
  Manifest manifest = test::example_manifest();
  manifest.attempts[0].exit_code = 75;
  manifest.attempts[0].exit_reason = "stopped by a signal; the same command continues the run";
  manifest.attempts[1].exit_code = 81;
  const std::string text = timing_report(manifest);
  EXPECT_THAT(text, HasSubstr("cuda:0  75 stopped\n"));
  EXPECT_THAT(text, HasSubstr("cuda:0  81 some not finite\n"));
}

TEST(TimingReport, MomentsStandThereInWholeSeconds) {
  Manifest manifest = test::example_manifest();
  manifest.attempts[1].started = "2026-01-02T00:00:00.750Z";
  EXPECT_THAT(timing_report(manifest), ContainsRegex("2 +2026-01-02T00:00:00Z +2026-01-02T01:00:00Z "));
}

}  // namespace
}  // namespace hens
