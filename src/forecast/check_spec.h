// What a job spec says of models and channels, held against what is known of them before anything is fetched: the
// vocabulary of channels, synthetic packages by their names, and packages that lie here.
#pragma once

#include "job/job_spec.h"

namespace hens {

// Adds to the problems of `reading` what a run would refuse: models and analyses at addresses that hens does not know,
// models of different grids, and channels of outputs and perturbations that a model does not have.
// Throws what opening a package throws (Error{missing_input}, {bad_input}) for one that lies here and cannot be used,
// unless the spec itself has problems, which come first.
void check_models(SpecReading& reading);

// The spec of a job file, checked in every way: throws Error{bad_spec} with all problems, and as check_models does.
JobSpec load_checked_spec(const fs::path& file, const std::vector<std::string>& overrides);

}  // namespace hens
