// A job spec: read with every problem at once, and what is right written and read again.
#include "fuzz/target.h"
#include "job/job_spec.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace hens;
  fuzz::value_or_error([&] {
    const JobSpec spec = parse_job_spec(fuzz::text(data, size), "job.yaml", "/jobs");
    const auto json = to_json(spec);
    if (to_json(job_spec_from_json(json)) != json) std::abort();
  });
  return 0;
}
