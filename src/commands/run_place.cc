#include "commands/run_place.h"

#include <cstdlib>

#include "base/error.h"
#include "run/uploader.h"

namespace hens {
namespace {

fs::path temporary_folder() {
  std::string name = (fs::temp_directory_path() / "hens_run_XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) {
    fail(ExitCode::cannot_create, "{}: cannot be made: {}; TMPDIR names a folder with room", name, errno_text(errno));
  }
  return name;
}

}  // namespace

std::unique_ptr<ResultsBucket> open_results_bucket(const RuntimeSpec& runtime, Log& log) {
  if (runtime.results.empty()) return nullptr;
  S3Options options;
  options.patience_seconds = static_cast<double>(runtime.upload_patience.count());
  return std::make_unique<ResultsBucket>(runtime.results, options, log, watch_for_uploads());
}

RunPlace::RunPlace(const std::string& place, Log& log) : text_(place), root_(place) {
  if (!is_s3_url(place)) return;
  S3Options options;
  options.patience_seconds = 60;  // somebody waits
  bucket_ = std::make_unique<ResultsBucket>(place, options, log, watch_for_uploads());
  text_ = bucket_->place().text();
  root_ = temporary_folder();
  refresh();
  std::error_code none;
  if (fs::exists(root_ / "run.json", none)) return;
  fs::remove_all(root_, none);
  fail(ExitCode::missing_input, "{}: there is no run: no run.json", text_);
}

RunPlace::~RunPlace() {
  std::error_code ignored;
  if (bucket_) fs::remove_all(root_, ignored);
}

void RunPlace::refresh() {
  if (bucket_) bucket_->pull(root_);
}

}  // namespace hens
