// The aws command line: the only file that knows it. Argument vectors in, JSON out, errors told apart.
//
// Whatever configures the CLI (profiles, environment, SSO, endpoints) works as it does for the CLI itself. One object
// per region; no state but that.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/error.h"

namespace hens::ec2 {

using Json = nlohmann::json;

enum class AwsErrorKind {
  capacity,     // this zone has none of these instances now: another one may
  credentials,  // missing, wrong, expired, or not allowed to
  ambiguous,    // no answer: the call may have been carried out
  missing,      // what was named does not exist (any more)
  duplicate,    // what was to be made exists
  in_use,       // cannot be deleted yet
  other
};

// Messages carry the service's own code and sentence, and the operation.
class AwsError : public Error {
 public:
  AwsError(AwsErrorKind kind, std::string code, const std::string& message);
  AwsErrorKind kind() const noexcept { return kind_; }
  const std::string& aws_code() const noexcept { return code_; }  // InsufficientInstanceCapacity; empty where none came

 private:
  AwsErrorKind kind_;
  std::string code_;
};

AwsErrorKind classify(const std::string& aws_code, const std::string& text);

// Reads what the CLI wrote to stderr when it failed.
AwsError parse_aws_error(const std::string& operation, int exit_code, const std::string& stderr_text);

// Who owns what a caller of this ARN makes: the ARN itself, but for sessions that the aws command names by the clock
// (a profile's role_arn): these are all the role's.
std::string owner_of(const std::string& arn);

class Aws {
 public:
  // `region` and `profile` as options say. Where no region is given: $AWS_REGION, $REGION, $AWS_DEFAULT_REGION, the
  // profile's, `otherwise`. Throws Error{usage} where none of them names one.
  Aws(const std::string& region, std::string profile, const std::string& otherwise = "");

  const std::string& region() const { return region_; }
  // "us-east-1 (of $AWS_REGION)": which region, and who said so.
  std::string region_text() const { return region_ + " (" + region_origin_ + ")"; }
  Aws in_region(const std::string& region) const { return {region, profile_}; }

  // `aws <words...> --region R --output json`. Throws AwsError; Error{interrupted} after a stop request.
  Json call(const std::vector<std::string>& words) const;
  // The same with text for its standard input, and its output as it is.
  std::string text(const std::vector<std::string>& words) const;
  // On our own terminal, for transfers with progress. Throws AwsError where it fails.
  void attached(const std::vector<std::string>& words) const;

  // owner_of() the identity that calls. Throws AwsError where the answer names none.
  std::string caller() const;

 private:
  std::vector<std::string> argv(const std::vector<std::string>& words) const;

  std::string region_, region_origin_, profile_;
};

}  // namespace hens::ec2
