#include <iostream>

#include "base/error.h"
#include "ec2/commands.h"
#include "ec2/expiry.h"
#include "ec2/launch.h"
#include "ec2/login_machine.h"
#include "ec2/price.h"

namespace hens::ec2 {
namespace {

// The key pair and the group live as long as the machine.
std::vector<std::string> ids_of_all(const Session& session, const Instance& instance) {
  std::vector<std::string> ids{instance.id};
  const Scope scope{session.owner, session.name};
  for (const Resource& group : find_groups(session.aws, scope)) ids.push_back(group.id);
  for (const Resource& key : find_key_pairs(session.aws, scope)) ids.push_back(key.id);
  return ids;
}

void show_cost(const Session& session, const Instance& instance, int minutes) {
  const std::string price = value_of(instance.tags, tag::price);
  if (price.empty()) return;
  std::cerr << fmt::format("{} {} from now on: {} min x {} USD/h\n",
                           is_priced(session.aws.region()) ? "At most" : "About",
                           most_cost_text(parse_price(price), std::chrono::minutes(minutes)), minutes, price);
}

}  // namespace

int extend_command(const Arguments& arguments) {
  Options options("hens-ec2 extend MIN | --cancel [OPTIONS]",
                  "Sets the shutdown timer of the machine to MIN minutes from now, or switches it off.",
                  "hens-ec2 extend 120");
  add_account_options(options);
  options.add_flag("cancel", "no timer any more: the machine runs, and costs, until `hens-ec2 teardown`");
  if (!options.parse(arguments, 0, 1)) return 0;
  const bool cancel = options.has("cancel");
  if (cancel == (options.positional().size() == 1)) {
    fail(ExitCode::usage, "give minutes or --cancel: `hens-ec2 extend 120`");
  }
  const int minutes = cancel ? 0 : parse_number("MIN", options.positional()[0], 1, 7 * 24 * 60);
  const Session session(options);
  const Instance instance = find_login_machine(session);
  const Machine machine(instance, session.state());
  // The machine first: what the tags say must not be later than what it does.
  machine.demand(cancel ? "sudo /opt/hens-ec2/timer cancel" : fmt::format("sudo /opt/hens-ec2/timer set {}", minutes));
  const std::string end = cancel ? "never" : iso_time(current_time() + std::chrono::minutes(minutes));
  set_expiry(session.aws, ids_of_all(session, instance), end);
  if (!cancel) show_cost(session, instance, minutes);
  std::cout << fmt::format("{}  {}  ends: {}\n", session.name, instance.id, end);
  return 0;
}

}  // namespace hens::ec2
