#include "ec2/resources.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <set>
#include <thread>

#include "base/checksum.h"
#include "base/stop.h"
#include "ec2/wait_notice.h"

namespace hens::ec2 {
namespace {

constexpr int ssh_port = 22;
constexpr auto patience = std::chrono::minutes(10);
constexpr const char* ami_parameter =
    "/aws/service/deeplearning/ami/x86_64/base-oss-nvidia-driver-gpu-ubuntu-22.04/latest/ami-id";

Json filter(const std::string& name, const std::vector<std::string>& values) {
  return {{"Name", name}, {"Values", values}};
}

// Asks by tags, and believes only what the answer's own tags prove.
bool in_scope(const Tags& tags, const Scope& scope) {
  if (scope.owner.empty()) return value_of(tags, tag::managed) == "true";
  return proves_ours(tags, scope.owner, scope.name);
}

std::vector<Resource> find(const Aws& aws, const std::string& operation, const Json& filters, const Scope& scope,
                           const char* list, const char* id) {
  std::vector<Resource> found;
  const Json answer = aws.call({"ec2", operation, "--filters", filters.dump()});
  for (const Json& entry : answer.value(list, Json::array())) {
    Resource resource{entry.value(id, ""), entry.value("KeyName", ""), tags_from_json(entry)};
    const bool again = std::any_of(found.begin(), found.end(), [&](const Resource& r) { return r.id == resource.id; });
    if (!again && in_scope(resource.tags, scope)) found.push_back(std::move(resource));
  }
  return found;
}

Instance instance_from(const Json& entry) {
  Instance instance;
  instance.id = entry.value("InstanceId", "");
  instance.state = entry.value("State", Json::object()).value("Name", "");
  instance.type = entry.value("InstanceType", "");
  instance.zone = entry.value("Placement", Json::object()).value("AvailabilityZone", "");
  instance.ip = entry.value("PublicIpAddress", "");
  instance.reason = entry.value("StateReason", Json::object()).value("Message", "");
  // 2024-01-01T00:00:00.000Z or +00:00: the service speaks UTC.
  instance.launched = parse_time(entry.value("LaunchTime", "1970-01-01T00:00:00").substr(0, 19));
  instance.tags = tags_from_json(entry);
  return instance;
}

std::set<std::string> zones_with(const Aws& aws, const std::string& instance_type) {
  const Json answer = aws.call({"ec2", "describe-instance-type-offerings", "--location-type", "availability-zone",
                                "--filters", Json::array({filter("instance-type", {instance_type})}).dump()});
  std::set<std::string> zones;
  for (const Json& offering : answer.value("InstanceTypeOfferings", Json::array())) {
    zones.insert(offering.value("Location", ""));
  }
  return zones;
}

Subnet subnet_from(const Json& entry) {
  return {entry.value("SubnetId", ""), entry.value("AvailabilityZone", ""), entry.value("VpcId", "")};
}

std::optional<Resource> find_group_of(const Aws& aws, const std::string& vpc, const Tags& tags) {
  const Scope scope{value_of(tags, tag::owner), value_of(tags, tag::name)};
  Json filters = ours_filter(scope.owner, scope.name);
  filters.push_back(filter("vpc-id", {vpc}));
  for (Resource& group : find(aws, "describe-security-groups", filters, scope, "SecurityGroups", "GroupId")) {
    if (value_of(group.tags, tag::way) == value_of(tags, tag::way)) return std::move(group);
  }
  return std::nullopt;
}

// Its name has the launch's number in it: a group of somebody else's cannot have it.
std::string make_group(const Aws& aws, const std::string& vpc, const Tags& tags) {
  const std::string name = fmt::format("hens-ec2-{}-{}", value_of(tags, tag::name), value_of(tags, tag::launch));
  for (int attempt = 1;; ++attempt) {
    try {
      const Json answer =
          aws.call({"ec2", "create-security-group", "--group-name", name, "--description",
                    "made by hens-ec2 for " + value_of(tags, tag::name), "--vpc-id", vpc, "--tag-specifications",
                    Json::array({tag_specification("security-group", tags)}).dump()});
      return answer.value("GroupId", "");
    } catch (const AwsError& error) {
      if (error.kind() != AwsErrorKind::ambiguous && error.kind() != AwsErrorKind::duplicate) throw;
      if (const auto made = find_group_of(aws, vpc, tags)) return made->id;
      if (attempt == 3 || error.kind() == AwsErrorKind::duplicate) throw;
    }
    poll_pause();
  }
}

std::set<std::string> ssh_ranges_of(const Aws& aws, const std::string& group) {
  std::set<std::string> ranges;
  const Json answer = aws.call({"ec2", "describe-security-groups", "--group-ids", group});
  for (const Json& permission : answer.at("SecurityGroups").at(0).value("IpPermissions", Json::array())) {
    for (const Json& range : permission.value("IpRanges", Json::array())) ranges.insert(range.value("CidrIp", ""));
  }
  return ranges;
}

void change_ranges(const Aws& aws, const char* operation, const std::string& group,
                   const std::vector<std::string>& cidrs) {
  if (cidrs.empty()) return;
  Json ranges = Json::array();
  for (const std::string& cidr : cidrs) ranges.push_back({{"CidrIp", cidr}});
  const Json permissions = Json::array(
      {{{"IpProtocol", "tcp"}, {"FromPort", ssh_port}, {"ToPort", ssh_port}, {"IpRanges", std::move(ranges)}}});
  for (int attempt = 1;; ++attempt) {
    try {
      aws.call({"ec2", operation, "--group-id", group, "--ip-permissions", permissions.dump()});
      return;
    } catch (const AwsError& error) {
      // A retry after a lost answer finds it done.
      if (error.kind() == AwsErrorKind::duplicate || error.kind() == AwsErrorKind::missing) return;
      if (error.kind() != AwsErrorKind::ambiguous || attempt == 3) throw;
    }
    poll_pause();
  }
}

void set_ranges(const Aws& aws, const std::string& group, const std::vector<std::string>& wanted) {
  const std::set<std::string> have = ssh_ranges_of(aws, group);
  std::vector<std::string> missing, stale;
  std::set_difference(wanted.begin(), wanted.end(), have.begin(), have.end(), std::back_inserter(missing));
  std::set_difference(have.begin(), have.end(), wanted.begin(), wanted.end(), std::back_inserter(stale));
  change_ranges(aws, "authorize-security-group-ingress", group, missing);
  change_ranges(aws, "revoke-security-group-ingress", group, stale);
}

std::optional<Resource> find_key_named(const Aws& aws, const std::string& key_name, const Tags& tags) {
  const Scope scope{value_of(tags, tag::owner), value_of(tags, tag::name)};
  Json filters = ours_filter(scope.owner, scope.name);
  filters.push_back(filter("key-name", {key_name}));
  for (Resource& key : find(aws, "describe-key-pairs", filters, scope, "KeyPairs", "KeyPairId")) {
    if (key.name == key_name) return std::move(key);
  }
  return std::nullopt;
}

// Deletes by one call; ambiguous answers are asked again, what is not there is deleted.
void delete_once(const Aws& aws, const std::vector<std::string>& words) {
  const auto end = std::chrono::steady_clock::now() + patience;
  const WaitNotice notice(fmt::format("{} ({})", words.back(), words[1]));
  for (int unclear = 0;;) {
    try {
      aws.call(words);
      return;
    } catch (const AwsError& error) {
      if (error.kind() == AwsErrorKind::missing) return;
      const bool wait = error.kind() == AwsErrorKind::in_use && std::chrono::steady_clock::now() < end;
      const bool again = error.kind() == AwsErrorKind::ambiguous && ++unclear < 3;
      if (!wait && !again) throw;
    }
    poll_pause();
  }
}

std::vector<Instance> describe_all(const Aws& aws, const Json& filters) {
  std::vector<Instance> instances;
  const Json answer = aws.call({"ec2", "describe-instances", "--filters", filters.dump()});
  for (const Json& reservation : answer.value("Reservations", Json::array())) {
    for (const Json& entry : reservation.value("Instances", Json::array())) instances.push_back(instance_from(entry));
  }
  return instances;
}

std::vector<std::string> ids_of(const std::vector<Instance>& instances) {
  std::vector<std::string> ids;
  for (const Instance& instance : instances) ids.push_back(instance.id);
  return ids;
}

}  // namespace

bool Instance::alive() const { return state != "terminated" && state != "shutting-down"; }

std::vector<Instance> find_instances(const Aws& aws, const Scope& scope) {
  Json filters = ours_filter(scope.owner, scope.name);
  filters.push_back(filter("instance-state-name", {"pending", "running", "stopping", "stopped", "shutting-down"}));
  std::vector<Instance> instances = describe_all(aws, filters);
  std::erase_if(instances, [&](const Instance& instance) { return !in_scope(instance.tags, scope); });
  return instances;
}

bool has_ended(const Aws& aws, const std::string& owner, const std::string& launch) {
  Json filters = ours_filter(owner);
  filters.push_back(filter(std::string("tag:") + tag::launch, {launch}));
  filters.push_back(filter("instance-state-name", {"shutting-down", "terminated"}));
  return !describe_all(aws, filters).empty();
}

std::vector<Resource> find_groups(const Aws& aws, const Scope& scope) {
  return find(aws, "describe-security-groups", ours_filter(scope.owner, scope.name), scope, "SecurityGroups",
              "GroupId");
}

std::vector<Resource> find_key_pairs(const Aws& aws, const Scope& scope) {
  return find(aws, "describe-key-pairs", ours_filter(scope.owner, scope.name), scope, "KeyPairs", "KeyPairId");
}

std::vector<Resource> find_loose_volumes(const Aws& aws, const Scope& scope) {
  Json filters = ours_filter(scope.owner, scope.name);
  filters.push_back(filter("status", {"available"}));
  return find(aws, "describe-volumes", filters, scope, "Volumes", "VolumeId");
}

MachineImage find_machine_image(const Aws& aws, const std::string& ami) {
  std::string id = ami;
  if (id.empty()) {
    const Json answer = aws.call({"ssm", "get-parameter", "--name", ami_parameter});
    id = answer.value("Parameter", Json::object()).value("Value", "");
  }
  const Json images = aws.call({"ec2", "describe-images", "--image-ids", id}).value("Images", Json::array());
  if (images.empty()) {
    fail(ExitCode::missing_input, "--ami {}: no such image in {}: leave --ami out for Amazon's current one", id,
         aws.region());
  }
  return {id, images[0].value("RootDeviceName", "/dev/sda1")};
}

std::vector<Subnet> find_subnets(const Aws& aws, const std::string& subnet, const std::string& instance_type) {
  std::vector<Subnet> subnets;
  const auto words =
      subnet.empty() ? std::vector<std::string>{"--filters", Json::array({filter("default-for-az", {"true"})}).dump()}
                     : std::vector<std::string>{"--subnet-ids", subnet};
  std::vector<std::string> command{"ec2", "describe-subnets"};
  command.insert(command.end(), words.begin(), words.end());
  const Json answer = aws.call(command);
  if (subnet.empty() && answer.value("Subnets", Json::array()).empty()) {
    fail(ExitCode::unavailable,
         "{} has no default subnets (its default VPC is gone): `aws ec2 create-default-vpc --region {}` makes them, or "
         "--subnet names another",
         aws.region(), aws.region());
  }
  const std::set<std::string> offered = zones_with(aws, instance_type);
  for (const Json& entry : answer.value("Subnets", Json::array())) {
    const Subnet found = subnet_from(entry);
    if (offered.count(found.zone) > 0) subnets.push_back(found);
  }
  std::sort(subnets.begin(), subnets.end(), [](const Subnet& a, const Subnet& b) { return a.zone < b.zone; });
  if (subnets.empty()) {
    fail(ExitCode::unavailable, "{}: no {}subnet in {} is in a zone that offers it: try --subnet or another --region",
         instance_type, subnet.empty() ? "default " : "", aws.region());
  }
  return subnets;
}

std::string ensure_group(const Aws& aws, const std::string& vpc, const Tags& tags,
                         const std::vector<std::string>& ssh_cidrs) {
  const auto found = find_group_of(aws, vpc, tags);
  const std::string id = found ? found->id : make_group(aws, vpc, tags);
  if (found) set_expiry(aws, {id}, value_of(tags, tag::expires));
  set_ranges(aws, id, ssh_cidrs);
  return id;
}

std::string ensure_key_pair(const Aws& aws, const fs::path& public_key, const Tags& tags) {
  const std::string key_name =
      fmt::format("hens-ec2-{}-{}", value_of(tags, tag::name), sha256_file(public_key).substr(0, 16));
  if (const auto found = find_key_named(aws, key_name, tags)) {
    set_expiry(aws, {found->id}, value_of(tags, tag::expires));
    return key_name;
  }
  for (int attempt = 1;; ++attempt) {
    try {
      aws.call({"ec2", "import-key-pair", "--key-name", key_name, "--public-key-material",
                "fileb://" + fs::absolute(public_key).string(), "--tag-specifications",
                Json::array({tag_specification("key-pair", tags)}).dump()});
      return key_name;
    } catch (const AwsError& error) {
      if (error.kind() != AwsErrorKind::ambiguous && error.kind() != AwsErrorKind::duplicate) throw;
      if (find_key_named(aws, key_name, tags)) return key_name;
      if (attempt == 3 || error.kind() == AwsErrorKind::duplicate) throw;
    }
    poll_pause();
  }
}

void set_expiry(const Aws& aws, const std::vector<std::string>& ids, const std::string& expires) {
  if (ids.empty()) return;
  std::vector<std::string> words{"ec2", "create-tags", "--resources"};
  words.insert(words.end(), ids.begin(), ids.end());
  words.insert(words.end(), {"--tags", to_json({{tag::expires, expires}}).dump()});
  for (int attempt = 1;; ++attempt) {
    try {
      aws.call(words);
      return;
    } catch (const AwsError& error) {
      if (error.kind() != AwsErrorKind::ambiguous || attempt == 3) throw;
    }
    poll_pause();
  }
}

void terminate(const Aws& aws, const std::vector<Instance>& instances) {
  std::vector<std::string> ids;
  for (const Instance& instance : instances) {
    if (instance.alive()) delete_once(aws, {"ec2", "terminate-instances", "--instance-ids", instance.id});
    ids.push_back(instance.id);
  }
  if (ids.empty()) return;
  const WaitNotice notice(fmt::format("{} to end", fmt::join(ids, ", ")));
  const auto end = std::chrono::steady_clock::now() + patience;
  Json filters = Json::array({filter("instance-id", ids)});
  filters.push_back(filter("instance-state-name", {"pending", "running", "stopping", "stopped", "shutting-down"}));
  while (true) {
    const std::vector<Instance> left = describe_all(aws, filters);
    if (left.empty()) return;
    if (std::chrono::steady_clock::now() > end) {
      fail(ExitCode::unavailable, "not terminated yet: {}: it is {}; run this again", fmt::join(ids_of(left), ", "),
           left[0].state);
    }
    poll_pause();
  }
}

void delete_group(const Aws& aws, const Resource& group) {
  delete_once(aws, {"ec2", "delete-security-group", "--group-id", group.id});
}

void delete_key_pair(const Aws& aws, const Resource& key) {
  delete_once(aws, {"ec2", "delete-key-pair", "--key-name", key.name});
}

void delete_volume(const Aws& aws, const Resource& volume) {
  delete_once(aws, {"ec2", "delete-volume", "--volume-id", volume.id});
}

void poll_pause() {
  const char* text = std::getenv("HENS_EC2_POLL_SECONDS");
  const double seconds = text != nullptr ? std::strtod(text, nullptr) : 5;
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  do {
    stop_if_requested();
    std::this_thread::sleep_for(std::chrono::duration<double>(std::min(seconds, 0.1)));
  } while (std::chrono::steady_clock::now() < end);
}

}  // namespace hens::ec2
