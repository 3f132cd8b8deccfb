// Which of the members' files the reports read: what has to be in the folder when they are made. Pure.
#pragma once

#include <functional>

#include "base/files.h"
#include "job/job_spec.h"

namespace hens {

// Whether the reports read the file of a store with this path, relative to the run's folder: those of u10m and v10m for
// the maps; every variable of an output that has points, or that report.places are in, for the plumes. Where a store's
// files are not by variable, all of them.
std::function<bool(const fs::path&)> fields_of_reports(const JobSpec& spec);

}  // namespace hens
