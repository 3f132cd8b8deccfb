// The one machine to log in to of a name, for the commands that use it.
#pragma once

#include "base/options.h"
#include "ec2/machine.h"
#include "ec2/resources.h"

namespace hens::ec2 {

// Account, name and who asks, as the options of add_account_options say.
struct Session {
  // `otherwise_region`: where neither options nor environment nor profile name one.
  explicit Session(const Options& options, const std::string& otherwise_region = "");
  std::string name;
  Aws aws;
  std::string owner;
  LocalState state() const { return {owner, aws.region(), name}; }
};

// Throws Error{missing_input} where none runs, {usage} where it has no SSH.
Instance find_login_machine(const Session& session);

}  // namespace hens::ec2
