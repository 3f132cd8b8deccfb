// Several devices at one job: a process for each, under this one. A card's fault, a crash or a hang costs one of them:
// it is started again once, and what it had in hand is done again; after that its device is left out and the others go
// on. HDF5 has one lock a process, and a card that failed stays failed for the process that used it.
//
// Worker processes end when this one does, however it does.
#pragma once

#include <string>
#include <vector>

#include "base/log.h"
#include "forecast/work_queue.h"
#include "forecast/worker_messages.h"
#include "run/member_records.h"

namespace hens {

struct CrewOptions {
  std::vector<std::string> devices;         // "cuda:0" ... or "cpu" several times
  std::vector<std::string> worker_command;  // the program and the arguments that make it a worker
  // A worker that says nothing so long hangs. A model's load from a slow disk is the longest silence that is none.
  Duration longest_silence = std::chrono::minutes(10);
};

struct CrewResult {
  std::vector<DeviceShare> shares;    // [device]
  std::vector<WorkerReport> reports;  // of every worker process that ended well
  Hardware hardware;                  // of the first that was ready
  std::vector<SourceRecord> sources;
  uint64_t peak_host_bytes = 0;  // the sum of all
  int members_done = 0, members_failed = 0;
  std::string lost;  // why devices were left out, a sentence each; empty where none was
};

// `task` is what each worker works on, but for its device. `steps[length]`. Failures of members are recorded in
// `records`; workers complete the others themselves. `on_steps` is called with the member-steps that a device did.
// `result` is filled as far as it goes, whatever the end.
//
// Throws Error{interrupted} after a stop request once the workers have ended (at most five seconds later), Error{gpu}
// where work is left and no device to do it, and an error by which a worker ended for a reason of the job's own (bad
// input, a full disk), the others having been stopped.
void run_crew(const WorkerTask& task, const CrewOptions& options, WorkQueue& queue, MemberRecords& records, Log& log,
              const std::function<void(size_t device, int member_steps)>& on_steps, CrewResult& result);

}  // namespace hens
