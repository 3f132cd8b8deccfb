#include "ec2/local_state.h"

#include <chrono>
#include <cstdlib>

#include <sys/stat.h>

#include "base/child_process.h"
#include "base/error.h"
#include "base/json.h"

namespace hens::ec2 {
namespace {

constexpr auto pending_lasts = std::chrono::minutes(10);

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

fs::path state_folder() {
  if (const std::string folder = environment("HENS_EC2_STATE"); !folder.empty()) return folder;
  if (const std::string folder = environment("XDG_STATE_HOME"); !folder.empty()) return fs::path(folder) / "hens-ec2";
  if (const std::string home = environment("HOME"); !home.empty()) return fs::path(home) / ".local/state/hens-ec2";
  fail(ExitCode::cannot_create, "no place for SSH keys: set HENS_EC2_STATE to a folder");
}

// arn:aws:iam::123456789012:user/alice
std::string account_of(const std::string& arn) {
  size_t at = 0;
  for (int colon = 0; colon < 4 && at != std::string::npos; ++colon) at = arn.find(':', at) + 1;
  return arn.substr(at, arn.find(':', at) - at);
}

nlohmann::json read_json(const fs::path& path) {
  std::error_code ignored;
  if (!fs::exists(path, ignored)) return nullptr;
  const auto parsed = try_parse_json(read_file(path, 1 << 20)).value_or(nullptr);
  return parsed.is_object() ? parsed : nlohmann::json(nullptr);
}

}  // namespace

LocalState::LocalState(const std::string& owner_arn, const std::string& region, const std::string& name)
    : base_(state_folder() / (account_of(owner_arn) + "-" + region) / name) {}

void LocalState::ensure_key() const {
  make_folders(base_);
  ::chmod(base_.c_str(), 0700);
  std::error_code ignored;
  if (fs::exists(private_key(), ignored) && fs::exists(public_key(), ignored)) return;
  fs::remove(private_key(), ignored);
  const ChildResult made =
      run_captured({{"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "hens-ec2", "-f", private_key().string()}});
  if (made.exit_code != 0) fail(ExitCode::cannot_create, "{}: ssh-keygen: {}", private_key().string(), made.err);
}

std::optional<LocalState::Pending> LocalState::pending() const {
  std::error_code error;
  const fs::path path = base_ / "pending.json";
  const auto written = fs::last_write_time(path, error);
  if (error || fs::file_time_type::clock::now() - written > pending_lasts) return std::nullopt;
  const auto note = read_json(path);
  if (!note.is_object()) return std::nullopt;
  return Pending{note.value("launch", ""), note.value("expires", "")};
}

void LocalState::set_pending(const Pending& pending) const {
  publish_file(base_ / "pending.json", nlohmann::json{{"launch", pending.launch}, {"expires", pending.expires}}.dump());
}

void LocalState::clear_pending() const {
  std::error_code ignored;
  fs::remove(base_ / "pending.json", ignored);
}

nlohmann::json LocalState::job() const { return read_json(base_ / "job.json"); }

void LocalState::set_job(const nlohmann::json& job) const { publish_file(base_ / "job.json", job.dump(2) + "\n"); }

}  // namespace hens::ec2
