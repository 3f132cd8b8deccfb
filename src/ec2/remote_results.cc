#include "ec2/remote_results.h"

#include <iostream>

namespace hens::ec2 {

std::optional<JobStatus> read_remote_status(const Aws& aws, const std::string& results) {
  try {
    return parse_status(aws.text({"s3", "cp", results + "/status.json", "-"}));
  } catch (const AwsError& error) {
    if (error.kind() == AwsErrorKind::missing && error.aws_code() != "NoSuchBucket") return std::nullopt;
    throw;
  }
}

void bring_results(const Aws& aws, const std::string& results, const fs::path& folder) {
  make_folders(folder);
  // Standard output is for the report.
  std::cerr << aws.text({"s3", "sync", results + "/output", folder.string(), "--only-show-errors"});
  std::cerr << aws.text({"s3", "cp", results + "/log.txt", (folder / "log.txt").string(), "--only-show-errors"});
}

}  // namespace hens::ec2
