// A run in numbers: what its members cost, by length and model. Reports and benchmark_results.json are written from it.
// Pure functions of the manifest.
#pragma once

#include <optional>
#include <vector>

#include "run/manifest.h"

namespace hens {

// One model's members of one length, all initial times. Times are sums over the complete members, seconds; members that
// ran at the same time in several attempts count in full.
struct ModelSummary {
  int64_t planned = 0, complete = 0, failed = 0;
  double inference = 0.0;                                     // start to finish of the members
  double perturbation = 0.0, steps = 0.0, output_wait = 0.0;  // parts of it
};

struct LengthSummary {
  int nsteps = 0;
  std::vector<ModelSummary> models;

  bool complete() const;              // every planned member is complete
  double mean_inference() const;      // over models; requires complete()
  double mean_time_per_step() const;  // that / nsteps; requires complete()
};

// Seconds of one step of one member; 0 where no member is complete.
double time_per_member_step(const ModelSummary& model, int nsteps);

// One entry for each of forecast.steps, in that order. Throws Error{bad_input} where a member's entry points outside
// the spec, or a time is negative or not finite.
std::vector<LengthSummary> summarise_lengths(const Manifest& manifest);

struct MemberCounts {
  int64_t planned = 0, complete = 0, failed = 0;
};
MemberCounts count_members(const Manifest& manifest);

// The attempt that speaks for the run's machine and software: the last; an empty one where no record is left.
Attempt last_attempt(const Manifest& manifest);

// By attempt: seconds from its start to its end. One whose end is not recorded (it was killed, or still runs) counts up
// to the last member that it completed.
std::vector<double> attempt_seconds(const Manifest& manifest);

struct RunTime {
  double wall = 0.0;     // seconds during which at least one attempt ran
  double machine = 0.0;  // seconds of all attempts together, also of those that ran at the same time
  int open_ends = 0;     // attempts whose end is not recorded: with them the others are lower bounds
};
RunTime run_time(const Manifest& manifest);

// USD for the machine time at the spec's price; 0 where the price is unknown.
double total_cost(const Manifest& manifest);

// What the GPUs took, by their own counters.
struct RunEnergy {
  double joules = 0.0;
  int64_t member_steps = 0;  // of the attempts that know their energy
  bool whole = true;         // every attempt that stepped members knows it; else this is a lower bound

  double kwh() const { return joules / 3.6e6; }
  // Of a member-step, breeding and what else the cards did while they were held shared out. Requires member_steps > 0.
  double joules_per_member_step() const { return joules / static_cast<double>(member_steps); }
};
std::optional<RunEnergy> run_energy(const Manifest& manifest);  // none where no attempt knows any

// Of the complete members' files.
uint64_t output_bytes(const Manifest& manifest);

}  // namespace hens
