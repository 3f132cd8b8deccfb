#include "report/timing_report.h"

#include <algorithm>
#include <array>
#include <set>

#include <fmt/format.h>

#include "base/bytes_text.h"
#include "base/error.h"
#include "report/run_summary.h"
#include "report/table.h"

namespace hens {
namespace {

constexpr int line_width = 100;
constexpr int label_width = 14;

// Beyond a day nobody reads hundredths, and the widest table has no room for them.
std::string seconds(double value) { return fixed(value, value > 0.0 && value < 10.0 ? 3 : value < 1e5 ? 2 : 0); }

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) {
    if (!part.empty()) text += (text.empty() ? "" : ", ") + part;
  }
  return text;
}

std::string labelled(const Fact& fact) {
  if (fact.value.empty()) return "";
  return fmt::format("{:<{}}{}\n", fact.label, label_width, shortened(fact.value, line_width - label_width));
}

std::string lines_of(const std::vector<Fact>& facts) {
  std::string text;
  for (const Fact& fact : facts) text += labelled(fact);
  return text;
}

std::string device_text(const Hardware& hardware) {
  return joined({hardware.device, hardware.gpu, hardware.driver.empty() ? "" : "driver " + hardware.driver});
}

std::string host_text(const Hardware& hardware) {
  return joined({hardware.host_cpu, hardware.cores > 0 ? plural(hardware.cores, "core") : "",
                 hardware.memory_gib > 0 ? fixed(hardware.memory_gib, 0) + " GiB" : ""});
}

std::string times_text(const std::vector<Time>& times) {
  if (times.size() <= 3) {
    std::vector<std::string> texts;
    for (const Time time : times) texts.push_back(iso_time(time));
    return joined(texts);
  }
  return fmt::format("{} .. {} ({})", iso_time(times.front()), iso_time(times.back()), times.size());
}

std::vector<Fact> time_facts(const Manifest& manifest) {
  const RunTime time = run_time(manifest);
  const std::string least = time.open_ends > 0 ? "at least " : "";
  const std::string open =
      time.open_ends > 0 ? fmt::format("; no end is recorded of {}", plural(time.open_ends, "attempt")) : "";
  std::vector<Fact> facts{{"Total time", least + seconds_text(time.wall) + open}};
  if (manifest.attempts.size() > 1) facts.push_back({"Machine time", least + seconds_text(time.machine)});
  return facts;
}

Table model_table(const Manifest& manifest) {
  Table table{"Models", {{"", Align::right}, {"Package"}, {"Load [s]", Align::right}}, {}};
  const std::vector<double> loads = last_attempt(manifest).model_load_seconds;
  for (size_t m = 0; m < manifest.model_names.size(); ++m) {
    table.rows.push_back({fmt::format("M{}", m), shortened(manifest.model_names[m], line_width - 16),
                          m < loads.size() ? seconds(loads[m]) : ""});
  }
  return table;
}

const char* short_word(ExitCode code) {
  switch (code) {
    case ExitCode::ok:
      return "done";
    case ExitCode::bad_input:
      return "bad input";
    case ExitCode::missing_input:
      return "input missing";
    case ExitCode::unavailable:
      return "unavailable";
    case ExitCode::gpu:
      return "GPU failed";
    case ExitCode::cannot_create:
    case ExitCode::io:
      return "I/O failed";
    case ExitCode::interrupted:
      return "stopped";
    case ExitCode::credentials:
      return "access denied";
    case ExitCode::bad_spec:
      return "wrong spec";
    case ExitCode::not_finite:
      return "not finite";
    case ExitCode::members_failed:
      return "some not finite";
    case ExitCode::usage:
    case ExitCode::bug:
      break;
  }
  return "error";
}

std::string ended_text(const Attempt& attempt) {
  if (!attempt.exit_code) return "no end recorded";
  return fmt::format("{} {}", *attempt.exit_code, short_word(static_cast<ExitCode>(*attempt.exit_code)));
}

// A moment's text without its fraction of a second.
std::string whole_seconds(const std::string& moment) {
  const size_t point = moment.find('.');
  return point == std::string::npos ? moment : moment.substr(0, point) + "Z";
}

Table attempt_table(const Manifest& manifest) {
  Table table{"Attempts", {{"", Align::right}, {"Started"}, {"Finished"}, {"Selection"}, {"Device"}, {"Ended"}}, {}};
  for (const Attempt& attempt : manifest.attempts) {
    table.rows.push_back({fmt::to_string(attempt.number), whole_seconds(attempt.started),
                          whole_seconds(attempt.finished), shortened(attempt.selection, 16),
                          shortened(attempt.hardware.device, 8), ended_text(attempt)});
  }
  return table;
}

// Stages in the order of a run; others that an attempt knows stand between these and the total.
std::vector<std::string> stage_names(const std::vector<Attempt>& attempts) {
  std::vector<std::string> names{"stage_models",     "verify",         "load",    "analysis",
                                 "breeding_control", "load_reference", "members", "finish_output"};
  std::set<std::string> present;
  for (const Attempt& attempt : attempts) {
    for (const auto& [stage, seconds] : attempt.stages.seconds) present.insert(stage);
  }
  std::erase_if(names, [&](const std::string& name) { return !present.contains(name); });
  for (const std::string& name : present) {
    if (name != "total" && std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  if (!attempts.empty()) names.emplace_back("total");
  return names;
}

// One row a stage, one column an attempt; beyond six attempts only their sum, which is the last column anyway.
Table stage_table(const Manifest& manifest) {
  const std::vector<Attempt>& attempts = manifest.attempts;
  const bool each = attempts.size() > 1 && attempts.size() <= 6;
  Table table{"Stages [s] (overlapping where work is asynchronous)", {{"Stage"}}, {}};
  if (each) {
    for (const Attempt& attempt : attempts) {
      table.columns.push_back({fmt::format("Attempt {}", attempt.number), Align::right});
    }
  }
  table.columns.push_back({attempts.size() > 1 ? "Sum" : "Time", Align::right});
  const std::vector<double> totals = attempt_seconds(manifest);
  for (const std::string& stage : stage_names(attempts)) {
    auto& row = table.rows.emplace_back();
    row.push_back(shortened(stage, 16));
    double sum = 0.0;
    for (size_t k = 0; k < attempts.size(); ++k) {
      const auto found = attempts[k].stages.seconds.find(stage);
      const bool known = found != attempts[k].stages.seconds.end();
      const double value = stage == "total" ? totals[k] : known ? found->second : 0.0;
      sum += value;
      if (each) row.push_back(known || value > 0.0 ? seconds(value) : "");
    }
    row.push_back(seconds(sum));
  }
  return table;
}

std::vector<std::string> model_row(const LengthSummary& length, size_t m) {
  const ModelSummary& model = length.models[m];
  std::vector<std::string> row{fmt::to_string(length.nsteps), forecast_text(length.nsteps * 6.0), fmt::format("M{}", m),
                               fmt::format("{}/{}", model.complete, model.planned)};
  if (model.complete == 0) return row;
  row.push_back(seconds(model.inference));
  // Per step is for all the members: known when all are complete.
  row.push_back(model.complete == model.planned ? seconds(model.inference / length.nsteps) : "");
  for (const double value :
       {time_per_member_step(model, length.nsteps), model.perturbation, model.steps, model.output_wait}) {
    row.push_back(seconds(value));
  }
  return row;
}

std::vector<std::string> mean_row(const LengthSummary& length) {
  ModelSummary sum;
  for (const ModelSummary& model : length.models) {
    sum.complete += model.complete;
    sum.inference += model.inference;
    sum.perturbation += model.perturbation;
    sum.steps += model.steps;
    sum.output_wait += model.output_wait;
  }
  const auto count = static_cast<double>(length.models.size());
  return {fmt::to_string(length.nsteps),
          forecast_text(length.nsteps * 6.0),
          "mean",
          "",
          seconds(length.mean_inference()),
          seconds(length.mean_time_per_step()),
          seconds(time_per_member_step(sum, length.nsteps)),
          seconds(sum.perturbation / count),
          seconds(sum.steps / count),
          seconds(sum.output_wait / count)};
}

Table length_table(const Manifest& manifest) {
  Table table{"Inference by NSTEPS [s] (a model's members one after the other; the parts are their sums)",
              {{"NSTEPS", Align::right}, {"Forecast"}, {"Model"}, {"Members", Align::right}},
              {}};
  for (const char* name : {"Inference", "Per step", "Per member-step", "Perturb", "Steps", "Output"}) {
    table.columns.push_back({name, Align::right});
  }
  for (const LengthSummary& length : summarise_lengths(manifest)) {
    for (size_t m = 0; m < length.models.size(); ++m) table.rows.push_back(model_row(length, m));
    if (length.complete() && length.models.size() > 1) table.rows.push_back(mean_row(length));
  }
  return table;
}

// ", $0.0123 a member"; empty before one is complete.
std::string a_member(const Manifest& manifest, double amount, const std::string& before, const std::string& behind) {
  const int64_t members = count_members(manifest).complete;
  if (members == 0) return "";
  return fmt::format(", {}{}{} a member", before, fixed(amount / static_cast<double>(members), 4), behind);
}

std::string energy_text(const Manifest& manifest) {
  const std::optional<RunEnergy> energy = run_energy(manifest);
  if (!energy) return "";
  std::string text = fmt::format("{}{} kWh of the GPUs{}", energy->whole ? "" : "at least ", fixed(energy->kwh(), 4),
                                 a_member(manifest, energy->kwh(), "", " kWh"));
  if (energy->member_steps > 0) text += fmt::format(", {} J a member-step", fixed(energy->joules_per_member_step(), 1));
  return text;
}

}  // namespace

std::vector<Fact> run_facts(const Manifest& manifest) {
  const Attempt last = last_attempt(manifest);
  const Hardware& hardware = last.hardware;
  const JobSpec& spec = manifest.spec;
  const MemberCounts members = count_members(manifest);
  const std::string failed = members.failed > 0 ? fmt::format(", {} failed", members.failed) : "";
  std::vector<Fact> facts{
      {"Job", spec.name},
      {"Platform", joined({hardware.platform, hardware.instance_type, hardware.region})},
      {"Device", device_text(hardware)},
      {"Host", host_text(hardware)},
      {"Software", joined({last.hens_version.empty() ? "" : "hens " + last.hens_version,
                           last.libtorch_version.empty() ? "" : "LibTorch " + last.libtorch_version})},
      {"Engine", last.engine},
      {"Initial times", times_text(spec.initial_conditions.times)},
      {"Grid", fmt::format("{} x {}", manifest.grid.nlat(), manifest.grid.nlon())},
      {"Members", fmt::format("{} of {} complete{}", members.complete, members.planned, failed)}};
  for (Fact& fact : time_facts(manifest)) facts.push_back(std::move(fact));
  std::erase_if(facts, [](const Fact& fact) { return fact.value.empty(); });
  return facts;
}

std::vector<Fact> amount_facts(const Manifest& manifest) {
  uint64_t host = 0, gpu = 0;
  for (const Attempt& attempt : manifest.attempts) {
    host = std::max(host, attempt.peak_host_bytes);
    gpu = std::max(gpu, attempt.peak_gpu_bytes);
  }
  const uint64_t output = output_bytes(manifest);
  const RunTime time = run_time(manifest);
  const double price = manifest.spec.runtime.price_per_hour;
  const std::string rate =
      time.wall > 0.0 ? fmt::format(", {}/s", bytes_text(static_cast<uint64_t>(output / time.wall))) : "";
  std::vector<Fact> facts{
      {"Output", bytes_text(output) + rate},
      {"Peak memory", joined({host > 0 ? bytes_text(host) + " host" : "", gpu > 0 ? bytes_text(gpu) + " GPU" : ""})},
      {"Energy", energy_text(manifest)},
      {"Cost", price > 0.0 ? fmt::format("{}${} at ${}/h{}", time.open_ends > 0 ? "at least " : "",
                                         fixed(total_cost(manifest), 4), fixed(price, 4),
                                         a_member(manifest, total_cost(manifest), "$", ""))
                           : ""}};
  std::erase_if(facts, [](const Fact& fact) { return fact.value.empty(); });
  return facts;
}

std::vector<Table> timing_tables(const Manifest& manifest) {
  return {model_table(manifest), attempt_table(manifest), stage_table(manifest), length_table(manifest)};
}

std::string timing_report(const Manifest& manifest) {
  std::string text = "HENS timing report\n==================\n" + lines_of(run_facts(manifest));
  for (const Table& table : timing_tables(manifest)) text += "\n" + as_text(table);
  return text + "\n" + lines_of(amount_facts(manifest));
}

}  // namespace hens
