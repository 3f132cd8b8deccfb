// One member, from its initial condition to its stores: perturb, step, hand over, complete.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "forecast/reference_check.h"
#include "run/run_folder.h"
#include "perturbation/perturber.h"
#include "model/engine.h"
#include "store/write_queue.h"

namespace hens {

// One output of the spec for one model and length: where selected channels go at which steps.
struct OutputTarget {
  Store* store = nullptr;
  fs::path folder;                // of the store, relative to the run's folder
  std::vector<int> channels;      // positions of the variables in the model's channels
  std::vector<int> lead_of_step;  // [steps + 1]: the store's lead index after so many steps, -1 where it is not stored
};

// Requires that all of the output's variables are channels of the model; else throws Error{bad_spec} naming one.
OutputTarget make_output_target(const OutputSpec& output, int steps, const std::vector<std::string>& model_channels,
                                Store& store, fs::path folder);

// What the members of one model and length share. References outlive the roll-outs.
struct Rollout {
  Engine& engine;
  Perturber& perturber;  // prepared for the initial time
  WriteQueue& queue;
  RunFolder& folder;
  Log& log;
  std::vector<OutputTarget> outputs;
  int steps = 0;
  std::function<void(int members)> on_step;  // after each step
  ReferenceCheck* check = nullptr;           // steps beside, where one of the batch is to be checked
};

// Rolls `batch` (members of one length, model and time, all prepared for) out together. A member is complete some time
// after this returns, when the queue has written its last field. Returns how many members left the finite numbers: they
// are given up, logged and recorded as failed. Throws Error{interrupted} between steps when a stop was asked for.
int run_members(const Rollout& rollout, std::span<const MemberTask> batch, Time initial_time);

}  // namespace hens
