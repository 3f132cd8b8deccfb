// The one lock under which ecCodes is called, and the tables that it reads.
//
// ecCodes keeps process-wide state, and Debian's build has no locks. Its definitions are those of the library, or what
// ECCODES_DEFINITION_PATH names; before them stand the few that hens brings along for templates that ecCodes 2.28 does
// not know (large ensembles: share/hens/eccodes).
#pragma once

#include <eccodes.h>
#include <mutex>
#include <string>

#include "base/files.h"

namespace hens {

// share/hens/eccodes beside the program's folder (installed) or in it (a build tree); empty where it is neither.
inline fs::path eccodes_definitions() {
  std::error_code none;
  const fs::path program = fs::read_symlink("/proc/self/exe", none).parent_path();
  for (const fs::path& root : {program.parent_path(), program}) {
    fs::path folder = root / "share" / "hens" / "eccodes";
    if (fs::is_directory(folder, none)) return folder;
  }
  return {};
}

class EccodesLock {
 public:
  EccodesLock() : held_(mutex()) {
    static const bool told = [] {
      const char* theirs = codes_definition_path(nullptr);
      const fs::path ours = eccodes_definitions();
      // The library takes them apart at the first message, once.
      if (theirs != nullptr && !ours.empty()) {
        codes_context_set_definitions_path(nullptr, (ours.string() + ":" + theirs).c_str());
      }
      return true;
    }();
    (void)told;
  }

 private:
  static std::mutex& mutex() {
    static std::mutex mutex;
    return mutex;
  }
  std::lock_guard<std::mutex> held_;
};

}  // namespace hens
