// Members from their initial conditions to the ends of their sinks: perturb, step, hand over, complete.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "base/log.h"
#include "forecast/reference_check.h"
#include "forecast/sink.h"
#include "model/engine.h"
#include "perturbation/perturber.h"
#include "run/member_records.h"

namespace hens {

// What the members of one model, length and initial time share. References outlive what the sinks do.
struct Rollout {
  Engine& engine;
  Perturber& perturber;  // prepared for the initial time
  MemberRecords& records;
  Log& log;
  std::vector<Sink*> sinks;
  int steps = 0;
  std::function<void(int members)> on_step;  // after each step
  ReferenceCheck* check = nullptr;           // steps beside, where one of the batch is to be checked
  StepWork work = {};                        // what its batches did so far
};

// Rolls `batch` (members of one length, model and time, all prepared for) out together. A member is complete some time
// after this returns, when the last of its sinks has said so. Returns how many members left the finite numbers: they
// are given up, logged and recorded as failed. Throws Error{interrupted} between steps when a stop was asked for.
int run_members(Rollout& rollout, std::span<const MemberId> batch, Time initial_time);

}  // namespace hens
