#include <cstdlib>
#include <iostream>

#include "base/error.h"
#include "ec2/cidr.h"
#include "ec2/commands.h"
#include "ec2/launch.h"
#include "ec2/machine.h"
#include "ec2/prompt.h"

namespace hens::ec2 {
namespace {

// For a machine to boot and to let in; HENS_EC2_SSH_PATIENCE, in seconds, says otherwise.
int patience_seconds() {
  const char* set = std::getenv("HENS_EC2_SSH_PATIENCE");
  const int seconds = set == nullptr ? 0 : std::atoi(set);
  return seconds > 0 ? seconds : 600;
}

// --ssh-cidr, else our own address, else what the prompt brings.
std::vector<std::string> ssh_ranges(const Options& options) {
  if (options.has("ssh-cidr")) return parse_cidrs(options.text("ssh-cidr"));
  if (const auto ip = find_public_ip()) {
    std::cerr << "SSH from your address, " << *ip << "\n";
    return {*ip + "/32"};
  }
  if (!at_terminal()) {
    fail(ExitCode::usage, "your public address cannot be found: give --ssh-cidr, as 203.0.113.7/32");
  }
  return parse_cidrs(ask("Your public address cannot be found. SSH from (as 203.0.113.7/32): "));
}

}  // namespace

int create_command(const Arguments& arguments) {
  Options options("hens-ec2 create [OPTIONS]",
                  "Launches a machine to log in to, which ends itself when its timer does. Makes a key pair and a "
                  "security group if needed.",
                  "hens-ec2 create --image registry.example.com/hens@sha256:... --auto-shutdown 120");
  add_launch_options(options);
  options.add("ssh-cidr", "CIDRS", "who may log in: IPv4 ranges, separated by commas (default: your own address)");
  if (!options.parse(arguments, 0, 0)) return 0;
  LaunchOptions launching = read_launch_options(options);
  launching.ssh_cidrs = ssh_ranges(options);
  const Aws aws(launching.region, launching.profile);
  const auto launched = launch(aws, launching, std::nullopt);
  if (!launched) return 0;
  try {
    const Instance instance = wait_until_running(aws, *launched);
    const LocalState state(value_of(instance.tags, tag::owner), aws.region(), launching.name);
    const Machine machine(instance, state);
    std::cerr << instance.id << " runs at " << instance.ip << ", waiting for SSH ...\n";
    machine.wait_until_ready(patience_seconds());
    std::cout << fmt::format(
        "{}  {}  {}  {}\nlog in:     {}\nrun a job:  hens-ec2 run JOB.yaml\nresults:    {}\nends:       in {} min; "
        "hens-ec2 extend MIN | --cancel; hens-ec2 teardown\n",
        launching.name, instance.id, instance.zone, instance.ip, machine.login_line(),
        launching.results.empty() ? "brought when `run` ends; without --results none are uploaded"
                                  : "uploaded to " + launching.results,
        launching.shutdown_minutes);
  } catch (const Error& error) {
    const bool stopped = error.code() == ExitCode::interrupted;
    fail(error.code(),
         "{}\n  {} is launched and costs money until its timer ends it, {}: `hens-ec2 teardown --name {} --region {}` "
         "ends it now",
         stopped ? "stopped by a signal" : error.what(), launched->id, value_of(launched->tags, tag::expires),
         launching.name, aws.region());
  }
  return 0;
}

}  // namespace hens::ec2
