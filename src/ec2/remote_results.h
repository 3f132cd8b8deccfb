// Results in S3: results/status.json, results/log.txt, results/output/...
#pragma once

#include <optional>
#include <string>

#include "base/files.h"
#include "ec2/aws.h"
#include "ec2/results.h"

namespace hens::ec2 {

// None where there is no status yet.
std::optional<JobStatus> read_remote_status(const Aws& aws, const std::string& results);

// Brings output and log into `folder`.
void bring_results(const Aws& aws, const std::string& results, const fs::path& folder);

}  // namespace hens::ec2
