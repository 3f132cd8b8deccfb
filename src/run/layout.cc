#include "run/layout.h"

#include "base/error.h"

namespace hens {

StoreLayout store_layout(const JobSpec& spec, const LayoutFacts& facts, const OutputSpec& output, int length,
                         int model) {
  StoreLayout layout;
  layout.format = output.format;
  layout.compression = output.compression;
  layout.domain = domain_of(region_named(spec.regions, output.region), facts.grid);
  layout.variables = output.variables;
  layout.members = spec.ensemble.members;
  layout.times = spec.initial_conditions.times;
  layout.leads = output_leads(output, spec.forecast.steps.at(length));
  layout.title = fmt::format("{}: ensemble forecast of {} members", spec.name, spec.ensemble.members);
  layout.source = fmt::format("hens, SFNO {}", facts.model_names.at(model));
  layout.layout = output.layout;
  layout.shard = output.shard;
  if (!output.keep_bits.empty()) {
    for (const std::string& variable : output.variables) layout.keep_bits.push_back(output.bits_of(variable));
  }
  layout.grib = {.made_by = output.grib,
                 .files = output.files,
                 .bits = output.bits,
                 .control = spec.ensemble.control,
                 .perturbed = spec.perturbation.method != PerturbationMethod::none,
                 .signed_pairs = spec.perturbation.method == PerturbationMethod::hemispheric_centred_bred_vector};
  return layout;
}

fs::path store_folder(const JobSpec& spec, const OutputSpec& output, int length, int model) {
  return fs::path(length_folder(spec, length)) / store_name(spec, output, model);
}

std::vector<RunStore> open_stores(const fs::path& root, const JobSpec& spec, const LayoutFacts& facts) {
  std::vector<RunStore> stores;
  for (int length = 0; length < static_cast<int>(spec.forecast.steps.size()); ++length) {
    for (int model = 0; model < static_cast<int>(spec.models.size()); ++model) {
      for (int output = 0; output < static_cast<int>(spec.output.size()); ++output) {
        const fs::path folder = store_folder(spec, spec.output[output], length, model);
        const StoreLayout layout = store_layout(spec, facts, spec.output[output], length, model);
        stores.push_back({length, model, output, folder, open_store(root / folder, layout)});
      }
    }
  }
  return stores;
}

}  // namespace hens
