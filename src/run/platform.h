// Where this process runs, for the record: the platform by its variables, instance type and region by EC2's metadata
// service.
//
// The service (IMDSv2) is asked only where the machine says that it is one of Amazon's (/sys/class/dmi/id) or an
// address is given in AWS_EC2_METADATA_SERVICE_ENDPOINT; never where AWS_EC2_METADATA_DISABLED is true. All of it takes
// a second at most: behind a container's network the answer may never come.
#pragma once

#include <functional>
#include <string>

#include "base/files.h"

namespace hens {

struct Platform {
  std::string name;                   // Databricks | Kubernetes | AWS Batch | EC2 | docker | local
  std::string instance_type, region;  // "g6e.4xlarge", "us-east-1"; empty where unknown
};

// What find_platform looks at; tests put their own in place.
struct PlatformSources {
  std::function<std::string(const char*)> variable;  // of the environment, empty where not set
  fs::path root = "/";
};
PlatformSources this_machine();

// HENS_INSTANCE_TYPE and HENS_REGION come first, then what the platform says of itself, then Databricks'
// DB_INSTANCE_TYPE and the region that AWS_REGION or AWS_DEFAULT_REGION set for the SDKs. Throws nothing.
Platform find_platform(const PlatformSources& sources = this_machine());

}  // namespace hens
