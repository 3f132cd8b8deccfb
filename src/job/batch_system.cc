#include "job/batch_system.h"

#include <array>
#include <charconv>

#include "base/error.h"

namespace hens {
namespace {

using Variable = std::function<std::string(const char*)>;

// How a system tells. Arrays whose first index may be another than 0 name the variables of their range.
struct BatchSystem {
  const char* name;
  const char* index;
  const char* count;       // null: HENS_SHARDS has to say
  const char* local_rank;  // null: it does not tell, or starts one process a machine
  const char* local_size;
  const char* first;  // of the range; null: indices count from 0
  const char* last;
  const char* step;
  int least = 0;  // the index that a whole array starts with where the range does not tell
};

constexpr std::array systems{
    BatchSystem{"Kubernetes", "JOB_COMPLETION_INDEX", nullptr, nullptr, nullptr, nullptr, nullptr, nullptr},
    BatchSystem{"AWS Batch array", "AWS_BATCH_JOB_ARRAY_INDEX", "AWS_BATCH_JOB_ARRAY_SIZE", nullptr, nullptr, nullptr,
                nullptr, nullptr},
    BatchSystem{"AWS Batch nodes", "AWS_BATCH_JOB_NODE_INDEX", "AWS_BATCH_JOB_NUM_NODES", nullptr, nullptr, nullptr,
                nullptr, nullptr},
    BatchSystem{"Slurm array", "SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_COUNT", nullptr, nullptr,
                "SLURM_ARRAY_TASK_MIN", "SLURM_ARRAY_TASK_MAX", "SLURM_ARRAY_TASK_STEP"},
    // Only srun sets SLURM_STEP_NUM_TASKS; SLURM_PROCID is 0 in the batch script, too.
    BatchSystem{"Slurm step", "SLURM_PROCID", "SLURM_STEP_NUM_TASKS", "SLURM_LOCALID", "SLURM_STEP_TASKS_PER_NODE",
                nullptr, nullptr, nullptr},
    BatchSystem{"Flux", "FLUX_TASK_RANK", "FLUX_JOB_SIZE", "FLUX_TASK_LOCAL_ID", nullptr, nullptr, nullptr, nullptr},
    BatchSystem{"PALS", "PALS_RANKID", "PMI_SIZE", "PALS_LOCAL_RANKID", "PALS_LOCAL_SIZE", nullptr, nullptr, nullptr},
    BatchSystem{"Open MPI", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK",
                "OMPI_COMM_WORLD_LOCAL_SIZE", nullptr, nullptr, nullptr},
    BatchSystem{"PMIx", "PMIX_RANK", "PMIX_SIZE", "PMIX_LOCAL_RANK", "PMIX_LOCAL_SIZE", nullptr, nullptr, nullptr},
    BatchSystem{"PMI", "PMI_RANK", "PMI_SIZE", "MPI_LOCALRANKID", "MPI_LOCALNRANKS", nullptr, nullptr, nullptr},
    BatchSystem{"PBS", "PBS_ARRAY_INDEX", nullptr, nullptr, nullptr, nullptr, nullptr, nullptr},
    BatchSystem{"Torque", "PBS_ARRAYID", nullptr, nullptr, nullptr, nullptr, nullptr, nullptr},
    BatchSystem{"LSF", "LSB_JOBINDEX", nullptr, nullptr, nullptr, nullptr, "LSB_JOBINDEX_END", "LSB_JOBINDEX_STEP", 1},
    BatchSystem{"SGE", "SGE_TASK_ID", nullptr, nullptr, nullptr, "SGE_TASK_FIRST", "SGE_TASK_LAST", "SGE_TASK_STEPSIZE",
                1},
    BatchSystem{"torchrun", "RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE", nullptr, nullptr, nullptr},
};

std::optional<int> number(const std::string& text) {
  int value = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || rest != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

// The value of a variable of `system`, which has to be a number from 0 on.
int number_in(const BatchSystem& system, const char* name, const Variable& variable) {
  const std::string text = variable(name);
  if (const auto value = number(text)) return *value;
  fail(ExitCode::usage, "--shard auto: {}: {} is '{}', expected a whole number from 0 on; give --shard I/N",
       system.name, name, text);
}

// Outside of an array LSF says index 0, SGE "undefined"; in a batch script no step of Slurm's is under way.
bool is_there(const BatchSystem& system, const Variable& variable) {
  const std::string index = variable(system.index);
  if (index.empty() || index == "undefined") return false;
  const std::string name = system.name;
  if (name == "LSF") return index != "0";
  if (name == "Slurm step") return !variable(system.count).empty();
  return true;
}

// An array's indices, turned to count from 0.
std::pair<int, int> part_of_range(const BatchSystem& system, const Variable& variable) {
  const int index = number_in(system, system.index, variable);
  const int first = system.first == nullptr ? system.least : number_in(system, system.first, variable);
  const int last = number_in(system, system.last, variable), step = number_in(system, system.step, variable);
  const bool whole = first <= 1 && step == 1 && index >= first && index <= last;
  const int count = last - first + 1;
  if (!whole || (system.count != nullptr && number_in(system, system.count, variable) != count)) {
    fail(ExitCode::usage,
         "--shard auto: {}: index {} of {} to {} is a part of an array. To finish a part again, set HENS_SHARDS to the "
         "number of the whole array's tasks, whose indices count from {}; else submit all of them",
         system.name, index, first, last, system.least);
  }
  return {index - first, count};
}

std::pair<int, int> part_of(const BatchSystem& system, const Variable& variable) {
  if (!variable("HENS_SHARDS").empty()) {
    return {number_in(system, system.index, variable) - system.least, number_in(system, "HENS_SHARDS", variable)};
  }
  if (system.last != nullptr) return part_of_range(system, variable);
  if (system.count == nullptr || variable(system.count).empty()) {
    fail(ExitCode::usage,
         "--shard auto: {}: this is index {} ({}) of how many? Set HENS_SHARDS to the number of indexes, which count "
         "from {}",
         system.name, variable(system.index), system.index, system.least);
  }
  return {number_in(system, system.index, variable), number_in(system, system.count, variable)};
}

// "4(x2),1": several tasks on a node, one on another. What matters is whether this process may have company.
bool has_company(const std::string& local_size) { return local_size.empty() || local_size != "1"; }

std::optional<int> local_rank_of(const BatchSystem& system, const Variable& variable) {
  if (system.local_rank == nullptr) return std::nullopt;
  const std::optional<int> rank = number(variable(system.local_rank));
  if (!rank) return std::nullopt;
  const std::string size = system.local_size == nullptr ? "" : variable(system.local_size);
  const bool one_a_node = size.starts_with("1(x") && size.find(',') == std::string::npos;
  if (!has_company(size) || one_a_node) return std::nullopt;
  return rank;
}

std::string told_by(const BatchSystem& system, const Variable& variable) {
  std::string told;
  for (const char* name : {system.index, system.count, system.first, system.last, "HENS_SHARDS"}) {
    if (name == nullptr || variable(name).empty()) continue;
    told += fmt::format("{}{}={}", told.empty() ? "" : ", ", name, variable(name));
  }
  return told;
}

}  // namespace

BatchShard shard_of_batch_system(const Variable& variable) {
  std::string looked_for;
  for (const BatchSystem& system : systems) {
    if (is_there(system, variable)) {
      const auto [index, count] = part_of(system, variable);
      return {fmt::format("{}/{}", index, count), system.name, told_by(system, variable),
              local_rank_of(system, variable)};
    }
    looked_for += fmt::format("{}{} ({})", looked_for.empty() ? "" : ", ", system.index, system.name);
  }
  fail(ExitCode::usage, "--shard auto: no batch system tells which part this is; looked for {}. Give --shard I/N",
       looked_for);
}

}  // namespace hens
