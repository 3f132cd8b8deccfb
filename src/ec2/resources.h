// EC2's resources as hens-ec2 sees them: finding its own, making what is missing, deleting what is proved its own.
//
// Every function is one step against the service through Aws, or a few; AwsError says what went wrong. What finds
// things asks by tags and then holds each answer against the tags once more.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/time.h"
#include "ec2/aws.h"
#include "ec2/tags.h"

namespace hens::ec2 {

struct Instance {
  std::string id, state, type, zone, ip, reason;
  Time launched{};
  Tags tags;
  bool alive() const;  // costs money, or may again
};

// A security group, key pair or volume.
struct Resource {
  std::string id;
  std::string name;  // of a key pair
  Tags tags;
};

// Whose things, and under which name; empty: everybody's, any name.
struct Scope {
  std::string owner, name;
};

std::vector<Instance> find_instances(const Aws& aws, const Scope& scope);  // all but the terminated
// Whether the launch of that number had an instance that is gone.
bool has_ended(const Aws& aws, const std::string& owner, const std::string& launch);
std::vector<Resource> find_groups(const Aws& aws, const Scope& scope);
std::vector<Resource> find_key_pairs(const Aws& aws, const Scope& scope);
std::vector<Resource> find_loose_volumes(const Aws& aws, const Scope& scope);  // attached to nothing

struct MachineImage {
  std::string id, root_device;
};
// `ami`, or where it is empty the newest that Amazon's public parameter names.
MachineImage find_machine_image(const Aws& aws, const std::string& ami);

struct Subnet {
  std::string id, zone, vpc;
};
// `subnet` alone, or where it is empty the default subnet of each zone that offers the type. Throws Error{unavailable}
// where there is none.
std::vector<Subnet> find_subnets(const Aws& aws, const std::string& subnet, const std::string& instance_type);

// The group for `tags`' owner, name and way in the network: made if needed, with exactly these ranges on port 22.
std::string ensure_group(const Aws& aws, const std::string& vpc, const Tags& tags,
                         const std::vector<std::string>& ssh_cidrs);
// The key pair of the public key in a file: imported if needed. Returns its name.
std::string ensure_key_pair(const Aws& aws, const fs::path& public_key, const Tags& tags);

void set_expiry(const Aws& aws, const std::vector<std::string>& ids, const std::string& expires);

// Ends instances and waits until they are gone (10 minutes at most; then Error{unavailable} naming what is not).
void terminate(const Aws& aws, const std::vector<Instance>& instances);
// These succeed where the thing is gone already. A group in use is tried again for some minutes.
void delete_group(const Aws& aws, const Resource& group);
void delete_key_pair(const Aws& aws, const Resource& key);
void delete_volume(const Aws& aws, const Resource& volume);

// Pause between questions to the service: $HENS_EC2_POLL_SECONDS, else 5 s. Ends at once with Error{interrupted} on a
// stop request.
void poll_pause();
constexpr int looks_in_a_minute = 12;

}  // namespace hens::ec2
