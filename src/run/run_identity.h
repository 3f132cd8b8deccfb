// What a run is: everything that its members' bytes depend on, and that a resumed run must agree on.
#pragma once

#include <string>
#include <vector>

#include "grid/lat_lon_grid.h"
#include "job/job_spec.h"
#include "run/layout.h"

namespace hens {

struct RunIdentity {
  JobSpec spec;
  std::vector<std::string> model_names;    // for people: sfno_linear_..._seed102
  std::vector<std::string> model_digests;  // package_digest by model
  std::string device_kind;                 // "cpu" | "cuda" | "cuda, fast engine": bytes are promised within one
  LatLonGrid grid;                         // of the models' output, the same for all

  LayoutFacts facts() const { return {grid, model_names}; }
  // What identifies the bytes of one model's members beside the spec, as markers carry it.
  std::string of_model(int model) const { return model_digests.at(model) + " on " + device_kind; }
};

}  // namespace hens
