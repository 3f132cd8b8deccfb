#include "forecast/worker_messages.h"

#include "job/job_spec.h"

namespace hens {
namespace {

using Json = nlohmann::ordered_json;

}  // namespace

Json to_json(const MemberId& id) { return {id.length, id.model, id.time, id.member}; }

MemberId member_id_from(const Json& json) { return member_id(json.at(0), json.at(1), json.at(2), json.at(3)); }

Json to_json(const MemberTime& time) { return {time.perturbation, time.steps, time.output_wait, time.total}; }

MemberTime member_time_from(const Json& json) { return {json.at(0), json.at(1), json.at(2), json.at(3)}; }

Json to_json(const WorkerTask& task) {
  return {{"spec", to_json(task.run.spec)},
          {"model_names", task.run.model_names},
          {"model_digests", task.run.model_digests},
          {"device_kind", task.run.device_kind},
          {"nlat", task.run.grid.nlat()},
          {"nlon", task.run.grid.nlon()},
          {"root", task.root},
          {"device", task.device},
          {"engine", static_cast<int>(task.engine)},
          {"attempt", task.attempt},
          {"check", task.check}};
}

WorkerTask worker_task_from(const Json& json) {
  WorkerTask task;
  task.run.spec = job_spec_from_json(json.at("spec"));
  json.at("model_names").get_to(task.run.model_names);
  json.at("model_digests").get_to(task.run.model_digests);
  json.at("device_kind").get_to(task.run.device_kind);
  task.run.grid = equiangular_grid(json.at("nlat"), json.at("nlon"));
  json.at("root").get_to(task.root);
  json.at("device").get_to(task.device);
  task.engine = static_cast<EngineKind>(json.at("engine").get<int>());
  json.at("attempt").get_to(task.attempt);
  json.at("check").get_to(task.check);
  return task;
}

Json to_json(const ItemMessage& message) {
  Json tasks = Json::array();
  for (const MemberId& id : message.block.tasks) tasks.push_back(to_json(id));
  return {{"model", message.block.model},
          {"length", message.block.length},
          {"time", message.block.time},
          {"members", tasks},
          {"next_model", message.next_model ? Json(*message.next_model) : Json()}};
}

ItemMessage item_message_from(const Json& json) {
  ItemMessage message{{json.at("model"), json.at("length"), json.at("time"), {}}, std::nullopt};
  for (const Json& id : json.at("members")) message.block.tasks.push_back(member_id_from(id));
  if (const Json& next = json.at("next_model"); !next.is_null()) message.next_model = next.get<int>();
  return message;
}

Json to_json(const WorkerReport& report) {
  Json loads = Json::array();
  for (const auto& [model, seconds] : report.model_load_seconds) loads.push_back({model, seconds});
  Json json{{"engine", report.engine},
            {"batch_invariant", report.batch_invariant},
            {"stages", report.stages.seconds},
            {"model_load_seconds", loads},
            {"checks", report.checks},
            {"peak_gpu_bytes", report.peak_gpu_bytes},
            {"member_steps", report.work.member_steps},
            {"step_seconds", report.work.seconds},
            {"members_done", report.members_done},
            {"members_failed", report.members_failed}};
  if (report.energy_joules) json["energy_joules"] = *report.energy_joules;
  return json;
}

WorkerReport worker_report_from(const Json& json) {
  WorkerReport report;
  json.at("engine").get_to(report.engine);
  json.at("batch_invariant").get_to(report.batch_invariant);
  report.stages.seconds = json.at("stages").get<std::map<std::string, double>>();
  for (const Json& load : json.at("model_load_seconds")) report.model_load_seconds[load.at(0)] = load.at(1);
  report.checks = json.at("checks");
  json.at("peak_gpu_bytes").get_to(report.peak_gpu_bytes);
  report.work = {json.at("member_steps"), json.at("step_seconds")};
  if (json.contains("energy_joules")) report.energy_joules = json["energy_joules"].get<double>();
  json.at("members_done").get_to(report.members_done);
  json.at("members_failed").get_to(report.members_failed);
  return report;
}

}  // namespace hens
