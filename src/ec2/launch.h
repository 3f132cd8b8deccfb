// A launch, for `create` and `submit`: what to launch, what it can cost, and exactly one instance of it or none.
//
// How one stays one: everything is found again by tags before it is made; the launch has a number, noted before the
// call; each zone's attempt has a client token made of it, so that EC2 itself answers a repeated attempt with the
// instance that it made for the first; only an answer that says "no capacity" leads to the next zone.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/options.h"
#include "ec2/local_state.h"
#include "ec2/resources.h"
#include "ec2/user_data.h"

namespace hens::ec2 {

// What both commands know; one member an option.
struct LaunchOptions {
  std::string region, profile;
  std::string name = "hens-benchmark";
  std::string image;  // by digest, or empty
  std::string results, instance_profile;
  Tags user_tags;
  int shutdown_minutes = 60;
  std::string instance_type = "g6e.4xlarge";
  std::string ami, subnet;
  std::optional<double> price;
  bool spot = false;                 // one that EC2 may take back
  std::optional<double> spot_price;  // the most an hour that it may cost; none: the price on demand
  bool dry_run = false;
  std::vector<std::string> ssh_cidrs;  // of a machine to log in to
};

void add_account_options(Options& options);  // --region, --profile, --name
void add_launch_options(Options& options);
LaunchOptions read_launch_options(const Options& options);

// Checks --image: name@sha256:<64 hex digits>. A tag may mean another image tomorrow. Throws Error{usage}.
void check_image(const std::string& image);
// Checks --results: s3://bucket/prefix, returned without a slash at its end. Throws Error{usage}.
std::string check_results(const std::string& results);

// The job in a file, ready to be handed over.
struct JobText {
  std::string name, text;
};

// Everything that a call to run-instances says.
struct LaunchPlan {
  std::string launch, ami, root_device, instance_type, key_name, instance_profile, user_data;
  Tags tags;
  bool spot = false;
  std::optional<double> spot_price;
};

// `ec2 run-instances ...` for one zone. `user_data_file` holds plan.user_data.
std::vector<std::string> run_instances_words(const LaunchPlan& plan, const Subnet& subnet, const std::string& group,
                                             const fs::path& user_data_file);

// Launches, `job` at once or a machine to log in to. None after a dry run. Throws Error{cannot_create} where a machine
// of that name lives already.
std::optional<Instance> launch(const Aws& aws, const LaunchOptions& options, const std::optional<JobText>& job);

// Waits until it runs and has an address. Throws Error{unavailable} where it ends instead.
Instance wait_until_running(const Aws& aws, const Instance& instance);

}  // namespace hens::ec2
