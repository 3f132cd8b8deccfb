// What a job left, on the operator's machine.
#pragma once

#include <string>

#include "base/files.h"
#include "ec2/tags.h"

namespace hens::ec2 {

// status.json of src/ec2/machine/job.sh.
struct JobStatus {
  std::string launch, state, stage, message;
  int exit_code = 0;
  bool finished() const { return state == "finished"; }
};

// Throws Error{bad_input} for text that is none.
JobStatus parse_status(const std::string& text);

// How it ended, in a sentence with what to do; empty after success.
std::string explain(const JobStatus& status);

// Prints the timing report that lies in `folder`, and where everything is.
void show_results(const fs::path& folder);

}  // namespace hens::ec2
