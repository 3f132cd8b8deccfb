// The parts of a run's statistics: which of the files in statistics/ are the run's own and whole, and which members
// they hold. Of parts that have members in common those count that together hold the most; the others are superseded,
// as a process leaves one that was stopped between publishing a part and removing the one before it.
//
// Reads headers and tables, no sums. A value: what it tells is of when it was made. Its readers keep files open.
#pragma once

#include <compare>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "run/manifest.h"
#include "statistics/merge.h"

namespace hens {

inline constexpr const char* parts_folder = "statistics";  // in the run's folder

// A model, length and initial time of a job, and a region: what sums are kept of.
struct Forecast {
  int length = 0, model = 0, time = 0;
  std::string region;  // "": all of the globe
  auto operator<=>(const Forecast&) const = default;
};
inline Forecast forecast_of(const MemberId& task, const std::string& region) {
  return {task.length, task.model, task.time, region};
}

struct UnusableFile {
  fs::path path;    // relative to the run's folder
  std::string why;  // a sentence
};

class RunParts {
 public:
  // Where `full`, every byte of each part is read against its checksum. A job without statistics has no parts.
  RunParts(const fs::path& root, const RunIdentity& run, bool full = false);

  const MemberSet& members(const Forecast& forecast) const;
  // Whether the member is in a part of each of the job's regions.
  bool contains(const MemberId& task) const;
  // A part that holds the member, where it is in all that it should be in; else null.
  const PartReader* part_of(const MemberId& task) const;
  std::vector<const PartReader*> parts(const Forecast& forecast) const;
  size_t count() const;  // of parts that count

  const std::vector<UnusableFile>& damaged() const { return damaged_; }  // and such as are of another run
  const std::vector<fs::path>& superseded() const { return superseded_; }

 private:
  struct Held {
    std::vector<const PartReader*> parts;
    MemberSet members;
  };
  void add(const fs::path& path, const RunIdentity& run, bool full);

  std::vector<std::unique_ptr<PartReader>> readers_;
  std::vector<std::string> regions_;
  std::map<Forecast, Held> held_;
  std::vector<UnusableFile> damaged_;
  std::vector<fs::path> superseded_;
};

// Which members of the plan are complete: [number]. Each has a marker, where members are stored, and is in a part,
// where statistics are kept.
std::vector<bool> complete_members(const fs::path& root, const RunIdentity& run, const WorkPlan& plan);

// The entries of members of which only statistics are kept, by their numbers, from the parts that hold them; pending
// ones where none does. Times are those of attempts, shared out evenly.
std::vector<MemberEntry> part_entries(const fs::path& root, const Manifest& manifest, const WorkPlan& plan,
                                      const std::vector<size_t>& numbers);

// What a part of this run says of itself, but for members and times.
PartHeader part_header(const RunIdentity& run, const Forecast& forecast);

// Whose parts they are that a process makes.
struct PartsTarget {
  fs::path root;  // the run's folder
  RunIdentity run;
  int attempt = 0;
};

}  // namespace hens
