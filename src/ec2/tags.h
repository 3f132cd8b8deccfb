// Tags: what tells hens-ec2's own resources from everything else in an account. Pure functions.
//
// Everything that hens-ec2 makes carries these from the call that makes it on. What is deleted is what carries
// hens-ec2:managed and the caller's own identity as hens-ec2:owner; names prove nothing.
#pragma once

#include <map>
#include <optional>
#include <string>

#include <nlohmann/json.hpp>

namespace hens::ec2 {

using Json = nlohmann::json;
using Tags = std::map<std::string, std::string>;

namespace tag {
inline constexpr const char* managed = "hens-ec2:managed";  // true
inline constexpr const char* owner = "hens-ec2:owner";      // ARN of the identity that called
inline constexpr const char* name = "hens-ec2:name";        // --name: what belongs together
inline constexpr const char* launch = "hens-ec2:launch";    // one number a launch
inline constexpr const char* way = "hens-ec2:way";          // login | job
inline constexpr const char* expires = "hens-ec2:expires";  // ISO 8601 in UTC, or never
inline constexpr const char* price = "hens-ec2:price";      // USD an hour
inline constexpr const char* image = "hens-ec2:image";
inline constexpr const char* results = "hens-ec2:results";  // s3://
}  // namespace tag

// Reads --tags: a JSON object of strings. Throws Error{usage} for another form, for keys that are ours, Name, or AWS',
// and for what AWS' limits on keys, values and their number (50 with ours) forbid.
Tags parse_user_tags(const std::string& json);

// Checks --name: 1 to 64 of letters, digits, dots, dashes and underscores. Throws Error{usage}.
void check_name(const std::string& name);

// Whether the tags prove that `owner` made the resource with hens-ec2; under `name`, unless that is empty.
bool proves_ours(const Tags& tags, const std::string& owner, const std::string& name = "");

// The filters that find such resources; `owner` empty: everybody's.
Json ours_filter(const std::string& owner, const std::string& name = "");

// AWS' two forms: [{"Key": k, "Value": v}], and {"ResourceType": type, "Tags": [...]}.
Json to_json(const Tags& tags);
Tags tags_from_json(const Json& resource);  // from the member Tags, if there is one
Json tag_specification(const std::string& resource_type, const Tags& tags);

std::string value_of(const Tags& tags, const std::string& key);  // empty where it is not there

}  // namespace hens::ec2
