#include <iostream>
#include <set>

#include "base/error.h"
#include "ec2/commands.h"
#include "ec2/expiry.h"
#include "ec2/launch.h"
#include "ec2/login_machine.h"

namespace hens::ec2 {
namespace {

constexpr int longest_look_ahead_minutes = 365 * 24 * 60;

using OwnerAndName = std::pair<std::string, std::string>;

OwnerAndName whose(const Tags& tags) { return {value_of(tags, tag::owner), value_of(tags, tag::name)}; }

// Somebody may have typed `shutdown +120` on the machine, which no tag tells: it is asked, where it can be.
std::optional<std::string> later_end(const Session& session, const Instance& instance, Time when) {
  if (value_of(instance.tags, tag::way) != "login" || instance.state != "running" || instance.ip.empty())
    return std::nullopt;
  const LocalState state(session.owner, session.aws.region(), value_of(instance.tags, tag::name));
  std::error_code ignored;
  if (value_of(instance.tags, tag::owner) != session.owner || !fs::exists(state.private_key(), ignored))
    return std::nullopt;
  const auto says = Machine(instance, state).deadline();
  if (!says || *says == "never") return says;
  const Time end{std::chrono::seconds(std::strtoll(says->c_str(), nullptr, 10))};
  return end > when ? std::optional(iso_time(end)) : std::nullopt;
}

class Reaper {
 public:
  Reaper(const Session& session, Scope scope, Time when, bool dry_run)
      : session_(session), scope_(std::move(scope)), when_(when), dry_run_(dry_run) {}

  void instances() {
    std::vector<Instance> over;
    for (const Instance& instance : find_instances(session_.aws, scope_)) {
      if (!instance.alive()) {
        over.push_back(instance);  // waited for: what it uses can be deleted only then
      } else if (!expired(instance.tags, when_) || spared(instance)) {
        in_use_.insert(whose(instance.tags));
      } else {
        say("instance", instance.id, instance.tags);
        over.push_back(instance);
      }
    }
    if (!dry_run_) terminate(session_.aws, over);
  }

  // Things without an instance that lives.
  void others(const char* kind, const std::vector<Resource>& resources, void (*remove)(const Aws&, const Resource&)) {
    for (const Resource& resource : resources) {
      if (!expired(resource.tags, when_) || in_use_.count(whose(resource.tags)) > 0) continue;
      say(kind, resource.id, resource.tags);
      if (!dry_run_) remove(session_.aws, resource);
    }
  }

  int count() const { return count_; }

 private:
  bool spared(const Instance& instance) {
    const auto end = later_end(session_, instance, when_);
    if (!end) return false;
    std::cout << fmt::format("left alone: {}: its own timer says {}\n", instance.id, *end);
    if (!dry_run_) set_expiry(session_.aws, {instance.id}, *end);
    return true;
  }

  void say(const char* kind, const std::string& id, const Tags& tags) {
    ++count_;
    std::cout << fmt::format("{}: {} {} of {}, expires {}\n", dry_run_ ? "would delete" : "deleting", kind, id,
                             value_of(tags, tag::name), value_of(tags, tag::expires));
  }

  const Session& session_;
  Scope scope_;
  Time when_;
  bool dry_run_;
  std::set<OwnerAndName> in_use_;
  int count_ = 0;
};

}  // namespace

int reap_command(const Arguments& arguments) {
  Options options(
      "hens-ec2 reap [OPTIONS]",
      "Deletes what hens-ec2 made and whose time is over: instances whose timer should have ended them, and "
      "volumes, key pairs and security groups that nothing uses. A machine that was extended by hand says "
      "so, where it can be asked, and is left alone.",
      "hens-ec2 reap --dry-run");
  add_account_options(options);
  options.add("within", "MIN", "also what expires so soon (default: 0)");
  options.add_flag("everyone", "that of others in the account, too");
  options.add_flag("dry-run", "say what would be deleted");
  if (!options.parse(arguments, 0, 0)) return 0;
  const int within = options.number("within", 0, 0, longest_look_ahead_minutes);
  const Session session(options);
  const Scope scope{options.has("everyone") ? "" : session.owner, options.text("name")};
  Reaper reaper(session, scope, current_time() + std::chrono::minutes(within), options.has("dry-run"));
  reaper.instances();
  reaper.others("volume", find_loose_volumes(session.aws, scope), delete_volume);
  reaper.others("key pair", find_key_pairs(session.aws, scope), delete_key_pair);
  reaper.others("security group", find_groups(session.aws, scope), delete_group);
  if (reaper.count() == 0) std::cout << "nothing has expired\n";
  return 0;
}

}  // namespace hens::ec2
