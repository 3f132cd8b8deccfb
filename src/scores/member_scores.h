// The scores of one variable at one lead time from its members: of each model, and of all models together.
//
// Points are scored some at a time: a point's members are gathered and sorted model by model, then merged. What a point
// becomes depends on nothing but its members; sums go over the points in their order, so that bytes do not depend on
// threads, blocks or memory.
#pragma once

#include <vector>

#include "scores/member_blocks.h"
#include "scores/score_entry.h"

namespace hens {

// The members of one model at one initial time.
struct ModelFields {
  int model = 0;
  std::vector<int> members;         // their numbers
  std::vector<MemberField> fields;  // [member]
};

class MemberScores {
 public:
  // `models`: how many the run has; `climate`: whether anomalies are wanted.
  MemberScores(ScoreFrame frame, int models, bool climate);

  // All complete members of one initial time; models without any may be absent. Does nothing where there are none.
  void add_time(size_t time, const std::vector<ModelFields>& ensemble, const TruthFields& truth,
                const BlockLimits& limits);

  // By model, then of all together where there are several; by region. Ensembles that never came are left out.
  std::vector<ScoreEntry> entries() const;

 private:
  struct Ensemble {
    std::optional<int> model;
    std::vector<ScoreSums> sums;  // [region]
    std::vector<size_t> times;
    int64_t least = 0, most = 0;
    std::vector<std::vector<BestMemberEntry>> best;  // [region]
  };
  // One of the ensembles at the initial time at hand: a range of its fields.
  struct Slice {
    size_t ensemble = 0, first = 0, count = 0;
  };
  struct Chunk;

  std::vector<Slice> slices_of(const std::vector<ModelFields>& ensemble) const;
  void add_block(const MemberBlock& block, const std::vector<Slice>& slices, size_t members, const TruthFields& truth);
  void score_chunk(const MemberBlock& block, size_t members, const TruthFields& truth, Chunk& chunk) const;
  void add_chunk(const Chunk& chunk, const TruthFields& truth);
  void add_squares(const MemberBlock& block, size_t members, const TruthFields& truth,
                   std::vector<std::vector<double>>& squares) const;
  void end_time(size_t time, const std::vector<Slice>& slices, const std::vector<ModelFields>& ensemble,
                const std::vector<std::vector<double>>& squares);

  ScoreFrame frame_;
  bool climate_ = false;
  std::vector<Ensemble> ensembles_;  // [model], then all where there are several
};

}  // namespace hens
