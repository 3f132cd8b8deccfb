#include "job/validate.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "base/bytes_text.h"
#include "job/spec_names.h"
#include "job/work_plan.h"
#include "job/yaml_text.h"

namespace hens {
namespace {

using Json = nlohmann::ordered_json;

// What one roll-out length costs over all models, initial times and members.
struct LengthCost {
  int steps = 0;
  int64_t members = 0, member_steps = 0, breeding_steps = 0;
};

struct StoreCost {
  std::string path, format;  // path relative to the run's folder
  int64_t files = 0, bytes = 0;
  std::map<std::string, int> keep_bits = {};  // of the variables that are rounded
};

struct Costs {
  std::vector<LengthCost> lengths;
  std::vector<StoreCost> stores;
  int64_t members = 0, member_steps = 0, breeding_steps = 0, files = 0, bytes = 0;
  int64_t track_files = 0;  // among the files; of some kilobytes each
};

StoreCost store_cost(const JobSpec& spec, const PlanSizes& sizes, const OutputSpec& output, int length, int model) {
  StoreCost cost;
  cost.path = (fs::path(length_folder(spec, length)) / store_name(spec, output, model)).string();
  cost.format = name_of(output.format, format_names());
  const auto members = static_cast<int64_t>(spec.initial_conditions.times.size()) * spec.ensemble.members;
  const size_t leads = output_leads(output, spec.forecast.steps.at(length)).size();
  const auto variables = static_cast<int64_t>(output.variables.size());
  const int64_t points = sizes.points(output.region);
  const bool grib = output.format == StoreFormat::grib2, by_lead = output.files == GribFiles::lead;
  if (output.format == StoreFormat::zarr && !output.shard) {
    cost.files = members * variables * static_cast<int64_t>(leads);
    cost.bytes = cost.files * points * static_cast<int64_t>(sizeof(float));
  } else {
    const int64_t data_files = output.format == StoreFormat::zarr ? members * variables
                               : by_lead                          ? members * static_cast<int64_t>(leads)
                                                                  : members;
    cost.files = grib ? 2 * data_files : data_files;  // each with its index
    cost.bytes = data_files * member_file_bytes(points, output.format, by_lead ? 1 : leads, variables);
  }
  for (const std::string& variable : output.variables) {
    if (const int bits = output.bits_of(variable); bits < mantissa_bits) cost.keep_bits[variable] = bits;
  }
  return cost;
}

Costs job_costs(const JobSpec& spec, const PlanSizes& sizes) {
  Costs all;
  const auto models = static_cast<int64_t>(spec.models.size());
  const int64_t forecasts = models * static_cast<int64_t>(spec.initial_conditions.times.size());
  for (int length = 0; length < static_cast<int>(spec.forecast.steps.size()); ++length) {
    const int steps = spec.forecast.steps[length];
    const int64_t members = forecasts * spec.ensemble.members;
    const int64_t breeding = forecasts * breeding_steps(spec.perturbation, spec.ensemble);
    all.lengths.push_back({steps, members, members * steps, breeding});
    all.members += members;
    all.member_steps += members * steps;
    all.breeding_steps += breeding;
    all.track_files += members * static_cast<int64_t>(spec.tracks.size());
    for (int model = 0; model < models; ++model) {
      for (const OutputSpec& output : spec.output) {
        all.stores.push_back(store_cost(spec, sizes, output, length, model));
        all.files += all.stores.back().files;
        all.bytes += all.stores.back().bytes;
      }
    }
  }
  all.files += all.track_files;
  return all;
}

// What the job takes at a rate.
struct Bill {
  double hours = 0.0, wall_hours = 0.0;
  std::optional<double> kwh, cost;
};

std::optional<Bill> bill_of(const JobSpec& spec, const Costs& costs, const std::optional<MachineRate>& rate) {
  if (!rate) return std::nullopt;
  const auto steps = static_cast<double>(costs.member_steps + costs.breeding_steps);
  Bill bill{.hours = steps * rate->ms_per_member_step / 3.6e6};
  bill.wall_hours = bill.hours / rate->devices;
  if (rate->joules_per_member_step) {
    bill.kwh = static_cast<double>(costs.member_steps) * *rate->joules_per_member_step / 3.6e6;
  }
  if (spec.runtime.price_per_hour > 0.0) bill.cost = bill.wall_hours * spec.runtime.price_per_hour;
  return bill;
}

std::string lead_text(int steps) { return duration_text(steps * model_step); }

std::string work_table(const JobSpec& spec, const Costs& costs) {
  std::string out = fmt::format("Work: {} model(s) x {} initial time(s) x {} member(s) for each length\n",
                                spec.models.size(), spec.initial_conditions.times.size(), spec.ensemble.members);
  out +=
      fmt::format("  {:>8} {:>8} {:>10} {:>14} {:>16}\n", "steps", "lead", "members", "member-steps", "breeding steps");
  for (const LengthCost& c : costs.lengths) {
    out += fmt::format("  {:>8} {:>8} {:>10} {:>14} {:>16}\n", c.steps, lead_text(c.steps), c.members, c.member_steps,
                       c.breeding_steps);
  }
  return out + fmt::format("  {:>8} {:>8} {:>10} {:>14} {:>16}\n", "all", "", costs.members, costs.member_steps,
                           costs.breeding_steps);
}

std::string store_table(const PlanSizes& sizes, const Costs& costs) {
  std::string out =
      fmt::format("Output: members' files, uncompressed; the models' grid is {} x {}\n", sizes.nlat, sizes.nlon);
  size_t width = costs.track_files > 0 ? 6 : 3;
  for (const StoreCost& c : costs.stores) width = std::max(width, c.path.size());
  out += fmt::format("  {:{}} {:>9} {:>12} {:>12}\n", "", width, "files", "bytes each", "bytes");
  for (const StoreCost& c : costs.stores) {
    out += fmt::format("  {:{}} {:>9} {:>12} {:>12}\n", c.path, width, c.files, bytes_text(c.bytes / c.files),
                       bytes_text(c.bytes));
  }
  if (costs.track_files > 0)
    out += fmt::format("  {:{}} {:>9} {:>12}\n", "tracks", width, costs.track_files, "some kB");
  return out + fmt::format("  {:{}} {:>9} {:>12} {:>12}\n", "all", width, costs.files, "", bytes_text(costs.bytes));
}

// 4.57 h, 11.5 min, 8.20 s: three figures of the largest unit that is not below one.
std::string time_text(double hours) {
  const auto figures = [](double value) {
    return fmt::format("{:.{}f}", value, value < 10.0 ? 2 : value < 100.0 ? 1 : 0);
  };
  if (hours >= 1.0) return figures(hours) + " h";
  return hours >= 1.0 / 60.0 ? figures(hours * 60.0) + " min" : figures(hours * 3600.0) + " s";
}

// Which variables are rounded, and how far from the truth that is at most; those of one number of bits together.
std::string rounding_table(const Costs& costs) {
  std::map<std::pair<std::string, int>, std::string> rounded;
  for (const StoreCost& store : costs.stores) {
    for (const auto& [variable, bits] : store.keep_bits) {
      std::string& names = rounded[{store.path, bits}];
      names += (names.empty() ? "" : ", ") + variable;
    }
  }
  std::string out = rounded.empty() ? "" : "Rounded before compression\n";
  for (const auto& [key, names] : rounded) {
    out += fmt::format("  {}: {} to {} bits, relative error at most {:.3g}\n", key.first, names, key.second,
                       rounding_error(key.second));
  }
  return out;
}

std::string bill_text(const Bill& bill, const MachineRate& rate, const Costs& costs, double price) {
  const auto members = static_cast<double>(costs.members);
  std::string out = fmt::format("Time at {:.4g} ms a member-step ({}): {} on one device", rate.ms_per_member_step,
                                rate.source, time_text(bill.hours));
  if (rate.devices > 1) out += fmt::format(", {} on {}", time_text(bill.wall_hours), rate.devices);
  out += ", for steps and breeding, without loading and output\n";
  if (bill.kwh)
    out += fmt::format("Energy of the cards: {:.2f} kWh, {:.4f} a member\n", *bill.kwh, *bill.kwh / members);
  if (bill.cost) {
    out += fmt::format("Cost at ${:g}/h: ${:.2f}, ${:.4f} a member\n", price, *bill.cost, *bill.cost / members);
  } else {
    out += "Cost: runtime.price_per_hour, the machine's, gives it\n";
  }
  return out;
}

std::string resources(const MemoryEstimate& memory) {
  std::string out =
      fmt::format("GPU memory with the {} engine, estimated: {} (weights {}, activations {}, states {})\n",
                  name_of(memory.engine, engine_names()), bytes_text(memory.total()), bytes_text(memory.weights),
                  bytes_text(memory.activations), bytes_text(memory.states));
  return out;
}

std::string commented(const std::string& text) {
  std::string out = "# ";
  for (size_t k = 0; k < text.size(); ++k) {
    out += text[k];
    if (text[k] == '\n' && k + 1 < text.size()) out += "# ";
  }
  return out;
}

Json lengths_json(const Costs& costs) {
  Json json = Json::array();
  for (const LengthCost& c : costs.lengths) {
    json.push_back({{"steps", c.steps},
                    {"lead_hours", c.steps * (model_step / std::chrono::hours(1))},
                    {"members", c.members},
                    {"member_steps", c.member_steps},
                    {"breeding_steps", c.breeding_steps}});
  }
  return json;
}

Json stores_json(const Costs& costs) {
  Json json = Json::array();
  for (const StoreCost& c : costs.stores) {
    json.push_back({{"path", c.path}, {"format", c.format}, {"files", c.files}, {"bytes", c.bytes}});
    for (const auto& [variable, bits] : c.keep_bits) {
      json.back()["keep_bits"][variable] = {{"bits", bits}, {"relative_error", rounding_error(bits)}};
    }
  }
  return json;
}

}  // namespace

MemoryEstimate estimate_memory(const JobSpec& spec, const PlanSizes& sizes) {
  const int64_t points = int64_t{sizes.nlat} * sizes.nlon, field = points * sizes.embed_dim;
  const bool fast = spec.forecast.engine != EngineKind::reference && spec.forecast.precision != Precision::tf32;
  MemoryEstimate memory{fast ? EngineKind::fast : EngineKind::reference};
  memory.weights = sizes.parameters * (fast ? 4 : 8);
  memory.activations = fast ? 9 * field : 7 * 4 * field;  // 4.5 fields of 2 bytes, 7 of 4
  const bool breeds = spec.perturbation.method == PerturbationMethod::hemispheric_centred_bred_vector;
  const int64_t states = breeds ? 2 * spec.perturbation.integration_steps + 5 : 2;
  memory.states = states * sizes.channels * points * 4;
  return memory;
}

int64_t member_file_bytes(int64_t points, StoreFormat format, size_t leads, size_t variables) {
  constexpr int64_t checksum_bytes = 4, index_entry_bytes = 16;
  const int64_t field = points * 4;
  const auto fields = static_cast<int64_t>(leads);
  if (format == StoreFormat::netcdf) return fields * static_cast<int64_t>(variables) * field;
  if (format == StoreFormat::grib2) {
    constexpr int64_t packed = 3, sections = 250, index_line = 250;
    return fields * static_cast<int64_t>(variables) * (points * packed + sections + index_line);
  }
  return fields * (field + checksum_bytes + index_entry_bytes) + checksum_bytes;
}

int64_t breeding_steps(const PerturbationSpec& spec, const EnsembleSpec& ensemble) {
  if (spec.method != PerturbationMethod::hemispheric_centred_bred_vector) return 0;
  const int perturbed = ensemble.members - (ensemble.control ? 1 : 0), pairs = (perturbed + 1) / 2;
  return int64_t{spec.integration_steps} * (1 + pairs);
}

Json validation_json(const JobSpec& spec, const PlanSizes& sizes, const std::optional<MachineRate>& rate) {
  const Costs costs = job_costs(spec, sizes);
  const MemoryEstimate memory = estimate_memory(spec, sizes);
  const std::optional<Bill> bill = bill_of(spec, costs, rate);
  const auto number = [](const std::optional<double>& value) { return value ? Json(*value) : Json(); };
  return {
      {"spec", to_json(spec)},
      {"forecast_hash", forecast_hash(spec)},
      {"model_size",
       {{"nlat", sizes.nlat}, {"nlon", sizes.nlon}, {"channels", sizes.channels}, {"parameters", sizes.parameters}}},
      {"lengths", lengths_json(costs)},
      {"members", costs.members},
      {"member_steps", costs.member_steps},
      {"breeding_steps", costs.breeding_steps},
      {"stores", stores_json(costs)},
      {"track_files", costs.track_files},
      {"files", costs.files},
      {"bytes", costs.bytes},
      {"gpu_memory",
       {{"estimate", true},
        {"engine", name_of(memory.engine, engine_names())},
        {"weights_bytes", memory.weights},
        {"activations_bytes", memory.activations},
        {"states_bytes", memory.states},
        {"total_bytes", memory.total()}}},
      {"ms_per_member_step", rate ? Json(rate->ms_per_member_step) : Json()},
      {"rate_source", rate ? Json(rate->source) : Json()},
      {"hours", bill ? Json(bill->hours) : Json()},
      {"devices", rate ? Json(rate->devices) : Json()},
      {"wall_hours", bill ? Json(bill->wall_hours) : Json()},
      {"kwh", bill ? number(bill->kwh) : Json()},
      {"cost", bill ? number(bill->cost) : Json()}};
}

Json problems_json(const Problems& problems) {
  const auto position = [](int number) { return number > 0 ? Json(number) : Json(); };
  Json list = Json::array();
  for (const Problem& problem : problems.sorted()) {
    list.push_back({{"file", problem.place.origin},
                    {"line", position(problem.place.line)},
                    {"column", position(problem.place.column)},
                    {"key", problem.key},
                    {"message", problem.what}});
  }
  return {{"problems", list}};
}

std::string validation_report(const JobSpec& spec, const PlanSizes& sizes, const std::optional<MachineRate>& rate) {
  const Costs costs = job_costs(spec, sizes);
  const std::optional<Bill> bill = bill_of(spec, costs, rate);
  const std::string tables = work_table(spec, costs) + "\n" + store_table(sizes, costs) + rounding_table(costs) + "\n" +
                             resources(estimate_memory(spec, sizes)) +
                             (bill ? bill_text(*bill, *rate, costs, spec.runtime.price_per_hour) : "") +
                             fmt::format("Forecast hash: {}\n", forecast_hash(spec));
  return yaml_text(to_json(spec)) + "\n" + commented(tables);
}

}  // namespace hens
