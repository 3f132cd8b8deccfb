// Who hens is to Amazon: keys from where Amazon's own programs look for them, in their order:
//   1. AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN;
//   2. a role by a token in a file: AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN (Kubernetes' service accounts);
//   3. the file of shared credentials (AWS_SHARED_CREDENTIALS_FILE, ~/.aws/credentials), profile AWS_PROFILE or
//   default;
//   4. a container's role: AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI (ECS, AWS Batch, EKS pod identity);
//   5. the instance's role, by IMDSv2, unless AWS_EC2_METADATA_DISABLED=true.
//
// Keys that end are asked for anew before they do. Thread-safe. No key is in any message.
#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <string>

#include "base/files.h"
#include "base/time.h"
#include "net/http.h"
#include "net/s3_place.h"
#include "net/s3_signature.h"

namespace hens {

struct AwsCredentials {
  AwsKeys keys;
  std::optional<Moment> expires;  // none: they do not say
  std::string origin;             // "the environment", for messages
};

// The body of an answer with status 200; none where there is no such answer.
using AskForText = std::function<std::optional<std::string>(const HttpRequest& request)>;

struct CredentialSources {
  Variables variables = process_environment();
  AskForText ask;  // empty: by HTTP, past any proxy where the host is link-local
  std::function<Moment()> now = &moment_now;
};

class AwsCredentialChain {
 public:
  explicit AwsCredentialChain(CredentialSources sources = {});

  // Those to sign with now. Throws Error{credentials} saying where was looked, or {unavailable} where keys end and no
  // new ones come.
  AwsKeys keys();

  // A server says that these have ended, or does not know them: keys() looks for others. Returns false where there are
  // none to be had: those of the environment stay what they are.
  bool renew(const AwsKeys& refused);

  std::string origin();

 private:
  AwsCredentials find();
  std::optional<AwsCredentials> from_environment() const;
  std::optional<AwsCredentials> from_web_identity() const;
  std::optional<AwsCredentials> from_file() const;
  std::optional<AwsCredentials> from_container() const;
  std::optional<AwsCredentials> from_instance() const;

  CredentialSources sources_;
  std::mutex mutex_;
  std::optional<AwsCredentials> current_;
};

}  // namespace hens
