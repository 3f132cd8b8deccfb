#include "ec2/instance_type.h"

#include <algorithm>
#include <iostream>

#include "base/nearest.h"
#include "ec2/price.h"

namespace hens::ec2 {
namespace {

bool holds(const Json& list, const char* key, const std::string& wanted) {
  return std::any_of(list.begin(), list.end(), [&](const Json& entry) {
    return (key == nullptr ? entry : entry.value(key, Json())) == Json(wanted);
  });
}

[[noreturn]] void fail_unknown(const Aws& aws, const std::string& instance_type) {
  fail(ExitCode::usage,
       "--instance-type {}: EC2 has no such type in {}{}: `aws ec2 describe-instance-type-offerings --region {} "
       "--filters Name=instance-type,Values=g*` lists what it has there",
       instance_type, aws.region(), did_you_mean(instance_type, priced_types()), aws.region());
}

}  // namespace

void check_described_type(const std::string& instance_type, const Json& description) {
  const Json gpus = description.value("GpuInfo", Json::object()).value("Gpus", Json::array());
  if (!holds(gpus, "Manufacturer", "NVIDIA")) {
    fail(ExitCode::usage,
         "--instance-type {}: it has no GPU of NVIDIA's, and a job here runs on one: as {}, the default (L40S, 48 GB)",
         instance_type, usual_type);
  }
  const Json processors = description.value("ProcessorInfo", Json::object());
  const Json architectures = processors.value("SupportedArchitectures", Json::array());
  if (!architectures.empty() && !holds(architectures, nullptr, "x86_64")) {
    fail(ExitCode::usage, "--instance-type {}: its processor is {}, the image is for x86_64: as {}, the default",
         instance_type, architectures[0].get<std::string>(), usual_type);
  }
}

void check_instance_type(const Aws& aws, const std::string& instance_type) {
  try {
    const Json types = aws.call({"ec2", "describe-instance-types", "--instance-types", instance_type})
                           .value("InstanceTypes", Json::array());
    if (types.empty()) fail_unknown(aws, instance_type);
    check_described_type(instance_type, types[0]);
  } catch (const AwsError& error) {
    if (error.aws_code() == "InvalidInstanceType") fail_unknown(aws, instance_type);
    if (error.aws_code() != "UnauthorizedOperation") throw;
    std::cerr << "whether " << instance_type
              << " has a GPU is not checked: the identity may not ask (ec2:DescribeInstanceTypes, docs/ec2.md)\n";
  }
}

}  // namespace hens::ec2
