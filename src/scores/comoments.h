// Weighted means and moments of two fields, summed point by point without cancellation (West 1979). A value type.
#pragma once

#include <cmath>

namespace hens {

class Comoments {
 public:
  void add(double weight, double x, double y) {
    if (!(weight > 0.0)) return;
    weight_ += weight;
    const double dx = x - mean_x_, dy = y - mean_y_, share = weight / weight_;
    mean_x_ += share * dx, mean_y_ += share * dy;
    xx_ += weight * dx * (x - mean_x_);
    yy_ += weight * dy * (y - mean_y_);
    xy_ += weight * dx * (y - mean_y_);
  }

  // Correlation of x and y about their own weighted means: of anomalies the centred anomaly correlation. NaN where one
  // of them does not vary.
  double correlation() const { return xy_ / std::sqrt(xx_ * yy_); }

 private:
  double weight_ = 0.0, mean_x_ = 0.0, mean_y_ = 0.0, xx_ = 0.0, yy_ = 0.0, xy_ = 0.0;
};

}  // namespace hens
