#include <algorithm>
#include <regex>

#include "base/error.h"
#include "ec2/cidr.h"
#include "ec2/launch.h"
#include "ec2/price.h"

namespace hens::ec2 {
namespace {

constexpr int longest_timer_minutes = 7 * 24 * 60;

void check_form(const char* option, const std::string& value, const char* form, const char* example) {
  if (!value.empty() && !std::regex_match(value, std::regex(form))) {
    fail(ExitCode::usage, "{} {}: expected one as {}", option, value, example);
  }
}

}  // namespace

void add_account_options(Options& options) {
  options.add("name", "NAME", "what belongs together (default: hens-benchmark)");
  options.add("region", "REGION", "default: $AWS_REGION, $REGION, $AWS_DEFAULT_REGION or the profile's, in this order");
  options.add("profile", "PROFILE", "of the aws command line (default: its own)");
}

void add_launch_options(Options& options) {
  add_account_options(options);
  options.add("image", "IMAGE", "the container image by digest, as `make push` prints it: NAME@sha256:...");
  options.add("tags", "JSON", R"(more tags, as '{"Customer": "acme"}')");
  options.add("auto-shutdown", "MIN", "the machine terminates itself after so many minutes (default: 60)");
  options.add("instance-type", "TYPE", "one with a GPU of NVIDIA's (default: g6e.4xlarge: L40S, 48 GB)");
  options.add("ami", "AMI", "default: Amazon's current Deep Learning Base OSS driver image (Ubuntu 22.04)");
  options.add("subnet", "SUBNET", "default: the default subnets, zone after zone until one has capacity");
  options.add("results", "S3URI", "s3://BUCKET/PREFIX to which results are uploaded");
  options.add("instance-profile", "NAME", "the machine's own rights: docs/ec2.md has the policy");
  options.add("price-per-hour", "USD", "for the cost shown (default: a table of the usual types)");
  options.add_flag("spot",
                   "a spot machine, which costs less and which EC2 may take back: the same command then goes on");
  options.add("spot-price", "USD", "the most an hour that a spot machine may cost (default: the price on demand)");
  options.add_flag("dry-run", "show what would be done, change nothing");
}

LaunchOptions read_launch_options(const Options& options) {
  LaunchOptions read;
  read.region = options.text("region");
  read.profile = options.text("profile");
  read.name = options.text("name", read.name);
  check_name(read.name);
  read.image = options.text("image");
  if (!read.image.empty()) check_image(read.image);
  read.user_tags = parse_user_tags(options.text("tags"));
  read.shutdown_minutes = options.number("auto-shutdown", read.shutdown_minutes, 1, longest_timer_minutes);
  read.instance_type = options.text("instance-type", read.instance_type);
  check_form("--instance-type", read.instance_type, "[a-z0-9-]+\\.[a-z0-9-]+", "g6e.4xlarge");
  read.ami = options.text("ami");
  check_form("--ami", read.ami, "ami-[0-9a-f]+", "ami-0123456789abcdef0");
  read.subnet = options.text("subnet");
  check_form("--subnet", read.subnet, "subnet-[0-9a-f]+", "subnet-0123456789abcdef0");
  if (options.has("results")) read.results = check_results(options.text("results"));
  read.instance_profile = options.text("instance-profile");
  check_form("--instance-profile", read.instance_profile, "[A-Za-z0-9+=,.@_-]{1,128}", "hens-results");
  if (!read.results.empty() && read.instance_profile.empty()) {
    fail(ExitCode::usage, "--results needs --instance-profile: without it the machine may not write there");
  }
  if (options.has("price-per-hour")) read.price = parse_price(options.text("price-per-hour"));
  read.spot = options.has("spot");
  if (options.has("spot-price")) {
    if (!read.spot) fail(ExitCode::usage, "--spot-price is of a spot machine: give --spot, too");
    read.spot_price = parse_price(options.text("spot-price"));
  }
  read.dry_run = options.has("dry-run");
  return read;
}

void check_image(const std::string& image) {
  static const std::regex form(R"([A-Za-z0-9][A-Za-z0-9._/:-]*@sha256:[0-9a-f]{64})");
  if (image.size() <= 255 && std::regex_match(image, form)) return;
  fail(ExitCode::usage,
       "--image {}: expected NAME@sha256:DIGEST, as `make push` prints it: a tag may mean another image tomorrow",
       image);
}

std::string check_results(const std::string& results) {
  static const std::regex form(
      R"(s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/[A-Za-z0-9!_.*()/=+@-]*[A-Za-z0-9!_.*()=+@-]/?)");
  if (results.size() > 256 || !std::regex_match(results, form)) {
    fail(ExitCode::usage, "--results {}: expected s3://BUCKET/PREFIX, of at most 256 plain characters", results);
  }
  return results.ends_with('/') ? results.substr(0, results.size() - 1) : results;
}

}  // namespace hens::ec2
