// Holds a run's folder against what has to be in it: every file of every member by its marker's checksum, metadata and
// coordinates by the bytes that the layout prescribes, and nothing else beside them. Changes nothing. Thread-safe;
// works on several threads.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "run/marker.h"
#include "store/store.h"

namespace hens {

// What a run has to hold. Paths are relative to the run's folder.
struct ExpectedStore {
  fs::path folder;
  const Store* store = nullptr;
};
struct ExpectedMember {
  fs::path marker;
  std::vector<fs::path> files;  // its files in all stores
  std::string failure;          // why it is not there, where an attempt gave it up; else empty
};
// Members have numbers, not a list: there may be millions of them.
struct ExpectedRun {
  std::vector<ExpectedStore> stores;
  std::vector<fs::path> folders;  // beside stores and markers: in these, too, every file has to be known ...
  std::function<bool(const fs::path&)> is_known = [](const fs::path&) { return false; };  // ... by this
  size_t members = 0;                                                                     // how many
  std::function<ExpectedMember(size_t)> member;                        // by number from 0; called from several threads
  std::function<std::optional<size_t>(std::string_view)> find_marker;  // the member with a marker of this file name
  std::vector<bool> marked;  // [number]: whether it has a marker, as a listing tells
  // Where members' files are not in the folder: how one is looked at, and all that there is. Called from several
  // threads.
  std::function<FileState(const StoredFile&, bool full)> check = {};
  std::function<void(const std::function<void(const fs::path&)>& use)> for_each_path = {};
};

// So many members without a marker are named one by one; those beyond are one finding, which counts them.
inline constexpr size_t most_missing_members = 1000;

struct Finding {
  fs::path path;       // relative to the run's folder
  std::string state;   // missing | corrupt | extra
  std::string detail;  // a sentence
  bool operator==(const Finding&) const = default;
};

// Everything that is not as it has to be, by path. A member without marker is one finding (its marker is missing), not
// also its files. Extra is what belongs to nothing in the stores and beside the markers, and temporary files anywhere,
// as an interrupted process leaves them (or one that still runs). Where not `full`, of members' files only the sizes
// are looked at. Requires threads >= 1. Throws Error{io} where something cannot be read.
std::vector<Finding> verify_run(const fs::path& root, const ExpectedRun& expected, bool full = true, int threads = 2);

}  // namespace hens
