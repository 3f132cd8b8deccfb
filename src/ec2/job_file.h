// The job spec as far as the operator's tool looks into it: enough not to start a machine for a job that cannot run
// there. `hens validate` knows the rest.
#pragma once

#include "base/files.h"
#include "ec2/launch.h"

namespace hens::ec2 {

// Reads a spec; its bytes are handed over unchanged, under the file's name. Throws Error{missing_input} where it is not
// there, and Error{bad_spec} where it is not a mapping in YAML with models and initial_conditions, or names files of
// this machine, which the other one does not have.
JobText read_job(const fs::path& file);

}  // namespace hens::ec2
