#include "scores/climatology.h"

#include "base/error.h"
#include "source/isolated_file.h"

namespace hens {

Climatology::Climatology(const std::string& path, double gravity) : path_(path), gravity_(gravity) {
  const fs::path file = fs::absolute(path);
  check_regular_file(file);
  sha256_ = sha256_file(file);
  file_ = isolated_opener(FieldFormat::climatology)(file, path);
}

std::vector<float> Climatology::field(const std::string& variable, Time time, const LatLonGrid& grid) {
  const std::vector<std::string> channels{variable};
  auto values = file_->read({channels, 0, time, grid, gravity_}, use_);
  if (!values) {
    fail(ExitCode::bad_input, "--climatology {}: has no {}: there are {}; name others by --variables, or leave it out",
         path_, variable, file_->content());
  }
  State state{grid, channels, time, std::move(*values)};
  check_state(state, "--climatology " + path_, StateCheck::finite);
  return std::move(state.values);
}

std::vector<SourceRecord> Climatology::records() const {
  std::error_code none;
  return {{path_, static_cast<uint64_t>(fs::file_size(path_, none)), sha256_, {"the whole file"}}};
}

}  // namespace hens
