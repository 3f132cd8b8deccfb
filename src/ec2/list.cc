#include <iostream>

#include "ec2/commands.h"
#include "ec2/expiry.h"
#include "ec2/launch.h"
#include "ec2/login_machine.h"

namespace hens::ec2 {
namespace {

Json json_of(const Instance& instance) {
  const auto cost = cost_so_far(instance, current_time());
  return {{"name", value_of(instance.tags, tag::name)},
          {"instance", instance.id},
          {"type", instance.type},
          {"zone", instance.zone},
          {"state", instance.state},
          {"address", instance.ip},
          {"way", value_of(instance.tags, tag::way)},
          {"launched", iso_time(instance.launched)},
          {"age_minutes", (current_time() - instance.launched).count() / 60},
          {"expires", value_of(instance.tags, tag::expires)},
          {"cost_so_far_usd", cost ? Json(*cost) : Json()},
          {"results", value_of(instance.tags, tag::results)},
          {"owner", value_of(instance.tags, tag::owner)}};
}

std::string ends_text(const Instance& instance) {
  const std::string expires = value_of(instance.tags, tag::expires);
  return expired(instance.tags, current_time()) ? expires + " (past)" : expires;
}

void print_table(const std::vector<Instance>& instances, bool with_owner) {
  const auto line = [](const auto&... cells) {
    std::cout << fmt::format("{:20} {:19} {:13} {:13} {:5} {:12} {:27} {:>9}  {}\n", cells...);
  };
  line("NAME", "INSTANCE", "TYPE", "STATE", "WAY", "AGE", "EXPIRES", "COST USD", with_owner ? "OWNER" : "ADDRESS");
  for (const Instance& instance : instances) {
    const auto cost = cost_so_far(instance, current_time());
    line(value_of(instance.tags, tag::name), instance.id, instance.type, instance.state,
         value_of(instance.tags, tag::way), minutes_text(current_time() - instance.launched), ends_text(instance),
         cost ? fmt::format("{:.2f}", *cost) : "?", with_owner ? value_of(instance.tags, tag::owner) : instance.ip);
  }
}

}  // namespace

int list_command(const Arguments& arguments) {
  Options options(
      "hens-ec2 list [OPTIONS]",
      "The machines that hens-ec2 launched in a region: age, end, cost so far (age times the launch's price; "
      "AWS' bill is what counts).",
      "hens-ec2 list --everyone");
  add_account_options(options);
  options.add_flag("everyone", "those of others in the account, too");
  options.add_flag("json", "a JSON list");
  if (!options.parse(arguments, 0, 0)) return 0;
  const Session session(options);
  const bool everyone = options.has("everyone");
  const Scope scope{everyone ? "" : session.owner, options.text("name")};
  std::vector<Instance> instances = find_instances(session.aws, scope);
  if (options.has("json")) {
    Json all = Json::array();
    for (const Instance& instance : instances) all.push_back(json_of(instance));
    std::cout << all.dump(2) << "\n";
  } else if (instances.empty()) {
    std::cout << fmt::format("nothing {}runs in {}\n", everyone ? "" : "of yours ", session.aws.region());
  } else {
    print_table(instances, everyone);
  }
  return 0;
}

}  // namespace hens::ec2
