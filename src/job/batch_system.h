// Which part of a job this process is, as the batch system that started it says: `hens run --shard auto`.
//
// Systems that start one process many times tell each its index and the count in environment variables. The first of
// this order that is there decides, since one is often inside another (a Slurm step in an array's task, Open MPI in a
// Slurm step): Kubernetes, AWS Batch array, AWS Batch nodes, Slurm array, Slurm step, Flux, PALS, Open MPI, PMIx, PMI,
// PBS, Torque, LSF, SGE, torchrun. docs/hpc.md has the table for users.
#pragma once

#include <functional>
#include <optional>
#include <string>

namespace hens {

struct BatchShard {
  std::string shard;   // "I/N", I from 0
  std::string system;  // "Slurm array"
  std::string told;    // the variables that said so: "SLURM_ARRAY_TASK_ID=3, SLURM_ARRAY_TASK_COUNT=8"
  // Where several of its processes run on one machine, each is to take one GPU of those that it sees: this process's
  // number among them, from 0. None where it is alone there, or the system does not say.
  std::optional<int> local_rank;
};

// `variable` returns the value of an environment variable, empty where it is not set. HENS_SHARDS gives the count where
// the system does not tell it (Kubernetes, PBS, PMIx), and where a part of an array is submitted again: its tasks keep
// their indices then. Throws Error{usage} naming the variables looked for where there is none, the one that is missing
// or makes no sense, and an array whose indices are not all of a range while HENS_SHARDS is not set.
BatchShard shard_of_batch_system(const std::function<std::string(const char*)>& variable);

}  // namespace hens
