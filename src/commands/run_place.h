// The run that a command looks at: a folder, or what a bucket has of one (s3://bucket/prefix), of which the records
// come into a folder that goes with this object.
#pragma once

#include <memory>
#include <string>

#include "base/log.h"
#include "job/job_spec.h"
#include "run/results_bucket.h"

namespace hens {

// None where the spec names no bucket.
std::unique_ptr<ResultsBucket> open_results_bucket(const RuntimeSpec& runtime, Log& log);

class RunPlace {
 public:
  // Throws Error{missing_input} naming the bucket and prefix where there is no run.
  RunPlace(const std::string& place, Log& log);
  ~RunPlace();
  RunPlace(const RunPlace&) = delete;
  RunPlace& operator=(const RunPlace&) = delete;

  const fs::path& root() const { return root_; }
  ResultsBucket* bucket() { return bucket_.get(); }  // null: a folder
  const std::string& text() const { return text_; }
  // Brings what changed in the bucket.
  void refresh();

 private:
  std::string text_;
  fs::path root_;
  std::unique_ptr<ResultsBucket> bucket_;
};

}  // namespace hens
