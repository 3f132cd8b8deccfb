#include <iostream>

#include "base/error.h"
#include "ec2/commands.h"
#include "ec2/expiry.h"
#include "ec2/launch.h"
#include "ec2/login_machine.h"
#include "ec2/prompt.h"
#include "ec2/wait_notice.h"

namespace hens::ec2 {
namespace {

struct Found {
  std::vector<Instance> instances;
  std::vector<Resource> volumes, groups, keys;
  bool empty() const { return instances.empty() && volumes.empty() && groups.empty() && keys.empty(); }
};

Found find_all(const Session& session, bool with_group_and_key) {
  const Scope scope{session.owner, session.name};
  Found found{find_instances(session.aws, scope), find_loose_volumes(session.aws, scope), {}, {}};
  if (with_group_and_key) {
    found.groups = find_groups(session.aws, scope);
    found.keys = find_key_pairs(session.aws, scope);
  }
  return found;
}

void show(std::ostream& out, const Found& found) {
  for (const Instance& instance : found.instances) {
    const auto cost = cost_so_far(instance, current_time());
    out << fmt::format("  instance        {}  {}  {}, {} old{}\n", instance.id, instance.type, instance.state,
                       minutes_text(current_time() - instance.launched),
                       cost ? fmt::format(", {:.2f} USD", *cost) : "");
  }
  for (const Resource& volume : found.volumes) out << "  volume          " << volume.id << "\n";
  for (const Resource& group : found.groups) out << "  security group  " << group.id << "\n";
  for (const Resource& key : found.keys) out << "  key pair        " << key.id << "\n";
}

void remove(const Aws& aws, const Found& found) {
  terminate(aws, found.instances);
  for (const Resource& volume : found.volumes) delete_volume(aws, volume);
  for (const Resource& key : found.keys) delete_key_pair(aws, key);
  for (const Resource& group : found.groups) delete_group(aws, group);
}

}  // namespace

int teardown_command(const Arguments& arguments) {
  Options options("hens-ec2 teardown [OPTIONS]",
                  "Terminates what hens-ec2 launched for you under a name, and waits until it is gone.",
                  "hens-ec2 teardown --all");
  add_account_options(options);
  options.add_flag("force", "ask nothing");
  options.add_flag("all", "the key pair and the security group that hens-ec2 made for the name, too");
  if (!options.parse(arguments, 0, 0)) return 0;
  const Session session(options);
  Found found = find_all(session, options.has("all"));
  // A launch without a clear answer may show up late: then nothing is not nothing.
  const auto unclear = session.state().pending();
  std::optional<WaitNotice> notice;
  if (unclear) notice.emplace("a launch without a clear answer to show itself");
  for (int look = 1; unclear && found.instances.empty() && look < looks_in_a_minute; ++look) {
    poll_pause();
    found = find_all(session, options.has("all"));
  }
  notice.reset();
  if (unclear && found.empty()) {
    fail(ExitCode::unavailable,
         "{}: nothing is to be seen in {}, but a launch of the last ten minutes ({}) had no clear answer: run "
         "teardown again when they are over; what was launched ends itself by {} in any case",
         session.name, session.aws.region(), unclear->launch, unclear->expires);
  }
  if (found.empty()) {
    std::cout << fmt::format("{}: nothing of yours is left in {}\n", session.name, session.aws.region());
    return 0;
  }
  std::cerr << fmt::format("{} in {}:\n", session.name, session.aws.region());
  show(std::cerr, found);
  if (!options.has("force")) {
    if (!at_terminal()) fail(ExitCode::usage, "nobody is here to confirm: --force does it without a question");
    if (!confirm("Delete all of this?")) {
      std::cout << "nothing was deleted\n";
      return static_cast<int>(ExitCode::interrupted);
    }
  }
  remove(session.aws, found);
  // Said only after looking again.
  const Found left = find_all(session, options.has("all"));
  if (!left.empty()) {
    show(std::cerr, left);
    fail(ExitCode::unavailable, "{}: this is still there: run teardown again", session.name);
  }
  if (unclear) session.state().clear_pending();
  std::cout << fmt::format("{}: nothing of yours is left in {}\n", session.name, session.aws.region());
  return 0;
}

}  // namespace hens::ec2
