// The sums of all pairs of one forecast (a model, a length, an initial time), where its members are: in host memory or
// on a GPU. Both make the same integers from the same fields.
//
// Not thread-safe. On a GPU everything is ordered with the default stream; what returns values waits for it.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "statistics/pair.h"

namespace hens {

// Whose field it is, and of which step of a window.
struct FieldOf {
  int member = 0;               // its number in the ensemble
  int slot = 0;                 // its place in the batch
  int position = 0, count = 1;  // step `position` of a window of `count` steps
};

class Accumulator {
 public:
  virtual ~Accumulator() = default;

  // Adds a field [point] float32, memory of the accumulator's device, to a pair: at once, or, of a window, with its
  // last step. Requires fewer than most_members members since the pair was empty.
  virtual void add(int pair, const float* field, const FieldOf& of) = 0;

  // For each slot of a batch the lowest pair in which a value of its field was no forecast's (out of range, or no
  // number), -1 where all were; then forgets them. What was added of such a member has to be taken back by set().
  virtual std::vector<int> refused(int slots) = 0;

  // Copies the sums of a pair into `into`, whose memory is used again where it suffices. Any thread may call it while
  // no other is in the accumulator.
  virtual void copy(int pair, PairSums& into) = 0;
  virtual void set(int pair, const PairSums& sums) = 0;  // puts them in the place of what is there
  virtual void clear() = 0;                              // of no member, all pairs

  virtual const std::vector<PairPlan>& plan() const = 0;
  virtual size_t points() const = 0;

  PairSums sums(int pair) {
    PairSums sums;
    copy(pair, sums);
    return sums;
  }
};

// Thresholds that are fields: by their name in the plans, [threshold][point].
using ThresholdValues = std::map<std::string, std::vector<float>>;

std::unique_ptr<Accumulator> make_host_accumulator(std::vector<PairPlan> plan, size_t points,
                                                   ThresholdValues thresholds = {});

// On the current GPU. Throws Error{gpu} where its memory does not suffice, naming how much is wanted.
std::unique_ptr<Accumulator> make_cuda_accumulator(std::vector<PairPlan> plan, size_t points,
                                                   const ThresholdValues& thresholds = {});

// Whether a GPU is there whose code this program has.
bool cuda_accumulator_works();

// What the sums of one pair take on a GPU, or in host memory [bytes a point]; of a window, for each member of a batch.
int bytes_a_point(const PairPlan& plan);
inline constexpr int window_bytes_a_point = 8;
// What a GPU keeps beside them for values outside of histograms' windows [bytes a point].
inline constexpr int outlier_bytes_a_point = 16 * 12;

}  // namespace hens
