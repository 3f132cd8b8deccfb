// Overrides of the command line: a line each.
#include "fuzz/target.h"
#include "job/job_spec.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace hens;
  constexpr const char* minimal =
      "name: test\ninitial_conditions: {source: analytic, times: [2024-01-01]}\nmodels: [/m]\nforecast: {steps: [4]}\n";
  std::vector<std::string> lines{""};
  for (const char c : fuzz::text(data, size)) {
    if (c == '\n')
      lines.emplace_back();
    else
      lines.back() += c;
  }
  fuzz::value_or_error([&] { parse_job_spec(minimal, "job.yaml", "/jobs", lines); });
  return 0;
}
