// What a run and the worker processes of its devices say to one another, one JSON object a line.
//
// To a worker, on its standard input: first what it works on ({"job": ...}), then work items ({"block": ...}), then
// {"end": true}. From it, on its standard output: {"ready": hardware}; for each step {"steps": member-steps};
// {"complete": member, "time": seconds by stage} when a member is durable, {"failed": ...} when one was given up;
// {"idle": true} when it wants the next item; {"report": ...} at the end; {"error": text, "code": exit code} before it
// ends by an error. Its standard error carries its log as lines of JSON.
#pragma once

#include <optional>
#include <string>

#include "forecast/work_queue.h"
#include "forecast/worker.h"
#include "run/manifest.h"
#include "run/run_identity.h"

namespace hens {

// What a worker process works on.
struct WorkerTask {
  RunIdentity run;   // its spec's runtime is the worker's own share: threads, writers, queue_fields
  std::string root;  // the run's folder
  std::string device;
  EngineKind engine = EngineKind::reference;
  int attempt = 1;
  double check = 0;
};

nlohmann::ordered_json to_json(const WorkerTask& task);
WorkerTask worker_task_from(const nlohmann::ordered_json& json);

nlohmann::ordered_json to_json(const MemberId& id);
MemberId member_id_from(const nlohmann::ordered_json& json);

nlohmann::ordered_json to_json(const MemberTime& time);
MemberTime member_time_from(const nlohmann::ordered_json& json);

struct ItemMessage {
  WorkItem block;
  std::optional<int> next_model;  // what is likely to come after its model
};
nlohmann::ordered_json to_json(const ItemMessage& message);
ItemMessage item_message_from(const nlohmann::ordered_json& json);

nlohmann::ordered_json to_json(const WorkerReport& report);
WorkerReport worker_report_from(const nlohmann::ordered_json& json);

}  // namespace hens
