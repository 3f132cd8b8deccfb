// Where among its members an ensemble has the truth: the rank histogram. A value type; pure.
//
// The rank of the truth is the number of members below it, 0 to M. Where members equal it, each rank from the number of
// members below it to that of members not above it is as likely: `expected` has the exact expectation, `upper` takes
// the last of them. Points are counted, not weighted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace hens {

class RankHistogram {
 public:
  explicit RankHistogram(int64_t members = 0);

  void add(int64_t below, int64_t at_most);  // requires 0 <= below <= at_most <= members
  void add(const RankHistogram& other);      // requires the same number of members

  int64_t members() const { return static_cast<int64_t>(expected_.size()) - 1; }
  int64_t points() const { return points_; }
  const std::vector<double>& expected() const { return expected_; }  // [members + 1]
  const std::vector<int64_t>& upper() const { return upper_; }       // [members + 1]
  // `expected` as shares in at most `most` classes of equal width between 0 and 1: rank k is [k, k + 1] / (M + 1), what
  // lies in two classes counts in both by its width.
  std::vector<double> classes(size_t most) const;

 private:
  std::vector<double> expected_;
  std::vector<int64_t> upper_;
  int64_t points_ = 0;
};

}  // namespace hens
