#include "ec2/launch.h"

#include <iostream>
#include <random>

#include "base/stop.h"
#include "ec2/instance_type.h"
#include "ec2/price.h"
#include "ec2/wait_notice.h"

namespace hens::ec2 {
namespace {

constexpr int disk_gigabytes = 200;
constexpr auto start_allowance = std::chrono::minutes(10);  // the timer starts when the machine does, the tag now
constexpr auto start_patience = std::chrono::minutes(10);

std::string new_launch_number() {
  std::random_device source;
  return fmt::format("{:08x}{:08x}", source(), source());
}

Time now() { return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()); }

// The most that an hour costs.
std::optional<double> price_of(const LaunchOptions& options) {
  if (options.spot_price) return options.spot_price;
  return options.price ? options.price : default_price(options.instance_type);
}

Tags launch_tags(const LaunchOptions& options, const std::string& owner, const LocalState::Pending& pending,
                 bool is_job) {
  Tags tags = options.user_tags;
  tags["Name"] = options.name;
  tags[tag::managed] = "true";
  tags[tag::owner] = owner;
  tags[tag::name] = options.name;
  tags[tag::launch] = pending.launch;
  tags[tag::way] = is_job ? "job" : "login";
  tags[tag::expires] = pending.expires;
  if (const auto price = price_of(options)) {
    tags[tag::price] = fmt::format("{}", *price);
  }
  if (!options.image.empty()) tags[tag::image] = options.image;
  if (!options.results.empty()) tags[tag::results] = options.results;
  return tags;
}

void refuse_second(const std::vector<Instance>& there, const LaunchOptions& options) {
  for (const Instance& instance : there) {
    if (!instance.alive()) continue;
    fail(ExitCode::cannot_create,
         "{} is there already: {}, {}, expires {}. `hens-ec2 run` uses it, `hens-ec2 teardown --name {}` ends it, "
         "--name makes another one",
         options.name, instance.id, instance.state, value_of(instance.tags, tag::expires), options.name);
  }
}

std::optional<Instance> find_launched(const Aws& aws, const Tags& tags) {
  for (const Instance& instance : find_instances(aws, {value_of(tags, tag::owner), value_of(tags, tag::name)})) {
    if (value_of(instance.tags, tag::launch) == value_of(tags, tag::launch)) return instance;
  }
  return std::nullopt;
}

[[noreturn]] void fail_unclear(const Aws& aws, const LaunchPlan& plan, ExitCode code, const std::string& what) {
  const std::string where = fmt::format("--name {} --region {}", value_of(plan.tags, tag::name), aws.region());
  fail(code,
       "{}\n  EC2 may have launched an instance (launch {}) or not: the same command within ten minutes asks again for "
       "that very one; `hens-ec2 list {}` shows it, `hens-ec2 teardown {}` ends it. It ends itself in any case.",
       what, plan.launch, where, where);
}

// Whether a launched instance is among those that EC2 tells of, now or within a minute. A stop request ends the
// looking: what is launched is told of all the same.
bool is_seen(const Aws& aws, const Tags& tags) {
  const WaitNotice notice("the instance to be seen");
  for (int look = 0; look < looks_in_a_minute && !stop_requested(); ++look) {
    try {
      if (look > 0) poll_pause();
      if (find_launched(aws, tags)) return true;
    } catch (const Error&) {  // it is launched all the same
    }
  }
  return false;
}

// One zone: the same attempt up to three times where no answer came.
Instance run_in(const Aws& aws, const LaunchPlan& plan, const std::vector<std::string>& words) {
  bool was_unclear = false;
  for (int attempt = 1;; ++attempt) {
    try {
      const Json answer = aws.call(words);
      Instance instance;
      instance.id = answer.at("Instances").at(0).value("InstanceId", "");
      instance.tags = plan.tags;
      return instance;
    } catch (const AwsError& error) {
      const bool unclear = error.kind() == AwsErrorKind::ambiguous;
      // The token was used, with other words: by an attempt of ours that was cut off.
      const bool used = error.aws_code() == "IdempotentParameterMismatch";
      if (error.kind() == AwsErrorKind::capacity || !(unclear || used || was_unclear)) throw;
      if (const auto found = find_launched(aws, plan.tags)) return *found;
      if (!unclear || attempt == 3) fail_unclear(aws, plan, ExitCode::unavailable, error.what());
      was_unclear = true;
    }
    poll_pause();
  }
}

Instance run_where_capacity_is(const Aws& aws, const LaunchPlan& plan, const std::vector<Subnet>& subnets,
                               const std::string& group, const fs::path& user_data_file) {
  std::string full;
  for (const Subnet& subnet : subnets) {
    std::cerr << fmt::format("launching {} in {} ...\n", plan.instance_type, subnet.zone);
    try {
      return run_in(aws, plan, run_instances_words(plan, subnet, group, user_data_file));
    } catch (const AwsError& error) {
      if (error.kind() != AwsErrorKind::capacity) throw;
      std::cerr << fmt::format("{}: {}\n", subnet.zone, error.aws_code());
      full += (full.empty() ? "" : ", ") + subnet.zone;
    }
  }
  throw AwsError(
      AwsErrorKind::capacity, "",
      fmt::format("no capacity for {}{} in {}: try again later, another --region, or another --instance-type{}",
                  plan.instance_type, plan.spot ? " as a spot machine" : "", full,
                  !plan.spot        ? ""
                  : plan.spot_price ? ", a higher --spot-price, or none"
                                    : ", or without --spot"));
}

// Removed when the call is over.
class UserDataFile {
 public:
  UserDataFile(fs::path path, const std::string& text) : path_(std::move(path)) { publish_file(path_, text); }
  UserDataFile(const UserDataFile&) = delete;
  UserDataFile& operator=(const UserDataFile&) = delete;
  ~UserDataFile() {
    std::error_code ignored;
    fs::remove(path_, ignored);
  }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

void show_plan(const LaunchPlan& plan, const LaunchOptions& options, const std::vector<Subnet>& subnets, bool is_job) {
  std::cout << "dry run: nothing was changed. It would\n";
  if (!is_job) std::cout << fmt::format("- use or make a key pair hens-ec2-{}-...\n", options.name);
  std::cout << fmt::format(
      "- use or make a security group hens-ec2-{}-..., SSH from {}\n", options.name,
      options.ssh_cidrs.empty() ? "nowhere" : fmt::format("{}", fmt::join(options.ssh_cidrs, ", ")));
  for (size_t i = 0; i < subnets.size(); ++i) {
    std::cout << fmt::format("- {}launch in {} ({})\n", i == 0 ? "" : "where that has no capacity, ", subnets[i].zone,
                             subnets[i].id);
  }
  const auto words = run_instances_words(plan, subnets[0], "sg-...", "USER_DATA");
  std::cout << "with the call\n  aws";
  for (const std::string& word : words) std::cout << (word.starts_with("--") ? " \\\n    " : " ") << shell_quoted(word);
  std::cout << "\nand the user data\n" << plan.user_data;
}

std::string user_data_of(const LaunchOptions& options, const std::string& launch_number, const Aws& aws,
                         const std::optional<JobText>& job) {
  MachineConfig config{options.name, launch_number, aws.region()};
  config.way = job ? "job" : "login";
  config.shutdown_minutes = options.shutdown_minutes;
  config.image = options.image;
  config.results = options.results;
  config.spot = options.spot;
  if (job) config.job_name = job->name, config.job_text = job->text;
  return render_user_data(config);
}

}  // namespace

std::vector<std::string> run_instances_words(const LaunchPlan& plan, const Subnet& subnet, const std::string& group,
                                             const fs::path& user_data_file) {
  const Json metadata = {{"HttpTokens", "required"}, {"HttpPutResponseHopLimit", 2}, {"HttpEndpoint", "enabled"}};
  const Json disk = {
      {"VolumeSize", disk_gigabytes}, {"VolumeType", "gp3"}, {"Encrypted", true}, {"DeleteOnTermination", true}};
  const Json specifications =
      Json::array({tag_specification("instance", plan.tags), tag_specification("volume", plan.tags)});
  std::vector<std::string> words{"ec2",
                                 "run-instances",
                                 "--client-token",
                                 plan.launch + "-" + subnet.zone,
                                 "--count",
                                 "1",
                                 "--image-id",
                                 plan.ami,
                                 "--instance-type",
                                 plan.instance_type,
                                 "--subnet-id",
                                 subnet.id,
                                 "--security-group-ids",
                                 group,
                                 "--associate-public-ip-address",
                                 "--instance-initiated-shutdown-behavior",
                                 "terminate",
                                 "--metadata-options",
                                 metadata.dump(),
                                 "--block-device-mappings",
                                 Json::array({{{"DeviceName", plan.root_device}, {"Ebs", disk}}}).dump(),
                                 "--tag-specifications",
                                 specifications.dump(),
                                 "--user-data",
                                 "file://" + user_data_file.string()};
  if (plan.spot) {
    // Of one launch: a request that stays would start machines that nobody sees.
    Json spot{{"SpotInstanceType", "one-time"}, {"InstanceInterruptionBehavior", "terminate"}};
    if (plan.spot_price) spot["MaxPrice"] = fmt::format("{}", *plan.spot_price);
    words.insert(words.end(),
                 {"--instance-market-options", Json{{"MarketType", "spot"}, {"SpotOptions", spot}}.dump()});
  }
  if (!plan.key_name.empty()) words.insert(words.end(), {"--key-name", plan.key_name});
  if (!plan.instance_profile.empty()) {
    words.insert(words.end(), {"--iam-instance-profile", Json{{"Name", plan.instance_profile}}.dump()});
  }
  return words;
}

namespace {

// What a stop by a signal left behind depends on how far it was.
enum class Reached { nothing, request };

std::optional<Instance> launch_reaching(const Aws& aws, const LaunchOptions& options, const std::optional<JobText>& job,
                                        Reached& reached) {
  const std::string owner = aws.caller();
  const LocalState state(owner, aws.region(), options.name);
  std::optional<FileLock> one_at_a_time;
  if (!options.dry_run) one_at_a_time.emplace(state.scratch("lock"));
  refuse_second(find_instances(aws, {owner, options.name}), options);
  check_instance_type(aws, options.instance_type);
  const MachineImage image = find_machine_image(aws, options.ami);
  const std::vector<Subnet> subnets = find_subnets(aws, options.subnet, options.instance_type);
  const std::string expires = iso_time(now() + std::chrono::minutes(options.shutdown_minutes) + start_allowance);
  auto pending = state.pending();
  if (pending && has_ended(aws, owner, pending->launch)) pending.reset();
  const LocalState::Pending number = pending.value_or(LocalState::Pending{new_launch_number(), expires});
  LaunchPlan plan{number.launch,
                  image.id,
                  image.root_device,
                  options.instance_type,
                  "",
                  options.instance_profile,
                  user_data_of(options, number.launch, aws, job),
                  launch_tags(options, owner, number, job.has_value()),
                  options.spot,
                  options.spot_price};
  std::cerr << fmt::format("region {}\n", aws.region_text());
  std::cerr << launch_cost_text(options.instance_type, aws.region(), options.price, options.shutdown_minutes) << "\n";
  if (options.spot) std::cerr << spot_text(options.spot_price) << "\n";
  if (options.dry_run) {
    show_plan(plan, options, subnets, job.has_value());
    return std::nullopt;
  }
  if (!job) state.ensure_key();
  refuse_second(find_instances(aws, {owner, options.name}), options);  // choosing took a while
  state.set_pending(number);
  if (!job) plan.key_name = ensure_key_pair(aws, state.public_key(), plan.tags);
  const std::string group = ensure_group(aws, subnets[0].vpc, plan.tags, options.ssh_cidrs);
  const UserDataFile user_data(state.scratch("user_data.sh"), plan.user_data);
  reached = Reached::request;
  try {
    Instance instance = run_where_capacity_is(aws, plan, subnets, group, user_data.path());
    std::cerr << fmt::format("{} is launched\n", instance.id);
    // Until all can see it, its number stays: who asks again in the meantime gets this very one.
    if (is_seen(aws, plan.tags)) state.clear_pending();
    return instance;
  } catch (const AwsError&) {
    state.clear_pending();  // a clear no: the next try is another attempt
    throw;
  } catch (const Error& error) {
    if (error.code() != ExitCode::interrupted) throw;
    fail_unclear(aws, plan, error.code(), "stopped by a signal while EC2 was asked for an instance");
  }
}

}  // namespace

std::optional<Instance> launch(const Aws& aws, const LaunchOptions& options, const std::optional<JobText>& job) {
  Reached reached = Reached::nothing;
  try {
    return launch_reaching(aws, options, job, reached);
  } catch (const Error& error) {
    if (error.code() != ExitCode::interrupted || reached != Reached::nothing) throw;
    fail(error.code(), "stopped by a signal before EC2 was asked for an instance: this command launched none");
  }
}

Instance wait_until_running(const Aws& aws, const Instance& wanted) {
  const WaitNotice notice(fmt::format("{} to run", wanted.id));
  const auto end = std::chrono::steady_clock::now() + start_patience;
  std::string state = "not to be seen";
  while (std::chrono::steady_clock::now() < end) {
    const auto found = find_launched(aws, wanted.tags);
    if (found) state = found->state;
    if (found && found->state == "running" && !found->ip.empty()) return *found;
    if (found && !found->alive()) {
      fail(ExitCode::unavailable, "{} ended while it started: {}", wanted.id, found->reason);
    }
    poll_pause();
  }
  fail(ExitCode::unavailable, "{} does not start: it is {}", wanted.id, state);
}

}  // namespace hens::ec2
