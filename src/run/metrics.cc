#include "run/metrics.h"

#include <array>
#include <map>

#include "base/error.h"

namespace hens {
namespace {

constexpr std::array states{"pending", "complete", "failed"};

std::string header(const char* name, const char* type, const char* help) {
  return fmt::format("# HELP {0} {2}\n# TYPE {0} {1}\n", name, type, help);
}

}  // namespace

std::string metrics_text(const Manifest& manifest) {
  const std::string job = manifest.spec.name;
  std::string text = header("hens_members", "gauge", "Members of the job by model and state.");
  const WorkPlan plan(manifest.spec);
  int64_t steps = 0;
  for (size_t model = 0; model < manifest.model_names.size(); ++model) {
    std::array<int64_t, states.size()> counts{};
    counts[0] = static_cast<int64_t>(plan.per_model_and_length() * manifest.spec.forecast.steps.size());
    for (const MemberEntry& entry : manifest.members) {
      if (entry.id.model != static_cast<int>(model)) continue;
      --counts[0], ++counts[static_cast<size_t>(entry.state)];
      if (entry.state == MemberState::complete) steps += manifest.spec.forecast.steps.at(entry.id.length);
    }
    for (size_t state = 0; state < states.size(); ++state) {
      text += fmt::format("hens_members{{job=\"{}\",model=\"{}\",state=\"{}\"}} {}\n", job, model, states[state],
                          counts[state]);
    }
  }
  text += header("hens_member_steps_total", "counter", "Six-hour steps of complete members.");
  text += fmt::format("hens_member_steps_total{{job=\"{}\"}} {}\n", job, steps);
  text += header("hens_stage_seconds_total", "counter", "Wall-clock seconds by attempt and stage.");
  for (const Attempt& attempt : manifest.attempts) {
    for (const auto& [stage, seconds] : attempt.stages.seconds) {
      text += fmt::format("hens_stage_seconds_total{{job=\"{}\",attempt=\"{}\",stage=\"{}\"}} {:.3f}\n", job,
                          attempt.number, stage, seconds);
    }
  }
  text +=
      header("hens_output_bytes_total", "counter", "Bytes of complete members' files, by the attempt that wrote them.");
  std::map<int, uint64_t> bytes;
  for (const MemberEntry& entry : manifest.members) bytes[entry.attempt] += entry.bytes;
  for (const Attempt& a : manifest.attempts) {
    text += fmt::format("hens_output_bytes_total{{job=\"{}\",attempt=\"{}\"}} {}\n", job, a.number, bytes[a.number]);
  }
  text += header("hens_peak_memory_bytes", "gauge", "Most memory held at one time.");
  for (const Attempt& a : manifest.attempts) {
    const std::string labels = fmt::format("job=\"{}\",attempt=\"{}\"", job, a.number);
    text += fmt::format("hens_peak_memory_bytes{{{},where=\"host\"}} {}\n", labels, a.peak_host_bytes);
    text += fmt::format("hens_peak_memory_bytes{{{},where=\"gpu\"}} {}\n", labels, a.peak_gpu_bytes);
  }
  return text;
}

}  // namespace hens
