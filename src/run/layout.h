// Which stores a run has, and what each holds: the one place that turns a spec into store layouts.
#pragma once

#include <memory>
#include <vector>

#include "job/work_plan.h"
#include "store/store.h"

namespace hens {

// What the layouts depend on beside the spec.
struct LayoutFacts {
  LatLonGrid grid;
  std::vector<std::string> model_names;
};

StoreLayout store_layout(const JobSpec& spec, const LayoutFacts& facts, const OutputSpec& output, int length,
                         int model);

// Folder of a store, relative to the run's folder: nsteps_0004/hens_0.zarr.
fs::path store_folder(const JobSpec& spec, const OutputSpec& output, int length, int model);

// One store of a run, opened.
struct RunStore {
  int length = 0, model = 0, output = 0;
  fs::path folder;  // relative to the run's folder
  std::unique_ptr<Store> store;
};

// All stores of a run in `root`, by length, model, output. Opens, writes nothing.
std::vector<RunStore> open_stores(const fs::path& root, const JobSpec& spec, const LayoutFacts& facts);

}  // namespace hens
