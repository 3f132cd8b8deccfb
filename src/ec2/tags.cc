#include "ec2/tags.h"

#include <algorithm>

#include "base/error.h"
#include "base/json.h"

namespace hens::ec2 {
namespace {

constexpr size_t most_user_tags = 40;  // AWS allows 50 a resource; ours are the others

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '-' || c == '_'; }

void check_user_tag(const std::string& key, const Json& value) {
  if (!value.is_string()) {
    fail(ExitCode::usage, "--tags: the value of '{}' is {}: expected a string in quotes", key, value.dump());
  }
  if (key.empty() || key.size() > 128 || value.get<std::string>().size() > 256) {
    fail(ExitCode::usage, "--tags: '{}': a key has 1 to 128 characters, a value at most 256", key);
  }
  if (key == "Name") fail(ExitCode::usage, "--tags: the tag Name is set with --name");
  if (key.starts_with("aws:") || key.starts_with("hens-ec2:")) {
    fail(ExitCode::usage, "--tags: '{}': keys that begin with aws: or hens-ec2: are not yours to set", key);
  }
}

}  // namespace

Tags parse_user_tags(const std::string& json) {
  if (json.empty()) return {};
  const Json parsed = try_parse_json<Json>(json).value_or(nullptr);
  if (!parsed.is_object()) {
    fail(ExitCode::usage, "--tags {}: expected a JSON object, as '{{\"Customer\": \"acme\"}}'", json);
  }
  if (parsed.size() > most_user_tags) fail(ExitCode::usage, "--tags: at most {} tags", most_user_tags);
  Tags tags;
  for (const auto& [key, value] : parsed.items()) {
    check_user_tag(key, value);
    tags[key] = value.get<std::string>();
  }
  return tags;
}

void check_name(const std::string& name) {
  if (name.empty() || name.size() > 64 || !std::all_of(name.begin(), name.end(), is_word)) {
    fail(ExitCode::usage, "--name {}: expected 1 to 64 letters, digits, dots, dashes or underscores", name);
  }
}

bool proves_ours(const Tags& tags, const std::string& owner, const std::string& name) {
  return !owner.empty() && value_of(tags, tag::managed) == "true" && value_of(tags, tag::owner) == owner &&
         (name.empty() || value_of(tags, tag::name) == name);
}

Json ours_filter(const std::string& owner, const std::string& name) {
  Json filters = Json::array();
  const auto add = [&](const std::string& key, const std::string& value) {
    filters.push_back({{"Name", "tag:" + key}, {"Values", {value}}});
  };
  add(tag::managed, "true");
  if (!owner.empty()) add(tag::owner, owner);
  if (!name.empty()) add(tag::name, name);
  return filters;
}

Json to_json(const Tags& tags) {
  Json list = Json::array();
  for (const auto& [key, value] : tags) list.push_back({{"Key", key}, {"Value", value}});
  return list;
}

Tags tags_from_json(const Json& resource) {
  Tags tags;
  for (const Json& entry : resource.value("Tags", Json::array()))
    tags[entry.value("Key", "")] = entry.value("Value", "");
  return tags;
}

Json tag_specification(const std::string& resource_type, const Tags& tags) {
  return {{"ResourceType", resource_type}, {"Tags", to_json(tags)}};
}

std::string value_of(const Tags& tags, const std::string& key) {
  const auto found = tags.find(key);
  return found == tags.end() ? "" : found->second;
}

}  // namespace hens::ec2
