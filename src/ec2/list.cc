#include <algorithm>
#include <atomic>
#include <iostream>
#include <thread>

#include "base/stop.h"
#include "ec2/commands.h"
#include "ec2/expiry.h"
#include "ec2/launch.h"
#include "ec2/login_machine.h"

namespace hens::ec2 {
namespace {

// What one region holds, or why it could not be asked.
struct Looked {
  std::string region;
  std::vector<Instance> instances;
  std::string problem;
  ExitCode code = ExitCode::ok;
};

Looked look_in(const Aws& aws, const Scope& scope) {
  Looked looked{aws.region(), {}, "", ExitCode::ok};
  try {
    looked.instances = find_instances(aws, scope);
  } catch (const Error& error) {
    looked.problem = error.what();
    looked.code = error.code();
  }
  return looked;
}

// All regions that the account has enabled, some at a time: an aws command takes a second or two.
std::vector<Looked> look_everywhere(const Aws& aws, const Scope& scope) {
  std::vector<Looked> found;
  for (const Json& region : aws.call({"ec2", "describe-regions"}).value("Regions", Json::array())) {
    found.push_back({region.value("RegionName", ""), {}, "", ExitCode::ok});
  }
  std::sort(found.begin(), found.end(), [](const Looked& a, const Looked& b) { return a.region < b.region; });
  std::atomic<size_t> next{0};
  const auto work = [&] {
    for (size_t i = next++; i < found.size(); i = next++) {
      // A name of another form than ours is a region's problem, not the list's.
      try {
        found[i] = look_in(aws.in_region(found[i].region), scope);
      } catch (const Error& error) {
        found[i].problem = error.what();
        found[i].code = error.code();
      }
    }
  };
  constexpr size_t most_at_a_time = 8;
  std::vector<std::thread> threads;
  for (size_t i = 0; i < std::min(most_at_a_time, found.size()); ++i) threads.emplace_back(work);
  for (std::thread& thread : threads) thread.join();
  return found;
}

Json json_of(const Instance& instance, const std::string& region) {
  const auto cost = cost_so_far(instance, current_time());
  return {{"name", value_of(instance.tags, tag::name)},
          {"instance", instance.id},
          {"type", instance.type},
          {"zone", instance.zone},
          {"region", region},
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
    std::cout << fmt::format("{:20} {:19} {:13} {:15} {:13} {:5} {:12} {:27} {:>9}  {}\n", cells...);
  };
  line("NAME", "INSTANCE", "TYPE", "ZONE", "STATE", "WAY", "AGE", "EXPIRES", "COST USD",
       with_owner ? "OWNER" : "ADDRESS");
  for (const Instance& instance : instances) {
    const auto cost = cost_so_far(instance, current_time());
    line(value_of(instance.tags, tag::name), instance.id, instance.type, instance.zone, instance.state,
         value_of(instance.tags, tag::way), minutes_text(current_time() - instance.launched), ends_text(instance),
         cost ? fmt::format("{:.2f}", *cost) : "?", with_owner ? value_of(instance.tags, tag::owner) : instance.ip);
  }
}

}  // namespace

int list_command(const Arguments& arguments) {
  Options options("hens-ec2 list [OPTIONS]",
                  "The machines that hens-ec2 launched in a region, or in all: age, end, cost so far (age times the "
                  "launch's price; "
                  "AWS' bill is what counts).",
                  "hens-ec2 list --all-regions");
  add_account_options(options);
  options.add_flag("everyone", "those of others in the account, too");
  options.add_flag("all-regions", "in every region that the account has enabled");
  options.add_flag("json", "a JSON list");
  if (!options.parse(arguments, 0, 0)) return 0;
  const bool everywhere = options.has("all-regions");
  // Any region can be asked for the list of all.
  const Session session(options, everywhere ? "us-east-1" : "");
  const bool everyone = options.has("everyone");
  const Scope scope{everyone ? "" : session.owner, options.text("name")};
  const std::vector<Looked> found =
      everywhere ? look_everywhere(session.aws, scope)
                 : std::vector<Looked>{{session.aws.region(), find_instances(session.aws, scope), "", ExitCode::ok}};
  stop_if_requested();
  std::vector<Instance> instances;
  for (const Looked& looked : found) {
    instances.insert(instances.end(), looked.instances.begin(), looked.instances.end());
  }
  const std::string where =
      everywhere ? fmt::format("the {} regions of the account", found.size()) : session.aws.region();
  if (options.has("json")) {
    Json all = Json::array();
    for (const Looked& looked : found) {
      for (const Instance& instance : looked.instances) all.push_back(json_of(instance, looked.region));
    }
    std::cout << all.dump(2) << "\n";
  } else if (instances.empty()) {
    std::cout << fmt::format("nothing {}runs in {}\n", everyone ? "" : "of yours ", where);
  } else {
    print_table(instances, everyone);
  }
  if (!everywhere) std::cerr << fmt::format("region {}; --all-regions looks in all\n", session.aws.region_text());
  ExitCode code = ExitCode::ok;
  for (const Looked& looked : found) {
    if (looked.problem.empty()) continue;
    std::cerr << fmt::format("{} was not looked at: {}\n", looked.region, looked.problem);
    code = looked.code;
  }
  return static_cast<int>(code);
}

}  // namespace hens::ec2
