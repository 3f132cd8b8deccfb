#include "run/manifest.h"

#include <algorithm>

#include "base/checksum.h"
#include "base/error.h"
#include "base/sealed_json.h"
#include "base/secrets.h"

namespace hens {
namespace {

using Json = nlohmann::ordered_json;

constexpr uint64_t largest_manifest = uint64_t{1} << 30, largest_attempt = uint64_t{64} << 20;  // bytes

}  // namespace

Json to_json(const Hardware& h) {
  return {
      {"host_cpu", h.host_cpu}, {"cores", h.cores},   {"memory_gib", h.memory_gib}, {"device", h.device},
      {"gpu", h.gpu},           {"driver", h.driver}, {"platform", h.platform},     {"instance_type", h.instance_type},
      {"region", h.region}};
}

Hardware hardware_from(const Json& j) {
  return {j.at("host_cpu"), j.at("cores"),    j.at("memory_gib"),    j.at("device"), j.at("gpu"),
          j.at("driver"),   j.at("platform"), j.at("instance_type"), j.at("region")};
}

Json to_json(const SourceRecord& r) {
  return {{"url", r.url}, {"bytes", r.bytes}, {"sha256", r.sha256}, {"notes", r.notes}};
}

SourceRecord source_record_from(const Json& j) { return {j.at("url"), j.at("bytes"), j.at("sha256"), j.at("notes")}; }

namespace {

Json to_json(const StoredFile& f) { return {{"path", f.path}, {"bytes", f.bytes}, {"sha256", f.sha256}}; }

StoredFile stored_file_from(const Json& j) { return {j.at("path"), j.at("bytes"), j.at("sha256")}; }

template <typename T>
Json list_json(const std::vector<T>& items, Json (*write)(const T&)) {
  Json list = Json::array();
  for (const T& item : items) list.push_back(write(item));
  return list;
}

template <typename T>
std::vector<T> list_from(const Json& list, T (*read)(const Json&)) {
  std::vector<T> items;
  for (const Json& item : list) items.push_back(read(item));
  return items;
}

Json to_json(const NotFinite& n) { return {{"step", n.step}, {"variable", n.variable}}; }

NotFinite not_finite_from(const Json& j) { return {j.at("step"), j.at("variable")}; }

}  // namespace

Json to_json(const MemberFailure& f) {
  return {{"length", f.id.length},
          {"model", f.id.model},
          {"time", f.id.time},
          {"member", f.id.member},
          {"not_finite", to_json(f.where)}};
}

MemberFailure member_failure_from(const Json& j) {
  return {member_id(j.at("length"), j.at("model"), j.at("time"), j.at("member")), not_finite_from(j.at("not_finite"))};
}

namespace {

using hens::to_json;  // beside those of this namespace

std::optional<double> number_if(const Json& j, const char* key) {
  if (!j.contains(key)) return std::nullopt;
  return j[key].get<double>();
}

Json to_json(const DeviceShare& d) {
  Json json{{"device", d.device},
            {"gpu", d.gpu},
            {"members_done", d.members_done},
            {"members_failed", d.members_failed},
            {"restarts", d.restarts},
            {"stages", d.stages.seconds},
            {"peak_gpu_bytes", d.peak_gpu_bytes}};
  if (d.energy_joules) json["energy_joules"] = *d.energy_joules;
  return json;
}

DeviceShare device_share_from(const Json& j) {
  DeviceShare d{j.at("device"), j.at("gpu"), j.at("members_done"), j.at("members_failed"), j.at("restarts")};
  d.stages.seconds = j.at("stages").get<std::map<std::string, double>>();
  d.peak_gpu_bytes = j.at("peak_gpu_bytes");
  d.energy_joules = number_if(j, "energy_joules");
  return d;
}

Json to_json(const MemberTimes& all) {
  return {{"length", all.length},
          {"model", all.model},
          {"time", all.time},
          {"members", all.members},
          {"perturbation", all.sum.perturbation},
          {"steps", all.sum.steps},
          {"output_wait", all.sum.output_wait},
          {"total", all.sum.total}};
}

MemberTimes member_times_from(const Json& j) {
  return {j.at("length"),
          j.at("model"),
          j.at("time"),
          j.at("members"),
          {j.at("perturbation"), j.at("steps"), j.at("output_wait"), j.at("total")}};
}

Json to_json(const Attempt& a) {
  Json json = {{"number", a.number},
               {"started", a.started},
               {"finished", a.finished},
               {"hens_version", a.hens_version},
               {"libtorch_version", a.libtorch_version},
               {"hardware", to_json(a.hardware)},
               {"engine", a.engine},
               {"batch_invariant", a.batch_invariant},
               {"selection", a.selection},
               {"stages", a.stages.seconds},
               {"model_load_seconds", a.model_load_seconds},
               {"peak_host_bytes", a.peak_host_bytes},
               {"peak_gpu_bytes", a.peak_gpu_bytes},
               {"checks", a.checks},
               {"sources", list_json<SourceRecord>(a.sources, to_json)},
               {"failures", list_json<MemberFailure>(a.failures, to_json)},
               {"exit_code", a.exit_code ? Json(*a.exit_code) : Json()},
               {"exit_reason", a.exit_reason}};
  if (a.work.member_steps > 0) json["member_steps"] = a.work.member_steps, json["step_seconds"] = a.work.seconds;
  if (a.energy_joules) json["energy_joules"] = *a.energy_joules;
  if (!a.member_times.empty()) json["member_times"] = list_json<MemberTimes>(a.member_times, to_json);
  if (!a.devices.empty()) json["devices"] = list_json<DeviceShare>(a.devices, to_json);
  return json;
}

Attempt attempt_from(const Json& j) {
  Attempt a;
  a.number = j.at("number");
  a.started = j.at("started");
  a.finished = j.at("finished");
  a.hens_version = j.at("hens_version");
  a.libtorch_version = j.at("libtorch_version");
  a.hardware = hardware_from(j.at("hardware"));
  a.engine = j.at("engine");
  a.batch_invariant = j.at("batch_invariant");
  a.selection = j.at("selection");
  a.stages.seconds = j.at("stages").get<std::map<std::string, double>>();
  a.model_load_seconds = j.at("model_load_seconds").get<std::vector<double>>();
  a.peak_host_bytes = j.at("peak_host_bytes");
  a.peak_gpu_bytes = j.at("peak_gpu_bytes");
  a.checks = j.value("checks", Json::array());
  a.sources = list_from<SourceRecord>(j.at("sources"), source_record_from);
  a.failures = list_from<MemberFailure>(j.value("failures", Json::array()), member_failure_from);
  a.member_times = list_from<MemberTimes>(j.value("member_times", Json::array()), member_times_from);
  if (!a.finished.empty()) a.exit_code = j.at("exit_code").get<int>();
  a.exit_reason = j.at("exit_reason");
  a.work = {j.value("member_steps", int64_t{0}), j.value("step_seconds", 0.0)};
  a.energy_joules = number_if(j, "energy_joules");
  a.devices = list_from<DeviceShare>(j.value("devices", Json::array()), device_share_from);
  return a;
}

[[noreturn]] void inconsistent(const std::string& what) { fail(ExitCode::bad_input, "{}", what); }

// A seal says who wrote the text last, not that the parts of it fit each other.
void check_plan(const JobSpec& spec) {
  const double forecasts = static_cast<double>(spec.models.size()) *
                           static_cast<double>(spec.initial_conditions.times.size()) *
                           static_cast<double>(spec.forecast.steps.size());
  if (spec.models.empty() || spec.initial_conditions.times.empty() || spec.forecast.steps.empty()) {
    inconsistent("its spec has no models, times or steps");
  }
  if (spec.ensemble.members < 1 || forecasts * spec.ensemble.members > static_cast<double>(plan_limit)) {
    inconsistent(fmt::format("its spec plans {} members of {} forecasts: expected 1 to {} in all",
                             spec.ensemble.members, forecasts, plan_limit));
  }
  for (const int steps : spec.forecast.steps) {
    if (steps < 1 || steps > 10000) inconsistent(fmt::format("its spec has a forecast of {} steps", steps));
  }
}

void check_consistency(const Manifest& m) {
  if (m.model_names.size() != m.spec.models.size()) {
    inconsistent(fmt::format("it lists {} models, its spec has {}", m.model_names.size(), m.spec.models.size()));
  }
  if (m.grid.points() == 0) inconsistent("its grid is none");
  const WorkPlan plan(m.spec);
  const auto planned = static_cast<int64_t>(plan.size());
  if (m.complete < 0 || m.failed < 0 || m.complete > planned || m.failed > planned - m.complete) {
    inconsistent(fmt::format("it counts {} complete and {} failed members of {}", m.complete, m.failed, planned));
  }
  for (const Attempt& attempt : m.attempts) {
    for (const MemberFailure& failure : attempt.failures) {
      if (!plan.contains(failure.id)) inconsistent("an attempt names a failed member that the plan has not");
    }
  }
}

Manifest manifest_from(const Json& j) {
  Manifest m;
  m.spec = job_spec_from_json(j.at("spec"));
  check_plan(m.spec);
  m.forecast_hash = j.at("forecast_hash");
  for (const Json& model : j.at("models")) {
    m.model_names.push_back(model.at("name"));
    m.model_digests.push_back(model.at("digest"));
  }
  m.device_kind = j.at("device_kind");
  const int nlat = j.at("grid").at("nlat"), nlon = j.at("grid").at("nlon");
  if (nlat >= 2 && nlon >= 1 && nlat <= 100'000 && nlon <= 100'000) m.grid = equiangular_grid(nlat, nlon);
  m.attempts = list_from<Attempt>(j.at("attempts"), attempt_from);
  m.complete = j.at("members_complete");
  m.failed = j.value("members_failed", int64_t{0});
  // Earlier versions had all members in run.json, and all attempts.
  if (const Json table = j.value("member_table", Json()); !table.is_null()) m.member_table = stored_file_from(table);
  m.earlier_attempts = j.value("earlier_attempts", std::vector<int>());
  m.reports = list_from<StoredFile>(j.at("reports"), stored_file_from);
  check_consistency(m);
  return m;
}

}  // namespace

std::string failure_text(const NotFinite& where) {
  return fmt::format("not finite at step {} ({})", where.step, where.variable);
}

std::string manifest_text(const Manifest& m) {
  Json models = Json::array();
  for (size_t k = 0; k < m.model_names.size(); ++k) {
    models.push_back({{"name", m.model_names[k]}, {"package", m.spec.models.at(k)}, {"digest", m.model_digests.at(k)}});
  }
  const size_t earlier = m.attempts.size() - std::min(m.attempts.size(), attempts_in_manifest);
  std::vector<int> numbers = m.earlier_attempts;
  for (size_t k = 0; k < earlier; ++k) numbers.push_back(m.attempts[k].number);
  const std::vector<Attempt> last(m.attempts.begin() + static_cast<std::ptrdiff_t>(earlier), m.attempts.end());
  return sealed_text({{"kind", "hens run"},
                      {"forecast_hash", m.forecast_hash},
                      {"spec", redacted_json(to_json(m.spec))},
                      {"models", redacted_json(std::move(models))},
                      {"device_kind", m.device_kind},
                      {"grid", {{"nlat", m.grid.nlat()}, {"nlon", m.grid.nlon()}}},
                      {"members_planned", WorkPlan(m.spec).size()},
                      {"members_complete", m.complete},
                      {"members_failed", m.failed},
                      {"member_table", m.member_table.path.empty() ? Json() : to_json(m.member_table)},
                      {"earlier_attempts", numbers},
                      {"attempts", redacted_json(list_json<Attempt>(last, to_json))},
                      {"reports", list_json<StoredFile>(m.reports, to_json)}});
}

Manifest read_manifest(const fs::path& run_folder) {
  const fs::path path = run_folder / "run.json";
  const Json json = read_sealed(path, largest_manifest);
  try {
    return manifest_from(json);
  } catch (const std::exception& error) {  // another key, kind of value, number or name than this version writes
    fail(ExitCode::bad_input, "{}: is not a manifest of this version of hens: {}", path.string(), error.what());
  }
}

std::string attempt_text(const Attempt& attempt) { return sealed_text(redacted_json(to_json(attempt))); }

Attempt read_attempt(const fs::path& path) {
  const Json json = read_sealed(path, largest_attempt);
  try {
    return attempt_from(json);
  } catch (const std::exception& error) {
    fail(ExitCode::bad_input, "{}: is not an attempt's record of this version of hens: {}", path.string(),
         error.what());
  }
}

}  // namespace hens
