// A machine to log in to, over ssh and rsync as they are on PATH. Its user is Ubuntu's `ubuntu`, with sudo.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/child_process.h"
#include "ec2/local_state.h"
#include "ec2/resources.h"

namespace hens::ec2 {

class Machine {
 public:
  // Throws Error{unavailable} where it has no address, {missing_input} where its key is not here.
  Machine(const Instance& instance, const LocalState& state);

  // What a person types to log in.
  std::string login_line() const;

  // Runs a line of shell there. Exit code 255 is ssh's own failure, as a rule.
  ChildResult run(const std::string& line, std::string_view input = {}) const;
  int run_attached(const std::string& line) const;
  // The same, and Error{unavailable} for any failure.
  std::string demand(const std::string& line, std::string_view input = {}) const;

  // Until it lets us in and its user data has been carried out. Throws Error{unavailable} after `seconds`.
  void wait_until_ready(int seconds) const;

  // Brings a folder's content, or a file, into `folder`. False where that failed.
  bool bring(const std::string& remote, const fs::path& folder) const;

  // When its timer ends it: seconds since 1970, or "never"; none where it does not say.
  std::optional<std::string> deadline() const;

 private:
  std::vector<std::string> ssh() const;

  std::string id_, ip_;
  fs::path key_, known_hosts_;
};

}  // namespace hens::ec2
