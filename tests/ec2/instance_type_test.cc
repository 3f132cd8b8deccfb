// Which instance types are taken for a job.
#include "ec2/instance_type.h"

#include <gtest/gtest.h>

#include "ec2/price.h"

namespace hens::ec2 {
namespace {

Json type_with(const char* manufacturer, const char* architecture) {
  Json description = {{"ProcessorInfo", {{"SupportedArchitectures", {architecture}}}}};
  if (manufacturer != nullptr) description["GpuInfo"] = {{"Gpus", {{{"Manufacturer", manufacturer}, {"Count", 1}}}}};
  return description;
}

std::string refusal(const Json& description) {
  try {
    check_described_type("x9.large", description);
  } catch (const Error& error) {
    return error.code() == ExitCode::usage ? error.what() : "another code";
  }
  return "";
}

TEST(InstanceType, HasAGpuOfNvidiasAndTheImagesProcessor) {
  EXPECT_EQ(refusal(type_with("NVIDIA", "x86_64")), "");
  for (const auto& without :
       {type_with(nullptr, "x86_64"), type_with("AMD", "x86_64"), type_with("Habana", "x86_64"), Json::object()}) {
    EXPECT_NE(refusal(without).find("x9.large: it has no GPU of NVIDIA's"), std::string::npos) << without;
  }
  EXPECT_NE(refusal(type_with("NVIDIA", "arm64")).find("its processor is arm64"), std::string::npos);
}

TEST(InstanceType, TheUsualOneHasAPrice) { EXPECT_TRUE(default_price(usual_type).has_value()); }

}  // namespace
}  // namespace hens::ec2
