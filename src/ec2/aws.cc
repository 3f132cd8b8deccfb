#include "ec2/aws.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <regex>
#include <string_view>

#include "base/child_process.h"
#include "base/json.h"
#include "base/stop.h"
#include "ec2/wait_notice.h"

namespace hens::ec2 {
namespace {

template <size_t N>
bool contains_any(std::string_view text, const std::array<std::string_view, N>& words) {
  return std::any_of(words.begin(), words.end(),
                     [&](std::string_view word) { return text.find(word) != std::string_view::npos; });
}

// SpotMaxPriceTooLow: in that zone the market asks for more.
constexpr std::array<std::string_view, 4> capacity_codes{"InsufficientInstanceCapacity", "InsufficientHostCapacity",
                                                         "InsufficientCapacity", "SpotMaxPriceTooLow"};
constexpr std::array<std::string_view, 15> credential_codes{
    "AuthFailure",         "UnauthorizedOperation", "AccessDenied",
    "ExpiredToken",        "RequestExpired",        "InvalidClientTokenId",
    "UnrecognizedClient",  "SignatureDoesNotMatch", "InvalidAccessKeyId",
    "IncompleteSignature", "OptInRequired",         "Blocked",
    "InvalidToken",        "TokenRefreshRequired",  "403"};
// The CLI's own sentences where it has no answer of the service.
constexpr std::array<std::string_view, 9> credential_texts{"Unable to locate credentials",
                                                           "could not be found",
                                                           "SSO session",
                                                           "Error loading SSO",
                                                           "Partial credentials",
                                                           "Token has expired",
                                                           "token has expired",
                                                           "Error when retrieving credentials",
                                                           "refresh failed"};
constexpr std::array<std::string_view, 7> ambiguous_codes{
    "RequestTimeout", "InternalError", "InternalFailure", "ServiceUnavailable", "Unavailable", "Timeout", "500"};
constexpr std::array<std::string_view, 6> ambiguous_texts{"Read timeout",      "Connect timeout",
                                                          "Could not connect", "Connection was closed",
                                                          "Connection reset",  "Connection aborted"};

std::string trimmed(std::string text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.pop_back();
  const size_t first = text.find_first_not_of(" \n\r\t");
  return first == std::string::npos ? "" : text.substr(first);
}

ExitCode exit_code_of(AwsErrorKind kind) {
  switch (kind) {
    case AwsErrorKind::credentials:
      return ExitCode::credentials;
    case AwsErrorKind::missing:
      return ExitCode::missing_input;
    default:
      return ExitCode::unavailable;
  }
}

struct Advice {
  std::string_view code, text;
};
// What to do about the refusals of accounts that are new, small, or not let in.
constexpr std::array<Advice, 7> advices{{
    {"UnauthorizedOperation",
     "The identity lacks a permission: docs/ec2.md has the policy (`aws sts decode-authorization-message`)."},
    {"VcpuLimitExceeded",
     "The account's quota of vCPUs for this kind of instance is too small in this region; new accounts have 0. Ask for "
     "at least what one instance has (16 for a g6e.4xlarge): AWS console, Service Quotas, Amazon EC2, \"Running "
     "On-Demand G and VT instances\", or `aws service-quotas request-service-quota-increase --service-code ec2 "
     "--quota-code L-DB2E81BA --desired-value 16` (p types: L-417A185B, 192). AWS answers within hours to days; "
     "another "
     "region has a quota of its own."},
    {"InstanceLimitExceeded",
     "The account's limit of instances of this type is reached in this region: `hens-ec2 list --all-regions "
     "--everyone` "
     "shows those of hens-ec2; more are asked for in the AWS console, Service Quotas, Amazon EC2."},
    {"PendingVerification",
     "AWS is still verifying the account for this region: mostly minutes, at most some hours. Then the same command."},
    {"OptInRequired",
     "The account is not signed up for EC2, or the region is not enabled: AWS console, Account, AWS Regions."},
    {"Blocked", "AWS has blocked the account: its mail to the account's owner, or AWS Support, says why."},
    {"InvalidSubnetID.NotFound",
     "A subnet belongs to one region: is it this one? `aws ec2 describe-subnets` lists those of a region."},
}};

std::string advice(AwsErrorKind kind, const std::string& code, const std::string& text) {
  for (const Advice& known : advices) {
    if (known.code == code) return "\n  " + std::string(known.text);
  }
  if (kind == AwsErrorKind::credentials) {
    return "\n  Refresh the credentials (`aws sso login`, `aws configure`), then try `aws sts get-caller-identity`.";
  }
  if (text.find("Could not connect to the endpoint URL") != std::string::npos) {
    return "\n  Is the network there (proxy, VPN), and is the region spelt as AWS spells it?";
  }
  return "";
}

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

std::string operation_of(const std::vector<std::string>& words) {
  return words.size() < 2 ? words.at(0) : words[0] + " " + words[1];
}

// Version 2 of the CLI would start a pager.
ChildCommand command_of(std::vector<std::string> argv) { return {std::move(argv), {{"AWS_PAGER", ""}}}; }

}  // namespace

AwsError::AwsError(AwsErrorKind kind, std::string code, const std::string& message)
    : Error(exit_code_of(kind), message), kind_(kind), code_(std::move(code)) {}

AwsErrorKind classify(const std::string& aws_code, const std::string& text) {
  if (aws_code.empty()) {
    if (contains_any(text, ambiguous_texts)) return AwsErrorKind::ambiguous;
    return contains_any(text, credential_texts) ? AwsErrorKind::credentials : AwsErrorKind::other;
  }
  if (contains_any(aws_code, capacity_codes)) return AwsErrorKind::capacity;
  if (contains_any(aws_code, credential_codes)) return AwsErrorKind::credentials;
  if (aws_code == "DependencyViolation" || aws_code == "InvalidGroup.InUse" || aws_code == "VolumeInUse") {
    return AwsErrorKind::in_use;
  }
  if (aws_code.ends_with(".NotFound") || aws_code.ends_with("NotFound") || aws_code == "404" ||
      aws_code == "NoSuchKey") {
    return AwsErrorKind::missing;
  }
  if (aws_code.ends_with(".Duplicate")) return AwsErrorKind::duplicate;
  return contains_any(aws_code, ambiguous_codes) ? AwsErrorKind::ambiguous : AwsErrorKind::other;
}

AwsError parse_aws_error(const std::string& operation, int exit_code, const std::string& stderr_text) {
  // Between operation and sentence may stand "(reached max retries: 0)", or more of the kind.
  static const std::regex form(
      R"(An error occurred \(([^)]+)\) when calling the (\w+) operation(?: \([^)]*\))*: ([^]*))");
  const std::string text = trimmed(stderr_text);
  std::smatch match;
  std::string code;
  std::string sentence = text.empty() ? fmt::format("exit code {}", exit_code) : text;
  if (std::regex_search(text, match, form)) {
    code = match[1];
    sentence = fmt::format("{}: {}", code, trimmed(match[3]));
  }
  // Killed before it could answer, by a signal of the terminal, say.
  const AwsErrorKind kind = text.empty() && exit_code > 128 ? AwsErrorKind::ambiguous : classify(code, text);
  return {kind, code, fmt::format("aws {}: {}{}", operation, sentence, advice(kind, code, text))};
}

Aws::Aws(const std::string& region, std::string profile, const std::string& otherwise)
    : region_(region), region_origin_("--region"), profile_(std::move(profile)) {
  for (const char* name : {"AWS_REGION", "REGION", "AWS_DEFAULT_REGION"}) {
    if (!region_.empty()) break;
    region_ = environment(name);
    region_origin_ = std::string("of $") + name;
  }
  if (region_.empty()) {
    std::vector<std::string> words{"aws", "configure", "get", "region"};
    if (!profile_.empty()) words.insert(words.end(), {"--profile", profile_});
    region_ = trimmed(run_captured(command_of(words)).out);
    region_origin_ = profile_.empty() ? "of `aws configure`" : "of the profile " + profile_;
  }
  if (region_.empty()) region_ = otherwise;
  static const std::regex form("[a-z]{2}(-[a-z]+)+-[0-9]");
  if (region_.empty()) {
    fail(ExitCode::usage, "no region: give --region, AWS_REGION, REGION, or `aws configure set region us-east-1`");
  }
  if (!std::regex_match(region_, form)) fail(ExitCode::usage, "region '{}': expected one as us-east-1", region_);
}

std::vector<std::string> Aws::argv(const std::vector<std::string>& words) const {
  std::vector<std::string> all{"aws"};
  all.insert(all.end(), words.begin(), words.end());
  all.insert(all.end(), {"--region", region_});
  if (!profile_.empty()) all.insert(all.end(), {"--profile", profile_});
  return all;
}

std::string Aws::text(const std::vector<std::string>& words) const {
  stop_if_requested();
  // The CLI's timeouts and retries last a minute and more.
  const WaitNotice notice(fmt::format("aws {} in {}", operation_of(words), region_));
  const ChildResult result = run_captured(command_of(argv(words)));
  stop_if_requested();
  if (result.exit_code != 0) throw parse_aws_error(operation_of(words), result.exit_code, result.err);
  return result.out;
}

Json Aws::call(const std::vector<std::string>& words) const {
  std::vector<std::string> all = words;
  all.insert(all.end(), {"--output", "json"});
  const std::string out = text(all);
  if (trimmed(out).empty()) return Json::object();
  auto answer = try_parse_json<Json>(out);
  if (!answer) {
    throw AwsError(AwsErrorKind::ambiguous, "", fmt::format("aws {}: the answer is not JSON", operation_of(words)));
  }
  return std::move(*answer);
}

void Aws::attached(const std::vector<std::string>& words) const {
  stop_if_requested();
  const int exit_code = run_attached(command_of(argv(words)));
  stop_if_requested();
  if (exit_code != 0) {
    throw AwsError(AwsErrorKind::other, "", fmt::format("aws {}: exit code {}", operation_of(words), exit_code));
  }
}

std::string owner_of(const std::string& arn) {
  // The aws command names the sessions of a profile's role_arn anew whenever they expire.
  static const std::regex by_the_clock("(.*:assumed-role/.*)/botocore-session-[0-9]+");
  std::smatch match;
  return std::regex_match(arn, match, by_the_clock) ? match[1].str() : arn;
}

std::string Aws::caller() const {
  const std::string arn = call({"sts", "get-caller-identity"}).value("Arn", "");
  if (arn.empty()) {
    throw AwsError(AwsErrorKind::ambiguous, "",
                   "aws sts get-caller-identity: the answer says nobody: nothing was looked for");
  }
  return owner_of(arn);
}

}  // namespace hens::ec2
