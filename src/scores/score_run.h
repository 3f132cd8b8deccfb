// The scores of a run: what is complete in its folder, or in several that share its work, against what came.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "net/download.h"
#include "run/manifest.h"
#include "scores/member_blocks.h"
#include "scores/score_entry.h"
#include "scores/truth.h"

namespace hens {

enum class ScoreFrom { automatic, members, statistics };  // automatic: members where they are stored

struct ScoreOptions {
  std::optional<TruthSpec> truth;         // none: no scores, only the index
  StateCheck check = StateCheck::strict;  // of the truth
  std::vector<RegionBox> regions;
  std::map<std::string, std::vector<Threshold>> thresholds;  // by variable, beside those of the spec
  std::vector<std::string> variables;                        // empty: all that the run has
  std::vector<Duration> leads;                               // empty: all
  ScoreFrom from = ScoreFrom::automatic;
  int steps = 0;            // the roll-out's length; 0: the longest
  std::string climatology;  // path of a netCDF; empty: none
  std::string climate;      // a run's folder or a netCDF of quantiles, for the extreme forecast index; empty: none
  fs::path output;          // where its maps go, efi.nc
  BlockLimits limits;
};

// What could not be scored, or not wholly.
struct ScoreNote {
  std::string variable;  // or empty: of all
  std::string what, why;
};

struct RunScores {
  Manifest run;                       // without members and attempts
  int length = 0;                     // index into forecast.steps
  int64_t planned = 0, complete = 0;  // members of this length
  std::vector<RegionBox> regions;
  std::vector<ScoreEntry> entries;  // by variable, lead, model (all together last), region
  std::vector<ScoreNote> notes;
  std::string truth, climatology, climate;  // as given
  std::vector<SourceRecord> truth_files, climatology_files, climate_files;
  std::optional<StoredFile> extremes;  // efi.nc
  std::vector<MissingTruth> missing;
};

// `folders` are of one job: one, or those of its shards; a member that is stored in several counts once. Throws
// Error{missing_input} where nothing is complete or no truth is there, {bad_spec} for a variable, lead or length that
// the run does not have, and for folders of several jobs, {bad_input} where truth or climatology cannot be held against
// the run, or two folders' statistics are of the same member.
RunScores score_run(const std::vector<fs::path>& folders, const ScoreOptions& options, Downloader& downloader,
                    Log& log);

}  // namespace hens
