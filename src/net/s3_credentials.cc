#include "net/s3_credentials.h"

#include <algorithm>
#include <fstream>
#include <map>

#include "base/error.h"
#include "base/json.h"
#include "net/s3_xml.h"

namespace hens {
namespace {

using namespace std::chrono_literals;

constexpr auto ahead = 5min;  // before keys end new ones are asked for; instances have theirs then
constexpr size_t most_bytes = size_t{1} << 16;
constexpr const char* container_host = "http://169.254.170.2";
constexpr const char* instance_host = "http://169.254.169.254";

std::optional<std::string> ask_by_http(const HttpRequest& request) {
  HttpClient client;
  std::string body;
  const HttpReceiver receiver{[](const HttpHead& head) { return head.status == 200; },
                              [&](std::span<const std::byte> bytes) {
                                body.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
                                return body.size() <= most_bytes;
                              }};
  const HttpOutcome outcome = client.get(request, receiver, [] {});
  if (outcome.refused || !outcome.failure.empty()) return std::nullopt;
  return body;
}

std::string trimmed(const std::string& text) {
  const size_t first = text.find_first_not_of(" \t\r\n"), last = text.find_last_not_of(" \t\r\n");
  return first == std::string::npos ? "" : text.substr(first, last - first + 1);
}

// A line of a header may not become two.
bool is_one_line(const std::string& text) { return text.find_first_of("\r\n") == std::string::npos; }

std::optional<Moment> moment_of(const std::string& text) {
  try {
    return text.empty() ? std::nullopt : std::optional(parse_moment(text));
  } catch (const Error&) {  // they are used until a server says that they have ended
    return std::nullopt;
  }
}

// As ECS and instances say it.
std::optional<AwsCredentials> credentials_from(const std::string& text, const std::string& origin) {
  const auto json = try_parse_json(text);
  if (!json || !json->is_object()) return std::nullopt;
  const auto word = [&](const char* key) {
    const auto found = json->find(key);
    return found != json->end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  AwsCredentials found{{word("AccessKeyId"), word("SecretAccessKey"), word("Token")}, {}, origin};
  found.expires = moment_of(word("Expiration"));
  const bool usable = !found.keys.access_key.empty() && !found.keys.secret_key.empty();
  return usable ? std::optional(found) : std::nullopt;
}

// The keys of a section of an INI file.
std::map<std::string, std::string> section_of(const fs::path& path, const std::string& section) {
  std::map<std::string, std::string> values;
  std::ifstream file(path);
  bool inside = false;
  for (std::string line; std::getline(file, line);) {
    line = trimmed(line);
    if (line.empty() || line[0] == '#' || line[0] == ';') continue;
    if (line[0] == '[') {
      inside = trimmed(line.substr(1, line.find(']') - 1)) == section;
    } else if (const size_t equals = line.find('='); inside && equals != std::string::npos) {
      values[trimmed(line.substr(0, equals))] = trimmed(line.substr(equals + 1));
    }
  }
  return values;
}

std::string file_text(const fs::path& path) { return trimmed(read_file(path, most_bytes)); }

// Whether a container's address is one that may be sent its token: TLS, the machine itself, or ECS' and EKS' own.
bool is_trusted(const std::string& address) {
  if (address.starts_with("https://")) return true;
  if (!address.starts_with("http://")) return false;
  const std::string authority = address.substr(7, address.find('/', 7) - 7);
  const std::string host = authority.starts_with('[') ? authority.substr(0, authority.find(']') + 1)
                                                      : authority.substr(0, authority.find(':'));
  for (const char* known : {"localhost", "169.254.170.2", "169.254.170.23", "[::1]", "[fd00:ec2::23]"}) {
    if (host == known) return true;
  }
  return host.starts_with("127.");
}

}  // namespace

AwsCredentialChain::AwsCredentialChain(CredentialSources sources) : sources_(std::move(sources)) {
  if (!sources_.ask) sources_.ask = &ask_by_http;
}

std::optional<AwsCredentials> AwsCredentialChain::from_environment() const {
  AwsKeys keys{sources_.variables("AWS_ACCESS_KEY_ID"), sources_.variables("AWS_SECRET_ACCESS_KEY"),
               sources_.variables("AWS_SESSION_TOKEN")};
  if (keys.access_key.empty() && keys.secret_key.empty()) return std::nullopt;
  if (keys.access_key.empty() || keys.secret_key.empty()) {
    fail(ExitCode::credentials,
         "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY: one is set and the other is not: set both, or none");
  }
  return AwsCredentials{keys, {}, "the environment"};
}

std::optional<AwsCredentials> AwsCredentialChain::from_web_identity() const {
  const std::string file = sources_.variables("AWS_WEB_IDENTITY_TOKEN_FILE"), role = sources_.variables("AWS_ROLE_ARN");
  if (file.empty() || role.empty()) return std::nullopt;
  const std::string name = sources_.variables("AWS_ROLE_SESSION_NAME");
  const std::string body = canonical_query({{"Action", "AssumeRoleWithWebIdentity"},
                                            {"Version", "2011-06-15"},
                                            {"RoleArn", role},
                                            {"RoleSessionName", name.empty() ? "hens" : name},
                                            {"WebIdentityToken", file_text(file)}});
  std::string address = sources_.variables("AWS_ENDPOINT_URL_STS");
  if (address.empty()) address = sources_.variables("AWS_ENDPOINT_URL");
  if (address.empty()) {
    const std::string region = s3_server("any", sources_.variables).region;
    address = "https://sts." + region + ".amazonaws.com" + (region.starts_with("cn-") ? ".cn" : "");
  }
  const auto answer = sources_.ask({.url = address + "/",
                                    .headers = {"Content-Type: application/x-www-form-urlencoded"},
                                    .method = "POST",
                                    .body = std::as_bytes(std::span(body))});
  const std::string text = answer.value_or("");
  AwsCredentials found{
      {xml_text(text, "AccessKeyId"), xml_text(text, "SecretAccessKey"), xml_text(text, "SessionToken")},
      moment_of(xml_text(text, "Expiration")),
      "the role of AWS_ROLE_ARN"};
  if (found.keys.access_key.empty() || found.keys.secret_key.empty()) {
    fail(ExitCode::credentials, "AWS_ROLE_ARN={}: {} gives no keys for the token in {}: may this role be taken?", role,
         address, file);
  }
  return found;
}

std::optional<AwsCredentials> AwsCredentialChain::from_file() const {
  fs::path path = sources_.variables("AWS_SHARED_CREDENTIALS_FILE");
  const std::string home = sources_.variables("HOME"), wanted = sources_.variables("AWS_PROFILE");
  if (path.empty() && !home.empty()) path = fs::path(home) / ".aws" / "credentials";
  auto values = section_of(path, wanted.empty() ? "default" : wanted);
  AwsKeys keys{values["aws_access_key_id"], values["aws_secret_access_key"], values["aws_session_token"]};
  if (!keys.access_key.empty() && !keys.secret_key.empty()) return AwsCredentials{keys, {}, path.string()};
  if (wanted.empty()) return std::nullopt;
  fail(ExitCode::credentials,
       "AWS_PROFILE={}: {} has no keys of this profile (roles, processes and SSO of ~/.aws/config are not read: `eval "
       "$(aws configure export-credentials --format env)` sets their keys)",
       wanted, path.string());
}

std::optional<AwsCredentials> AwsCredentialChain::from_container() const {
  const std::string relative = sources_.variables("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
  const std::string full = sources_.variables("AWS_CONTAINER_CREDENTIALS_FULL_URI");
  if (relative.empty() && full.empty()) return std::nullopt;
  const std::string address = relative.empty() ? full : container_host + relative;
  if (!is_trusted(address)) {
    fail(ExitCode::credentials, "AWS_CONTAINER_CREDENTIALS_FULL_URI={}: expected https, or an address of this machine",
         address);
  }
  std::string token = sources_.variables("AWS_CONTAINER_AUTHORIZATION_TOKEN");
  if (const std::string file = sources_.variables("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"); !file.empty()) {
    token = file_text(file);
  }
  HttpRequest request{.url = address, .connect_seconds = 2, .direct = !address.starts_with("https://")};
  if (!token.empty() && is_one_line(token)) request.headers.push_back("Authorization: " + token);
  for (int attempt = 0; attempt < 3; ++attempt) {
    if (const auto answer = sources_.ask(request)) {
      if (const auto found = credentials_from(*answer, "the container's role")) return found;
    }
  }
  fail(ExitCode::credentials, "{}: gives no keys: has the container a role?", address);
}

std::optional<AwsCredentials> AwsCredentialChain::from_instance() const {
  if (sources_.variables("AWS_EC2_METADATA_DISABLED") == "true") return std::nullopt;
  std::string host = sources_.variables("AWS_EC2_METADATA_SERVICE_ENDPOINT");
  if (host.empty()) host = instance_host;
  while (host.ends_with('/')) host.pop_back();
  const auto ask = [&](const std::string& path, std::vector<std::string> headers, const char* method) {
    return sources_.ask({.url = host + path,
                         .connect_seconds = 1,
                         .stall_seconds = 5,
                         .headers = std::move(headers),
                         .direct = true,
                         .method = method});
  };
  const auto token = ask("/latest/api/token", {"X-aws-ec2-metadata-token-ttl-seconds: 300"}, "PUT");
  if (!token || token->empty() || !is_one_line(*token)) return std::nullopt;
  const std::vector<std::string> headers{"X-aws-ec2-metadata-token: " + *token};
  const std::string roles = "/latest/meta-data/iam/security-credentials/";
  const std::string role = trimmed(ask(roles, headers, "GET").value_or(""));
  if (role.empty() || !is_one_line(role)) return std::nullopt;
  const auto answer = ask(roles + aws_encoded(role, false), headers, "GET");
  return answer ? credentials_from(*answer, "the instance's role " + role) : std::nullopt;
}

AwsCredentials AwsCredentialChain::find() {
  for (const auto source :
       {&AwsCredentialChain::from_environment, &AwsCredentialChain::from_web_identity, &AwsCredentialChain::from_file,
        &AwsCredentialChain::from_container, &AwsCredentialChain::from_instance}) {
    if (auto found = (this->*source)()) return *found;
  }
  fail(ExitCode::credentials,
       "no credentials for S3: looked at AWS_ACCESS_KEY_ID, AWS_WEB_IDENTITY_TOKEN_FILE, ~/.aws/credentials, "
       "AWS_CONTAINER_CREDENTIALS_*_URI and the instance's role; give the machine a role, or set the keys");
}

AwsKeys AwsCredentialChain::keys() {
  const std::lock_guard guard(mutex_);
  const Moment now = sources_.now();
  if (!current_ || (current_->expires && now + ahead >= *current_->expires)) {
    try {
      current_ = find();
    } catch (const Error&) {
      // Those at hand are good until they end: the next request asks again.
      if (!current_ || now >= *current_->expires) throw;
    }
  }
  return current_->keys;
}

bool AwsCredentialChain::renew(const AwsKeys& refused) {
  const std::lock_guard guard(mutex_);
  const auto same = [&](const AwsKeys& keys) {
    return keys.access_key == refused.access_key && keys.session_token == refused.session_token;
  };
  if (current_ && !same(current_->keys)) return true;  // another thread did
  current_ = find();
  return !same(current_->keys);
}

std::string AwsCredentialChain::origin() {
  const std::lock_guard guard(mutex_);
  return current_ ? current_->origin : "";
}

}  // namespace hens
