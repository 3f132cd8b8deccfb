// Specs for tests: the smallest valid one, and what the reader says about a wrong one.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "job/job_spec.h"

namespace hens::test {

// The smallest valid spec, lines 1 to 4, and `more` from line 5.
inline std::string minimal_spec(const std::string& more = "") {
  return "name: test\n"
         "initial_conditions: {source: analytic, times: [2024-01-01T00:00:00Z]}\n"
         "models: [\"synth:mini?seed=102\"]\n"
         "forecast: {steps: [4]}\n" +
         more;
}

inline JobSpec parse(const std::string& text, const std::vector<std::string>& overrides = {}) {
  return parse_job_spec(text, "job.yaml", "/jobs", overrides);
}

// The minimal spec with overrides.
inline JobSpec parse_with(const std::vector<std::string>& overrides) { return parse(minimal_spec(), overrides); }

// The problems that parsing reports, without the line that counts them; "" where it succeeds. Throws whatever is no
// Error{bad_spec}.
inline std::string problems(const std::string& text, const std::vector<std::string>& overrides = {}) {
  try {
    parse(text, overrides);
  } catch (const Error& error) {
    if (error.code() != ExitCode::bad_spec) throw;
    const std::string all = error.what();
    return all.substr(all.find('\n') + 1);
  }
  return "";
}

inline std::string problems_with(const std::vector<std::string>& overrides) {
  return problems(minimal_spec(), overrides);
}

}  // namespace hens::test
