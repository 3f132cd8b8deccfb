#include "ec2/remote_results.h"

#include <iostream>

#include "base/error.h"

namespace hens::ec2 {
namespace {

// "Not there" is what S3 says of an object, and of any object in a bucket that is not there.
void check_bucket(const Aws& aws, const std::string& results) {
  const std::string bucket = results.substr(5, results.find('/', 5) - 5);
  try {
    aws.call({"s3api", "head-bucket", "--bucket", bucket});
  } catch (const AwsError& error) {
    if (error.kind() != AwsErrorKind::missing) throw;
    fail(ExitCode::missing_input, "{}: there is no bucket {}", results, bucket);
  }
}

}  // namespace

std::optional<JobStatus> read_remote_status(const Aws& aws, const std::string& results) {
  try {
    return parse_status(aws.text({"s3", "cp", results + "/status.json", "-"}));
  } catch (const AwsError& error) {
    if (error.kind() != AwsErrorKind::missing) throw;
    check_bucket(aws, results);
    return std::nullopt;
  }
}

void bring_results(const Aws& aws, const std::string& results, const fs::path& folder) {
  make_folders(folder);
  // Standard output is for the report.
  std::cerr << aws.text({"s3", "sync", results + "/output", folder.string(), "--only-show-errors"});
  std::cerr << aws.text({"s3", "cp", results + "/log.txt", (folder / "log.txt").string(), "--only-show-errors"});
}

}  // namespace hens::ec2
