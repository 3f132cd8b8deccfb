#include "run/metrics.h"

#include <map>
#include <regex>
#include <sstream>

#include <gtest/gtest.h>

#include "support/example_manifest.h"

namespace hens {
namespace {

// Samples by name and labels; every line of the text has to be one, or a comment about the family that follows.
std::map<std::string, double> samples_of(const std::string& text) {
  static const std::regex sample(R"(([a-z_]+(?:\{[a-z]+="[^"]*"(?:,[a-z]+="[^"]*")*\})?) ([-+.e0-9]+))");
  static const std::regex comment(R"(# (?:HELP [a-z_]+ .+|TYPE [a-z_]+ (?:gauge|counter)))");
  std::map<std::string, double> samples;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::smatch match;
    if (std::regex_match(line, match, sample)) {
      EXPECT_TRUE(samples.emplace(match[1], std::stod(match[2])).second) << "twice: " << line;
    } else {
      EXPECT_TRUE(std::regex_match(line, comment)) << line;
    }
  }
  return samples;
}

TEST(Metrics, CountMembersStepsSecondsAndBytes) {
  Manifest manifest = test::example_manifest();  // two models, two members, 4 and 40 steps
  manifest.members.back().state = MemberState::failed;
  manifest.members.erase(manifest.members.begin());
  const auto samples = samples_of(metrics_text(manifest));
  EXPECT_EQ(samples.at(R"(hens_members{job="example",model="0",state="complete"})"), 3);
  EXPECT_EQ(samples.at(R"(hens_members{job="example",model="0",state="pending"})"), 1);
  EXPECT_EQ(samples.at(R"(hens_members{job="example",model="1",state="complete"})"), 3);
  EXPECT_EQ(samples.at(R"(hens_members{job="example",model="1",state="failed"})"), 1);
  EXPECT_EQ(samples.at(R"(hens_member_steps_total{job="example"})"), 4 + 40 + 40 + 4 + 4 + 40);
  EXPECT_EQ(samples.at(R"(hens_stage_seconds_total{job="example",attempt="2",stage="total"})"), 90.0);
  EXPECT_EQ(samples.at(R"(hens_peak_memory_bytes{job="example",attempt="1",where="gpu"})"), 20.0 * (1 << 30));
  double bytes = 0;
  for (const auto& [name, value] : samples) bytes += name.starts_with("hens_output_bytes_total") ? value : 0;
  EXPECT_EQ(bytes, 7.0 * (1 << 28)) << "the bytes of the entries that are there";
}

}  // namespace
}  // namespace hens
