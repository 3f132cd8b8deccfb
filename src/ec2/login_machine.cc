#include "ec2/login_machine.h"

#include "base/error.h"

namespace hens::ec2 {

Session::Session(const Options& options, const std::string& otherwise_region)
    : name(options.text("name", "hens-benchmark")),
      aws(options.text("region"), options.text("profile"), otherwise_region) {
  check_name(name);
  owner = aws.caller();
}

Instance find_login_machine(const Session& session) {
  for (const Instance& instance : find_instances(session.aws, {session.owner, session.name})) {
    if (instance.state != "running") continue;
    if (value_of(instance.tags, tag::way) != "login") {
      fail(ExitCode::usage,
           "{} ({}) was launched by `hens-ec2 submit`: there is no way in, `hens-ec2 fetch` has results", session.name,
           instance.id);
    }
    return instance;
  }
  fail(ExitCode::missing_input, "{}: no such machine runs in {}: `hens-ec2 create` launches one, `list` shows all",
       session.name, session.aws.region());
}

}  // namespace hens::ec2
