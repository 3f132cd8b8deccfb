// Ensemble statistics of the 10 m wind at each grid point, from members that come one at a time, so that a thousand of
// them need no more memory than one. Not thread-safe.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace hens {

// All [lat, lon], m s-1.
struct WindStatistics {
  int members = 0;
  std::vector<float> mean_u, mean_v;  // mean wind, eastward and northward
  std::vector<float> mean_speed;      // mean over members of their speeds
  std::vector<float> spread;          // sample standard deviation (n - 1) of the speed; 0 for one member
};

class WindAccumulator {
 public:
  explicit WindAccumulator(size_t points);

  // Adds one member: u and v [lat, lon]. Throws Error{not_finite} naming `origin` and leaves the sums as they were
  // where a value is not finite.
  void add(std::span<const float> u, std::span<const float> v, const std::string& origin);

  int members() const noexcept { return members_; }

  // Requires at least one member.
  WindStatistics statistics() const;

 private:
  int members_ = 0;
  // Running means, and the sum of squared deviations of the speed (Welford, Technometrics 4, 1962): no cancellation.
  std::vector<double> u_, v_, speed_, squares_;
};

// Area mean of a field on rows at `lat`, weighted by the cosine of latitude.
double area_mean(std::span<const float> field, std::span<const double> lat);

}  // namespace hens
