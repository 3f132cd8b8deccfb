// What an instance type has to be, asked of EC2 before anything is made for it: known in the region, with a GPU of
// NVIDIA's, of the image's architecture.
#pragma once

#include <string>

#include "ec2/aws.h"

namespace hens::ec2 {

// Throws Error{usage} for a type that is none there (naming the nearest usual one), or that cannot run hens on a GPU.
// Who may not ask (ec2:DescribeInstanceTypes) is told so on stderr, and nothing is checked.
void check_instance_type(const Aws& aws, const std::string& instance_type);

// The same for what `describe-instance-types` says of the type. Throws Error{usage}.
void check_described_type(const std::string& instance_type, const Json& description);

}  // namespace hens::ec2
