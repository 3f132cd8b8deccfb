#include "job/batch_system.h"

#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "job/work_plan.h"

namespace hens {
namespace {

using Environment = std::map<std::string, std::string>;

BatchShard shard_in(const Environment& environment) {
  return shard_of_batch_system([&](const char* name) {
    const auto found = environment.find(name);
    return found == environment.end() ? std::string() : found->second;
  });
}

std::string refusal(const Environment& environment) {
  try {
    return "taken as " + shard_in(environment).shard;
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::usage);
    return error.what();
  }
}

struct Case {
  const char* system;
  Environment environment;
  const char* shard;
  std::optional<int> local_rank = std::nullopt;
};

// The variables as each system's manual names them.
const std::vector<Case> cases{
    {"Kubernetes", {{"JOB_COMPLETION_INDEX", "3"}, {"HENS_SHARDS", "8"}}, "3/8"},
    {"AWS Batch array", {{"AWS_BATCH_JOB_ARRAY_INDEX", "0"}, {"AWS_BATCH_JOB_ARRAY_SIZE", "2"}}, "0/2"},
    {"AWS Batch nodes", {{"AWS_BATCH_JOB_NODE_INDEX", "2"}, {"AWS_BATCH_JOB_NUM_NODES", "4"}}, "2/4"},
    {"Slurm array",
     {{"SLURM_ARRAY_TASK_ID", "7"},
      {"SLURM_ARRAY_TASK_COUNT", "8"},
      {"SLURM_ARRAY_TASK_MIN", "0"},
      {"SLURM_ARRAY_TASK_MAX", "7"},
      {"SLURM_ARRAY_TASK_STEP", "1"}},
     "7/8"},
    {"Slurm array",
     {{"SLURM_ARRAY_TASK_ID", "8"},
      {"SLURM_ARRAY_TASK_COUNT", "8"},
      {"SLURM_ARRAY_TASK_MIN", "1"},
      {"SLURM_ARRAY_TASK_MAX", "8"},
      {"SLURM_ARRAY_TASK_STEP", "1"}},
     "7/8"},
    {"Slurm step",
     {{"SLURM_PROCID", "5"},
      {"SLURM_STEP_NUM_TASKS", "16"},
      {"SLURM_LOCALID", "1"},
      {"SLURM_STEP_TASKS_PER_NODE", "4(x4)"}},
     "5/16",
     1},
    {"Slurm step",
     {{"SLURM_PROCID", "1"},
      {"SLURM_STEP_NUM_TASKS", "4"},
      {"SLURM_LOCALID", "0"},
      {"SLURM_STEP_TASKS_PER_NODE", "1(x4)"}},
     "1/4"},
    {"Flux", {{"FLUX_TASK_RANK", "2"}, {"FLUX_JOB_SIZE", "3"}, {"FLUX_TASK_LOCAL_ID", "2"}}, "2/3", 2},
    {"PALS",
     {{"PALS_RANKID", "6"},
      {"PMI_RANK", "6"},
      {"PMI_SIZE", "12"},
      {"PALS_LOCAL_RANKID", "2"},
      {"PALS_LOCAL_SIZE", "4"}},
     "6/12",
     2},
    {"Open MPI",
     {{"OMPI_COMM_WORLD_RANK", "1"},
      {"OMPI_COMM_WORLD_SIZE", "2"},
      {"OMPI_COMM_WORLD_LOCAL_RANK", "0"},
      {"OMPI_COMM_WORLD_LOCAL_SIZE", "1"},
      {"PMIX_RANK", "1"}},
     "1/2"},
    {"PMIx", {{"PMIX_RANK", "1"}, {"HENS_SHARDS", "4"}}, "1/4"},
    {"PMI", {{"PMI_RANK", "3"}, {"PMI_SIZE", "4"}, {"MPI_LOCALRANKID", "3"}, {"MPI_LOCALNRANKS", "4"}}, "3/4", 3},
    {"PBS", {{"PBS_ARRAY_INDEX", "2"}, {"HENS_SHARDS", "3"}}, "2/3"},
    {"Torque", {{"PBS_ARRAYID", "0"}, {"HENS_SHARDS", "3"}}, "0/3"},
    {"LSF", {{"LSB_JOBINDEX", "1"}, {"LSB_JOBINDEX_END", "5"}, {"LSB_JOBINDEX_STEP", "1"}}, "0/5"},
    {"SGE", {{"SGE_TASK_ID", "4"}, {"SGE_TASK_FIRST", "1"}, {"SGE_TASK_LAST", "4"}, {"SGE_TASK_STEPSIZE", "1"}}, "3/4"},
    {"torchrun", {{"RANK", "9"}, {"WORLD_SIZE", "16"}, {"LOCAL_RANK", "1"}, {"LOCAL_WORLD_SIZE", "8"}}, "9/16", 1},
};

TEST(BatchSystem, EachIsUnderstood) {
  for (const Case& c : cases) {
    const BatchShard shard = shard_in(c.environment);
    EXPECT_EQ(shard.system, c.system);
    EXPECT_EQ(shard.shard, c.shard) << c.system;
    EXPECT_EQ(shard.local_rank, c.local_rank) << c.system;
    EXPECT_NO_THROW(parse_shard(shard.shard)) << c.system;
    EXPECT_THAT(shard.told, testing::HasSubstr(c.environment.begin()->second)) << c.system;
  }
}

// One inside another, as Open MPI in a Slurm step in an array's task: whoever stands first in the table decides.
TEST(BatchSystem, TheOuterOneDecides) {
  Environment all;
  for (auto c = cases.rbegin(); c != cases.rend(); ++c) {
    for (const auto& [name, value] : c->environment) {
      if (name != "HENS_SHARDS") all.insert_or_assign(name, value);
    }
    Environment with_count = all;
    if (c->environment.contains("HENS_SHARDS")) with_count["HENS_SHARDS"] = c->environment.at("HENS_SHARDS");
    EXPECT_EQ(shard_in(with_count).system, c->system);
  }
}

TEST(BatchSystem, SilenceIsNoShard) {
  EXPECT_THAT(refusal({{"HENS_SHARDS", "8"}}), testing::HasSubstr("JOB_COMPLETION_INDEX (Kubernetes)"));
  EXPECT_THAT(refusal({{"JOB_COMPLETION_INDEX", "3"}}), testing::HasSubstr("Set HENS_SHARDS"));
  // Not in an array, though the system is at work.
  EXPECT_THAT(refusal({{"LSB_JOBINDEX", "0"}}), testing::HasSubstr("no batch system"));
  EXPECT_THAT(refusal({{"SGE_TASK_ID", "undefined"}}), testing::HasSubstr("no batch system"));
  EXPECT_THAT(refusal({{"SLURM_PROCID", "0"}, {"SLURM_NTASKS", "8"}}), testing::HasSubstr("no batch system"))
      << "the batch script itself is no step";
  EXPECT_THAT(refusal({{"JOB_COMPLETION_INDEX", "-1"}, {"HENS_SHARDS", "8"}}), testing::HasSubstr("is '-1'"));
  EXPECT_THAT(refusal({{"RANK", "x"}, {"WORLD_SIZE", "8"}}), testing::HasSubstr("RANK is 'x'"));
  EXPECT_THROW(parse_shard(shard_in({{"JOB_COMPLETION_INDEX", "8"}, {"HENS_SHARDS", "8"}}).shard), Error);
}

// sbatch --array=3,6 after two of eight tasks failed: they are parts 3 and 6 of eight, not 0 and 1 of two.
TEST(BatchSystem, APartOfAnArrayIsRefusedUnlessItsWholeIsGiven) {
  Environment part{{"SLURM_ARRAY_TASK_ID", "6"},
                   {"SLURM_ARRAY_TASK_COUNT", "2"},
                   {"SLURM_ARRAY_TASK_MIN", "3"},
                   {"SLURM_ARRAY_TASK_MAX", "6"},
                   {"SLURM_ARRAY_TASK_STEP", "1"}};
  EXPECT_THAT(refusal(part), testing::HasSubstr("set HENS_SHARDS"));
  part["HENS_SHARDS"] = "8";
  EXPECT_EQ(shard_in(part).shard, "6/8");
  Environment lsf{{"LSB_JOBINDEX", "5"}, {"LSB_JOBINDEX_END", "5"}, {"LSB_JOBINDEX_STEP", "2"}};
  EXPECT_THAT(refusal(lsf), testing::HasSubstr("set HENS_SHARDS"));
  lsf["HENS_SHARDS"] = "5";
  EXPECT_EQ(shard_in(lsf).shard, "4/5");
}

}  // namespace
}  // namespace hens
