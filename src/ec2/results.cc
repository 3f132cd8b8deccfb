#include "ec2/results.h"

#include <iostream>

#include "base/error.h"
#include "base/json.h"

namespace hens::ec2 {
namespace {

const char* advice(const std::string& stage) {
  if (stage == "pull")
    return "log.txt has docker's words: is the digest right, may the machine read the registry, did it time out?";
  if (stage == "gpu") return "the instance type needs an NVIDIA GPU, the AMI its driver";
  if (stage == "docker")
    return "log.txt has docker's words: as a rule the AMI's driver is older than the image's CUDA needs";
  if (stage == "upload") return "the instance profile needs s3:PutObject, s3:GetObject and s3:ListBucket there";
  if (stage == "time") return "--auto-shutdown was too short; the same command continues";
  return "log.txt has its words";
}

}  // namespace

JobStatus parse_status(const std::string& text) {
  const Json json = try_parse_json<Json>(text).value_or(nullptr);
  if (!json.is_object()) fail(ExitCode::bad_input, "status.json: expected a JSON object, got '{}'", text.substr(0, 80));
  JobStatus status;
  try {
    status = {json.value("launch", ""), json.value("state", ""), json.value("stage", ""), json.value("message", ""),
              json.value("exit_code", 0)};
  } catch (const Json::exception& error) {
    fail(ExitCode::bad_input, "status.json: {}", error.what());
  }
  return status;
}

std::string explain(const JobStatus& status) {
  if (status.finished() && status.exit_code == 0) return "";
  if (!status.finished()) return fmt::format("the job is {}: {}", status.state, status.message);
  return fmt::format("the job ended with exit code {} ({}{}{}): {}", status.exit_code, status.stage,
                     status.message.empty() ? "" : ": ", status.message, advice(status.stage));
}

void show_results(const fs::path& folder) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    if (entry.path().filename() == "timing_report.txt") std::cout << read_file(entry.path(), 1 << 24) << "\n";
  }
  std::cout << "results: " << folder.string() << "\n";
}

}  // namespace hens::ec2
