// What hens-ec2 keeps on the operator's machine: SSH keys, known hosts, and notes that save questions. The notes are a
// cache: what is running, whose it is and when it ends is in the tags; without them nothing is lost but comfort.
#pragma once

#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include "base/files.h"

namespace hens::ec2 {

class LocalState {
 public:
  // Of one account, region and name, in $HENS_EC2_STATE, else $XDG_STATE_HOME/hens-ec2, else ~/.local/state/hens-ec2.
  LocalState(const std::string& owner_arn, const std::string& region, const std::string& name);

  fs::path private_key() const { return base_ / "id_ed25519"; }
  fs::path public_key() const { return base_ / "id_ed25519.pub"; }
  fs::path known_hosts() const { return base_ / "known_hosts"; }
  // Makes the key where it is missing.
  void ensure_key() const;

  // A launch under way: its number, so that a repeated attempt is the same attempt to EC2.
  struct Pending {
    std::string launch, expires;
  };
  // None where there is none younger than ten minutes: longer EC2 need not be asked to remember.
  std::optional<Pending> pending() const;
  void set_pending(const Pending& pending) const;
  void clear_pending() const;

  // The last job handed over by submit: {"launch", "results", "instance"}; null where there is none.
  nlohmann::json job() const;
  void set_job(const nlohmann::json& job) const;

  // A file of this folder for one call.
  fs::path scratch(const std::string& file_name) const { return base_ / file_name; }

 private:
  fs::path base_;
};

}  // namespace hens::ec2
