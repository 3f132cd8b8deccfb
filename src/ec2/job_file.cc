#include "ec2/job_file.h"

#include <algorithm>

#include <yaml-cpp/yaml.h>

#include "base/error.h"

namespace hens::ec2 {
namespace {

constexpr uint64_t most_bytes = 1 << 20;

// https://, s3://, hf://, synth: go anywhere; file:// and paths do not.
bool travels(const std::string& source) {
  return source.starts_with("synth:") || (source.find("://") != std::string::npos && !source.starts_with("file://"));
}

void check_sources(const fs::path& file, const char* key, const YAML::Node& node) {
  const auto check = [&](const YAML::Node& one) {
    const std::string source = one.as<std::string>();
    if (travels(source)) return;
    fail(ExitCode::bad_spec,
         "{}:{}: {}: {}: a file of this machine, which the one on EC2 does not have: put it into S3 or the like",
         file.string(), one.Mark().line + 1, key, source);
  };
  if (node.IsSequence()) {
    for (const YAML::Node& one : node) check(one);
  } else if (node.IsScalar()) {
    check(node);
  }
}

std::string plain_name(const fs::path& file) {
  std::string name = file.stem().string();
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) == 0 && c != '-' && c != '_'; }, '_');
  return name.empty() ? "job" : name;
}

}  // namespace

JobText read_job(const fs::path& file) {
  const std::string text = read_file(file, most_bytes);
  try {
    const YAML::Node root = YAML::Load(text);
    if (!root.IsMap() || !root["models"] || !root["initial_conditions"]) {
      fail(ExitCode::bad_spec, "{}: expected a job spec, with models and initial_conditions: try `hens validate`",
           file.string());
    }
    check_sources(file, "models", root["models"]);
    const YAML::Node start = root["initial_conditions"];
    if (start.IsMap() && start["path"]) check_sources(file, "initial_conditions.path", start["path"]);
  } catch (const YAML::Exception& error) {
    fail(ExitCode::bad_spec, "{}:{}: {}", file.string(), error.mark.line + 1, error.msg);
  }
  return {plain_name(file), text};
}

}  // namespace hens::ec2
