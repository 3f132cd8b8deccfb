// Files of analyses as a run reads them: decoded in a process of their own, one of the file's fields after the other.
#pragma once

#include "fuzz/target.h"
#include "source/isolated_file.h"

namespace hens::fuzz {

// Opens files in one process after the other: a new one for every 64 inputs (ecCodes takes a tenth of a second to
// start) and after each that ended its process.
class Opener {
 public:
  explicit Opener(FieldFormat format) : format_(format) {}

  template <typename Use>
  void with_file(const fs::path& path, const Use& use) {
    if (left_-- == 0) {
      open_ = isolated_opener(format_);
      left_ = 64;
    }
    value_or_error([&] {
      try {
        use(*open_(path, path.string()));
      } catch (const Error& error) {
        if (std::string_view(error.what()).find("ended without an answer") != std::string_view::npos) left_ = 0;
        throw;
      }
    });
  }

 private:
  FieldFormat format_;
  OpenFieldFile open_;
  int left_ = 0;
};

// Two channels at 2024-01-01T00 on a grid of 45 degrees, which the corpus has.
inline void read_fields(Opener& opener, const fs::path& path) {
  static const LatLonGrid grid = equiangular_grid(5, 8);
  static const std::vector<std::string> channels{"t2m", "z500"};
  opener.with_file(path, [&](FieldFile& file) {
    for (size_t k = 0; k < channels.size(); ++k) {
      FileUse use;
      const auto field = file.read({channels, k, parse_time("2024-01-01"), grid, 9.80665}, use);
      if (field && field->size() != grid.points()) std::abort();
    }
    file.content();
  });
}

}  // namespace hens::fuzz
