#include "job/statistics_spec.h"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "job/spec_names.h"

namespace hens {

std::vector<Duration> statistics_leads(const StatisticsSpec& spec, int steps) {
  const Duration longest = steps * model_step;
  std::vector<Duration> leads;
  if (!spec.leads.empty()) {
    std::ranges::copy_if(spec.leads, std::back_inserter(leads), [&](Duration lead) { return lead <= longest; });
    std::ranges::sort(leads);
    return leads;
  }
  const Duration every = spec.every.count() > 0 ? spec.every : std::max(spec.over, model_step);
  for (Duration lead = spec.over.count() > 0 ? every : Duration{}; lead <= longest; lead += every)
    leads.push_back(lead);
  return leads;
}

std::string StatisticsSpec::threshold_name(size_t k) const {
  if (threshold_fields.empty()) return fmt::format("{:g}", thresholds.at(k));
  const ThresholdField& field = threshold_fields.at(k);
  const std::string file = std::filesystem::path(field.file).filename().string();
  return field.quantile ? fmt::format("{:g} quantile of {}", *field.quantile, file) : file;
}

std::string statistics_name(const StatisticsSpec& spec, const std::string& variable) {
  if (spec.over.count() == 0) return variable;
  return fmt::format("{}_{}{}", variable, name_of(spec.reduce, reduce_names()), duration_text(spec.over));
}

}  // namespace hens
