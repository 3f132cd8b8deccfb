#include "report/page/statistics_reader.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "job/work_plan.h"

namespace hens {

std::optional<StatisticsReader> StatisticsReader::open(const fs::path& run_folder, const Manifest& manifest,
                                                       const StatisticsStoreName& name) {
  const fs::path folder = run_folder / length_folder(manifest.spec, name.length) /
                          statistics_store_name(name.model, name.region, StoreFormat::zarr, name.together);
  std::error_code none;
  if (!fs::exists(folder / "zarr.json", none)) return std::nullopt;
  return StatisticsReader(folder, statistics_layout(manifest.spec, name.length, name.model, name.region,
                                                    {manifest.grid, manifest.model_names}, name.together));
}

StatisticsReader::StatisticsReader(fs::path folder, StatisticsLayout layout)
    : folder_(std::move(folder)),
      layout_(std::move(layout)),
      store_(std::make_unique<ZarrDataset>(std::make_shared<ZarrFolder>(folder_, folder_.string()), folder_.string())) {
}

const DatasetVariable& StatisticsReader::array(const std::string& name) const {
  const DatasetVariable* found = store_->find(name);
  if (found == nullptr) fail(ExitCode::missing_input, "{}: has no array '{}'", folder_.string(), name);
  return *found;
}

int64_t StatisticsReader::members(size_t time) {
  const DatasetVariable& members = array("members");
  if (members.shape.size() != 1 || time >= members.shape[0]) {
    fail(ExitCode::bad_input, "{}: members: has not one value for each initial time", folder_.string());
  }
  const auto value = store_->find_slab(members, {time}, {1});
  return value && std::isfinite(value->front()) ? static_cast<int64_t>(value->front()) : 0;
}

std::optional<std::vector<float>> StatisticsReader::field(const StatisticsArray& of, size_t time, size_t lead,
                                                          size_t level) {
  const DatasetVariable& stored = array(of.array.name);
  if (stored.shape != of.array.shape) {
    fail(ExitCode::bad_input, "{}: {}: has another shape than the job's spec says; `hens merge` makes it again",
         folder_.string(), of.array.name);
  }
  std::vector<size_t> start(of.array.shape.size(), 0), count(of.array.shape.begin(), of.array.shape.end());
  const bool levels = of.array.shape.size() > 2 + of.array.field_dimensions;
  start[0] = time, start[1] = lead, count[0] = count[1] = 1;
  if (levels) start[2] = level, count[2] = 1;
  const auto values = store_->find_slab(stored, start, count);
  if (!values || std::ranges::none_of(*values, [](double value) { return std::isfinite(value); })) return std::nullopt;
  return std::vector<float>(values->begin(), values->end());
}

std::vector<std::vector<double>> StatisticsReader::series(const StatisticsArray& of, size_t time,
                                                          const std::vector<size_t>& leads, size_t level,
                                                          const std::vector<size_t>& positions) {
  std::vector<std::vector<double>> all(positions.size());
  for (const size_t lead : leads) {
    const auto values = field(of, time, lead, level);
    for (size_t k = 0; k < positions.size(); ++k) all[k].push_back(values ? (*values)[positions[k]] : NAN);
  }
  return all;
}

}  // namespace hens
