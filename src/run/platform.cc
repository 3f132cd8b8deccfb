#include "run/platform.h"

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <initializer_list>
#include <optional>
#include <stdexcept>

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "net/http.h"

namespace hens {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double most_seconds = 1.0;    // for all requests together
constexpr size_t most_bytes = 1 << 16;  // of an answer
constexpr const char* default_endpoint = "http://169.254.169.254";

std::string first_line(const fs::path& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

bool amazon_machine(const fs::path& root) {
  const fs::path dmi = root / "sys/class/dmi/id";
  for (const char* name : {"sys_vendor", "board_vendor"}) {
    if (first_line(dmi / name) == "Amazon EC2") return true;
  }
  return first_line(dmi / "bios_version").ends_with(".amazon");  // older, Xen instances
}

// One answer with status 200, or nothing: late, refused, too long.
std::optional<std::string> ask(HttpClient& client, HttpRequest request, Clock::time_point deadline) {
  request.direct = true;
  request.connect_seconds = std::chrono::duration<double>(deadline - Clock::now()).count();
  if (request.connect_seconds <= 0.001) return std::nullopt;
  std::string body;
  const HttpReceiver receiver{[](const HttpHead& head) { return head.status == 200; },
                              [&](std::span<const std::byte> bytes) {
                                body.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
                                return body.size() <= most_bytes;
                              }};
  const auto in_time = [&] {
    if (Clock::now() > deadline) throw std::runtime_error("too late");
  };
  const HttpOutcome outcome = client.get(request, receiver, in_time);
  if (outcome.refused || !outcome.failure.empty()) return std::nullopt;
  return body;
}

// A token, for which the service must be asked by PUT, then the instance's own description.
std::optional<nlohmann::json> identity_document(std::string endpoint) {
  while (endpoint.ends_with('/')) endpoint.pop_back();
  const Clock::time_point deadline = Clock::now() + std::chrono::milliseconds(static_cast<int>(1000 * most_seconds));
  try {
    HttpClient client;
    const auto token = ask(
        client,
        {.url = endpoint + "/latest/api/token", .headers = {"X-aws-ec2-metadata-token-ttl-seconds: 60"}, .put = true},
        deadline);
    if (!token || token->empty() || token->find_first_of("\r\n") != std::string::npos) return std::nullopt;
    const auto text = ask(client,
                          {.url = endpoint + "/latest/dynamic/instance-identity/document",
                           .headers = {"X-aws-ec2-metadata-token: " + *token}},
                          deadline);
    if (!text) return std::nullopt;
    return try_parse_json(*text);
  } catch (const std::exception&) {  // no metadata service, or none that speaks as it should
    return std::nullopt;
  }
}

std::string text_of(const nlohmann::json& document, const char* key) {
  const auto found = document.is_object() ? document.find(key) : document.end();
  return found != document.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::string first_of(std::initializer_list<std::string> texts) {
  for (const std::string& text : texts) {
    if (!text.empty()) return text;
  }
  return {};
}

std::string platform_name(const PlatformSources& from, bool on_ec2) {
  if (!from.variable("DATABRICKS_RUNTIME_VERSION").empty()) return "Databricks";
  if (!from.variable("KUBERNETES_SERVICE_HOST").empty()) return "Kubernetes";
  if (!from.variable("AWS_BATCH_JOB_ID").empty()) return "AWS Batch";
  if (on_ec2) return "EC2";
  std::error_code none;
  return fs::exists(from.root / ".dockerenv", none) ? "docker" : "local";
}

}  // namespace

PlatformSources this_machine() {
  return {[](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value == nullptr ? "" : value);
  }};
}

Platform find_platform(const PlatformSources& from) {
  Platform platform;
  const std::string endpoint = from.variable("AWS_EC2_METADATA_SERVICE_ENDPOINT");
  const bool amazon = amazon_machine(from.root);
  nlohmann::json document;
  if (from.variable("AWS_EC2_METADATA_DISABLED") != "true" && (amazon || !endpoint.empty())) {
    document = identity_document(first_of({endpoint, default_endpoint})).value_or(nlohmann::json());
  }
  platform.name = platform_name(from, amazon || !text_of(document, "instanceId").empty());
  platform.instance_type = first_of(
      {from.variable("HENS_INSTANCE_TYPE"), text_of(document, "instanceType"), from.variable("DB_INSTANCE_TYPE")});
  platform.region = first_of({from.variable("HENS_REGION"), text_of(document, "region"), from.variable("AWS_REGION"),
                              from.variable("AWS_DEFAULT_REGION")});
  return platform;
}

}  // namespace hens
