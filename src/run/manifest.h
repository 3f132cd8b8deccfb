// The manifest: run.json, everything that a run knows about itself, as reports and tools read it.
//
// Every process that works in a run's folder writes a record of its own attempt (attempts/<n>.json); run.json is the
// merge of the resolved spec, the attempts and the members' markers. It is of bounded size: members stand in a table
// beside it (members.csv, see member_table.h), of the attempts it repeats the last ones. run/run_folder.h says
// when it is made anew; until then markers and attempts know more than it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/files.h"
#include "base/time.h"
#include "job/job_spec.h"
#include "job/work_plan.h"
#include "run/run_identity.h"
#include "source/source.h"
#include "store/store.h"

namespace hens {

struct Hardware {
  std::string host_cpu;  // model name
  int cores = 0;
  double memory_gib = 0.0;
  std::string device;                 // "cpu" | "cuda:0"
  std::string gpu, driver;            // empty on the CPU
  std::string platform;               // Databricks | Kubernetes | AWS Batch | EC2 | docker | local
  std::string instance_type, region;  // empty where unknown
};

// Wall-clock seconds by stage, of one process. Stages overlap where work is asynchronous; `total` is start to finish.
struct StageTimes {
  // stage_models, verify, load, load_reference, analysis, breeding_control, members, finish_output, total
  std::map<std::string, double> seconds;
};

// Of one member.
struct MemberTime {
  double perturbation = 0.0, steps = 0.0, output_wait = 0.0, total = 0.0;  // seconds
};

// Where a member's forecast left the finite numbers.
struct NotFinite {
  int step = 0;
  std::string variable;
};
std::string failure_text(const NotFinite& where);  // "not finite at step 1 (u10m)"

struct MemberFailure {
  MemberId id;
  NotFinite where;
};

// Of members that have no markers: those of one length, model and initial time that one command did, together.
struct MemberTimes {
  int length = 0, model = 0, time = 0;
  int members = 0;
  MemberTime sum;  // of all of them
};

// Steps of members, those done again too, and the time that they took, output and perturbations apart.
struct StepWork {
  int64_t member_steps = 0;
  double seconds = 0.0;  // of all devices together
};

// What one device of several did in an attempt.
struct DeviceShare {
  std::string device, gpu;  // "cuda:1", "NVIDIA H200"
  int members_done = 0, members_failed = 0;
  int restarts = 0;   // of its process, after it died
  StageTimes stages;  // of its process
  uint64_t peak_gpu_bytes = 0;
  std::optional<double> energy_joules = {};  // of the card, from its process's start to its end; none where unknown
};

// One command's work in the folder.
struct Attempt {
  int number = 1;
  std::string started, finished;  // iso_moment(); finished is empty while it runs, and for ever where it was killed
  std::string hens_version, libtorch_version;
  Hardware hardware;
  std::string engine;           // Engine::name(); empty until one was made
  bool batch_invariant = true;  // whether members' bytes are independent of the batch on this device
  std::string selection;        // "all", "members 17,42", "shard 3/8"
  StageTimes stages;
  std::vector<double> model_load_seconds;  // by model; 0 where this process loaded none
  uint64_t peak_host_bytes = 0, peak_gpu_bytes = 0;
  StepWork work;
  std::optional<double> energy_joules;  // of the GPUs while they were held; none where one does not say
  // Of `run --check`: {model, steps, time, member, by_step: [{step, rms_std, worst_channel, worst_rms_std}]}.
  nlohmann::ordered_json checks = nlohmann::ordered_json::array();
  std::vector<SourceRecord> sources;
  std::vector<MemberFailure> failures;    // members that it gave up
  std::vector<MemberTimes> member_times;  // of members of which only statistics are kept
  std::optional<int> exit_code;           // none where no end is recorded
  std::string exit_reason;
  std::vector<DeviceShare> devices;  // where several shared the work; `stages` then has their mean
};

enum class MemberState { pending, complete, failed };

struct MemberEntry {
  MemberId id;
  MemberTime time;
  MemberState state = MemberState::pending;
  int attempt = 0;                   // that completed it, or failed to
  std::optional<Moment> finished;    // none where it is not complete, or its marker is of an old version
  uint64_t bytes = 0;                // of its files
  std::optional<NotFinite> failure;  // where it failed
};

struct Manifest : RunIdentity {
  std::string forecast_hash;          // of the spec
  std::vector<Attempt> attempts;      // ascending; of run.json: the last ones
  std::vector<int> earlier_attempts;  // numbers of those before them, ascending
  std::vector<MemberEntry> members;   // those that are complete or failed, in running order; not in run.json
  int64_t complete = 0, failed = 0;   // how many
  StoredFile member_table;            // the table of them; its path is empty where none was written
  std::vector<StoredFile> reports;    // reports and maps last written, relative to the run's folder
};

inline constexpr size_t attempts_in_manifest = 100;  // the last ones; 200 kB

// JSON texts carry a digest of themselves, so that a damaged one is noticed. Readers throw Error{missing_input}, and
// Error{bad_input} naming the file where it is damaged or of another kind.
nlohmann::ordered_json to_json(const Hardware& hardware);
Hardware hardware_from(const nlohmann::ordered_json& json);
nlohmann::ordered_json to_json(const SourceRecord& record);
SourceRecord source_record_from(const nlohmann::ordered_json& json);
nlohmann::ordered_json to_json(const MemberFailure& failure);
MemberFailure member_failure_from(const nlohmann::ordered_json& json);
std::string manifest_text(const Manifest& manifest);
Manifest read_manifest(const fs::path& run_folder);  // of run_folder/run.json, also as earlier versions wrote it
std::string attempt_text(const Attempt& attempt);
Attempt read_attempt(const fs::path& path);

}  // namespace hens
