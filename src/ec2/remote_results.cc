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
  const fs::path note = folder / ".hens-ec2";  // where its files are from
  std::error_code ignored;
  if (fs::exists(note, ignored)) {
    if (const std::string other = read_file(note, 4096); other != results + "\n") {
      fail(ExitCode::bad_spec, "{} has results of {}: name another folder for those of {}, as --output DIR",
           folder.string(), other.substr(0, other.find('\n')), results);
    }
  } else {
    publish_file(note, results + "\n");
  }
  // By exact times: the CLI takes a file of the same size that is not older for the same one. Standard output is for
  // the report.
  std::cerr << aws.text(
      {"s3", "sync", results + "/output", folder.string(), "--exact-timestamps", "--only-show-errors"});
  std::cerr << aws.text({"s3", "cp", results + "/log.txt", (folder / "log.txt").string(), "--only-show-errors"});
}

}  // namespace hens::ec2
