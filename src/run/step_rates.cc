#include "run/step_rates.h"

#include <algorithm>

#include "base/error.h"
#include "base/json.h"

namespace hens {
namespace {

using Json = nlohmann::ordered_json;

constexpr uint64_t largest_file = uint64_t{1} << 20;
constexpr size_t most_rates = 200;

fs::path file_in(const fs::path& cache) { return cache / "rates.json"; }

Json to_json(const StepRate& rate) {
  Json json{{"card", rate.card},        {"engine", rate.engine},       {"nlat", rate.nlat},
            {"nlon", rate.nlon},        {"embed_dim", rate.embed_dim}, {"ms_per_member_step", rate.ms_per_member_step},
            {"measured", rate.measured}};
  if (rate.joules_per_member_step) json["joules_per_member_step"] = *rate.joules_per_member_step;
  return json;
}

StepRate rate_from(const Json& json) {
  StepRate rate{json.at("card"), json.at("engine"), json.at("nlat"), json.at("nlon"), json.at("embed_dim")};
  rate.ms_per_member_step = json.at("ms_per_member_step");
  if (json.contains("joules_per_member_step"))
    rate.joules_per_member_step = json["joules_per_member_step"].get<double>();
  rate.measured = json.at("measured");
  rate.here = true;
  return rate;
}

// The last one first. A file that is damaged or of another version tells nothing.
std::vector<StepRate> remembered(const fs::path& cache) {
  std::vector<StepRate> rates;
  try {
    const Json json = parse_json<Json>(read_file(file_in(cache), largest_file), file_in(cache).string());
    for (const Json& rate : json.at("rates")) rates.push_back(rate_from(rate));
  } catch (const std::exception&) {
    return {};
  }
  std::erase_if(rates, [](const StepRate& rate) { return !(rate.ms_per_member_step > 0.0); });
  return rates;
}

bool same_kind(const StepRate& a, const StepRate& b) {
  return a.card == b.card && a.engine == b.engine && a.nlat == b.nlat && a.nlon == b.nlon && a.embed_dim == b.embed_dim;
}

}  // namespace

void remember_rate(const fs::path& cache, const StepRate& rate) {
  if (!(rate.ms_per_member_step > 0.0)) return;
  std::vector<StepRate> rates = remembered(cache);
  std::erase_if(rates, [&](const StepRate& other) { return same_kind(other, rate); });
  rates.insert(rates.begin(), rate);
  rates.resize(std::min(rates.size(), most_rates));
  Json list = Json::array();
  for (const StepRate& one : rates) list.push_back(to_json(one));
  try {
    publish_file(file_in(cache), Json{{"rates", list}}.dump(1) + "\n");
  } catch (const Error&) {  // a cache that others own, say
  }
}

std::optional<StepRate> step_rate(const fs::path& cache, const std::string& card, int nlat, int nlon, int embed_dim) {
  const auto first = [&](const std::vector<StepRate>& rates, bool of_card) -> std::optional<StepRate> {
    const auto found = std::ranges::find_if(rates, [&](const StepRate& rate) {
      const bool size = rate.nlat == nlat && rate.nlon == nlon && rate.embed_dim == embed_dim;
      return size && (!of_card || rate.card == card);
    });
    if (found == rates.end()) return std::nullopt;
    return *found;
  };
  if (const auto here = first(remembered(cache), true); here && !card.empty()) return here;
  if (const auto of_card = first(measured_rates(), true)) return of_card;
  return first(measured_rates(), false);
}

const std::vector<StepRate>& measured_rates() {
  static const std::vector<StepRate> rates{
      {"NVIDIA H100 80GB HBM3", "fast fp16, hopper kernels", 721, 1440, 620, 36.0, {}, "2026-11-27"},
      {"NVIDIA H200", "fast fp16, hopper kernels", 721, 1440, 620, 35.7, {}, "2026-12-01"},
  };
  return rates;
}

}  // namespace hens
